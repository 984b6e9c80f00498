/** Words that mark roundabout English in comments and test names. */

import ts from 'typescript';

/** Each has a plain alternative: *no one* becomes a subject, *told* becomes *notified* or *reported*, *anew* becomes *again*. */
const MARKERS =
  /\b(?:nobody|somebody|anybody|whoever|whom|none|anew|besides|told|heed|heeds|heeded|thereof|therein|thereby|whence|wherein|hence|lest|likewise)\b/gi;

export interface WordCount {
  readonly words: number;
  /** `path:line word` of each marker. */
  readonly markers: readonly string[];
}

/** Counts the words of a file's comments and of the names of its tests. */
export function countWords(path: string, text: string): WordCount {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const markers: string[] = [];
  let words = 0;
  for (const { start, prose } of proseOf(file, text)) {
    words += prose.match(/[\p{L}\d]+/gu)?.length ?? 0;
    for (const { 0: marker, index } of prose.matchAll(MARKERS)) {
      // `@default none` is a value.
      if (/@default\s+$/.test(prose.slice(0, index))) continue;
      markers.push(`${path}:${file.getLineAndCharacterOfPosition(start + index).line + 1} ${marker}`);
    }
  }
  return { words, markers };
}

interface Prose {
  readonly start: number;
  readonly prose: string;
}

function proseOf(file: ts.SourceFile, text: string): Prose[] {
  const found = new Map<number, Prose>();
  const add = (start: number, end: number): void => void found.set(start, { start, prose: text.slice(start, end) });
  const visit = (node: ts.Node): void => {
    const leading = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
    for (const { pos, end } of [...leading, ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? [])]) add(pos, end);
    if (ts.isCallExpression(node) && isTest(node.expression)) {
      const [name] = node.arguments;
      if (name && ts.isStringLiteralLike(name)) add(name.getStart(), name.getEnd());
    }
    for (const child of node.getChildren()) visit(child);
  };
  visit(file);
  return [...found.values()];
}

/** `test(…)`, `describe(…)`, `test.each(…)(…)`. */
function isTest(called: ts.Expression): boolean {
  return /^(?:test|it|describe)\b/.test(called.getText());
}
