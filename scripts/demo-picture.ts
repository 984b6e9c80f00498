/**
 * Runs `openai-canary demo` and writes what it prints as `docs/demo.svg`, the picture of the README. Run: npm run picture
 */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(import.meta.dirname, '..');

/** Longer lines are wrapped. */
const COLUMNS = 104;
const [CHARACTER_WIDTH, LINE_HEIGHT, PADDING] = [8.43, 20, 20];

/** The first colour whose pattern a line matches. */
const COLOURS = [
  [/^\$/, '#8b949e'],
  [/ROLLBACK|starts to fail/, '#ff7b72'],
  [/^ *✓|the canary gets 2?\d+ %/, '#7ee787'],
  [/^ *✗/, '#ff7b72'],
  [/^(upstream|at the rollback) /, '#8b949e'],
] as const;

/** The picture of a terminal with these lines. Lines of progress, which have a bar, are left out. */
export function pictureOf(printed: string): string {
  const lines = ['$ npx openai-canary demo', ...printed.trimEnd().split('\n')]
    .filter((line) => !line.includes(' | '))
    .flatMap((line) => wrapped(line).map((part) => ({ part, colour: colourOf(line) })));
  const width = Math.ceil(COLUMNS * CHARACTER_WIDTH + 2 * PADDING);
  const height = lines.length * LINE_HEIGHT + 2 * PADDING;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Output of openai-canary demo">`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">`,
    ...lines.map(({ part, colour }, index) => {
      const y = PADDING + (index + 0.75) * LINE_HEIGHT;
      return `<text x="${PADDING}" y="${y}" fill="${colour}" xml:space="preserve">${escaped(part)}</text>`;
    }),
    '</g>',
    '</svg>',
  ].join('\n')}\n`;
}

function colourOf(line: string): string {
  return COLOURS.find(([pattern]) => pattern.test(line))?.[1] ?? '#e6edf3';
}

/** Breaks at spaces, and indents what follows. */
function wrapped(line: string): string[] {
  if (line.length <= COLUMNS) return [line];
  const end = line.lastIndexOf(' ', COLUMNS);
  const indent = /^ *[\d.]+ s {2}/.exec(line)?.[0].length ?? 2;
  return [line.slice(0, end), ...wrapped(' '.repeat(indent) + line.slice(end + 1))];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const printed = execFileSync(process.execPath, [join(root, 'src/cli/index.ts'), 'demo'], { encoding: 'utf8' });
  writeFileSync(join(root, 'docs/demo.svg'), pictureOf(printed));
}
