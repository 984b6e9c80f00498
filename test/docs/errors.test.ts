/** `docs/errors.md` lists the codes of all errors and warnings, and no others. Errors of one copy of the package are known to another. */

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import type * as errors from '../../src/domain/errors.ts';
import * as publicNames from '../../src/index.ts';

const { ConfigError, RolloutError, UpstreamTimeoutError } = publicNames;

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
const [errorsPart = '', warningsPart = ''] =
  page.split(/^## Errors$|^## Exit codes/m)[1]?.split(/^## Warnings$/m) ?? [];
const source = new Map(
  globSync('src/**/*.ts', { cwd: root }).map((path) => [path, readFileSync(join(root, path), 'utf8')]),
);

/** The first cells of the rows of a table, without its head. */
const rowsOf = (part: string): string[][] =>
  [...part.matchAll(/^\| `.*$/gm)].map(([row]) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );

test('every error of the source has a line, and every line an error', () => {
  const classes = [...source.values()].flatMap((text) => [
    ...text.matchAll(/^export class (\w+) extends Sdk[^]*?^  (?:override )?readonly code = '(\w+)'/gm),
  ]);
  const listed = rowsOf(errorsPart).map(([code = '', name = '']) => `${code} ${name}`);
  expect(listed.length).toBeGreaterThan(9);
  expect(new Set(listed)).toEqual(new Set(classes.map(([, name = '', code = '']) => `${code} ${name}`)));
});

test('every public error has a code of its own', () => {
  const found = Object.entries(publicNames).filter(
    ([name, value]) =>
      name.endsWith('Error') && typeof value === 'function' && value.prototype instanceof OpenAI.OpenAIError,
  );
  const listed = rowsOf(errorsPart).map(([, name = '']) => name);
  expect(new Set(found.map(([name]) => name))).toEqual(new Set(listed));
});

test('every warning of the source has a line, and every line a warning that is given', () => {
  const events = source.get('src/domain/events.ts') ?? '';
  const union = /interface WarningEvent \{\s+readonly code:([^;]+);/.exec(events)?.[1] ?? '';
  const codes = [...union.matchAll(/'(\w+)'/g)].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(9);
  expect(new Set(rowsOf(warningsPart).map(([code]) => code))).toEqual(new Set(codes));
  const others = [...source].filter(([path]) => path !== 'src/domain/events.ts');
  const givers = others.map(([, text]) => text).join('\n');
  expect(codes.filter((code) => !new RegExp(`(code: |#warn\\(\\s*)'${code}'`).test(givers))).toEqual([]);
});

test('every line says what it means and what to do', () => {
  for (const cells of [...rowsOf(errorsPart), ...rowsOf(warningsPart)]) {
    for (const cell of cells.slice(-2)) expect(cell).toMatch(/^[A-Z`].{9,}\.$/);
  }
});

test('an error of another copy of the package is an instance of the same class, and of no other', async () => {
  // The query makes it another module, as the CommonJS copy is one.
  const copy = (await import(`${join(root, 'src/domain/errors.ts')}?copy`)) as typeof errors;
  expect(copy.ConfigError).not.toBe(ConfigError);
  const error: unknown = new copy.ConfigError('canary.weights', 'should be an object');
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).not.toBeInstanceOf(RolloutError);
  expect(new copy.UpstreamTimeoutError('idle', 5)).toBeInstanceOf(UpstreamTimeoutError);
  expect({ code: 'CONFIG' }).not.toBeInstanceOf(ConfigError);
});

test('subclasses of our errors keep the ordinary rule of instanceof', () => {
  class OwnError extends ConfigError {}
  expect(new ConfigError('a', 'b')).not.toBeInstanceOf(OwnError);
  expect(new OwnError('a', 'b')).toBeInstanceOf(ConfigError);
  expect(new OwnError('a', 'b')).toBeInstanceOf(OwnError);
});
