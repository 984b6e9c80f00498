/** Extracts the text of an answer or of a chunk. */

import type { ChaosSurface, PlannedCall } from './plan.ts';

export function textOf(surface: ChaosSurface, value: unknown): string {
  const { choices, output_text: outputText, type, delta } = fields(value);
  if (surface === 'responses') {
    if (type === 'response.output_text.delta') return string(delta);
    return string(outputText) || (type === undefined ? outputTextOf(value) : '');
  }
  const [choice] = Array.isArray(choices) ? choices : [];
  const { text, message, delta: change } = fields(choice);
  return string(text) + string(fields(message).content) + string(fields(change).content);
}

/** Extracts the text of a raw body: JSON or server-sent events. */
export function rawTextOf({ surface, stream }: PlannedCall, body: string): string {
  if (!stream) return textOf(surface, parsed(body));
  const data = body.split('\n').filter((line) => line.startsWith('data: '));
  return data.map((line) => textOf(surface, parsed(line.slice(6)))).join('');
}

/** Joins the text parts of a raw body. The SDK adds `output_text`; a raw body does not have it. */
function outputTextOf(value: unknown): string {
  const { output } = fields(value);
  const items = Array.isArray(output) ? output.flatMap((item) => fields(item).content) : [];
  return items.map((part) => string(fields(part).text)).join('');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
