/** Whether two names mean one model. */

/** `gpt-4.1` is `gpt-4.1-2025-04-14` and `openai/gpt-4.1:free`, and is not `gpt-4.1-mini`. */
export function isSameModel(asked: string, named: string): boolean {
  return bareName(asked) === bareName(named);
}

/** Without vendor and variant, and without the marks of a version or a date. */
function bareName(model: string): string {
  const [name = ''] = model.toLowerCase().split('/').at(-1)?.split(/[:@]/) ?? [];
  return name.replace(VERSION, '').replaceAll('.', '-');
}

/** `-2025-04-14`, `-20250414`, `-0613`, `-001`, `-latest`, `-preview-05-20`. */
const VERSION = /(?:-(?:preview|exp|latest|\d{4}-\d{2}-\d{2}|\d{2}-\d{2,4}|\d{8}|\d{6}|\d{3,4}))+$/;
