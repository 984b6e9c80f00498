/** The picture of the README: what `openai-canary demo` printed, as an image. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pictureOf } from '../../scripts/demo-picture.ts';

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text = '']) => text);

test('long lines are wrapped, lines of progress are left out, and characters of XML are escaped', () => {
  const svg = pictureOf(`  0.0 s  a < b & c\n  0.5 s  1 served | step 1\n  1.0 s  ${'word '.repeat(30)}end\n`);
  const [command, escaped, first, second, ...rest] = textsOf(svg);
  expect([command, escaped, rest]).toEqual(['$ npx openai-canary demo', '  0.0 s  a &lt; b &amp; c', []]);
  expect(first?.length).toBeLessThanOrEqual(104);
  expect(second).toMatch(/^ {9}word .*word end$/);
  // Every line has its height.
  expect(svg).toMatch(/viewBox="0 0 \d+ 120"/);
});

test('the committed picture shows a rollout, its rollback and promises that were kept', () => {
  const root = join(import.meta.dirname, '../..');
  const text = textsOf(readFileSync(join(root, 'docs/demo.svg'), 'utf8')).join('\n');
  expect(text).toMatch(/the canary gets 25 % of the users/);
  expect(text).toMatch(/ROLLBACK of deepseek/);
  expect(text.match(/^✓/gm)).toHaveLength(6);
  expect(text).not.toContain('✗');
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('](docs/demo.svg)');
});
