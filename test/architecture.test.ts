/** Checks the architecture of the source: imports only look down, pure files stay pure, one idea per file. */

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as rules from './architecture/rules.ts';
import { sourceFacts } from './architecture/source-facts.ts';
import { countWords } from './architecture/words.ts';

/** Files that may exceed the length limit, with reasons. */
const EXCUSED_LENGTHS: Readonly<Record<string, string>> = {
  'domain/errors.ts': 'all errors that users can import',
  'prometheus/metrics.ts': 'the table of all metrics',
  'runtime/control.ts': 'all that `client.canary` offers, with its documentation',
  'upstream/stream/stream-guard.ts': 'one state machine: what a stream has said, and how it ends',
};

/** Small files with one importer that are not splinters, with reasons. */
const EXCUSED_SPLINTERS: Readonly<Record<string, string>> = {
  'dashboard/built-page.ts': 'the build of the package replaces it by the page',
  'stats/growth.ts': 'a formula with its own source',
  'stats/log-gamma.ts': 'a formula with a source of its own',
  'stats/reserve.ts': 'a formula with a source of its own',
  'testing/answers/responses.ts': 'one file per endpoint',
};

const PACKAGES_BEHIND_ONE_FILE = [
  'opossum',
  'p-retry',
  'eventemitter3',
  '@pydantic/genai-prices',
  '@cfworker/json-schema',
  'lru-cache',
];

const root = join(import.meta.dirname, '../src');
const source = globSync('**/*.ts', { cwd: root }).map((path) =>
  sourceFacts(path, readFileSync(join(root, path), 'utf8')),
);

/** Made-up files: `{ 'domain/a.ts': "import '../call/b.ts'" }`. */
const made = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, text]) => sourceFacts(path, text));

describe('the source', () => {
  test('is found', () => {
    expect(source.map(({ path }) => path)).toContain('domain/call.ts');
  });

  test.each([
    ['imports only what the table of levels allows', rules.levels],
    ['has no import cycles, types included', rules.acyclic],
    ['has no barrels below the entry points, and named exports only', rules.noBarrels],
    ['imports only public names of the SDK', rules.sdkImports],
    ['has no clock, randomness, timers or promises in pure files', rules.purity],
    ['has no variables at module level', rules.noModuleVariables],
    [`has at most ${rules.MAX_ROOT_FILES} files directly in src/`, rules.rootFiles],
    [`has no file over ${rules.MAX_LINES} lines without a reason`, rules.fileLength(EXCUSED_LENGTHS)],
    [`has no splinter under ${rules.MIN_CODE_LINES} lines without a reason`, rules.splinters(EXCUSED_SPLINTERS)],
  ])('%s', (_name, rule) => {
    expect(rule(source)).toEqual([]);
  });

  test.each(PACKAGES_BEHIND_ONE_FILE)('imports %s in exactly one file', (name) => {
    expect(rules.importersOf(source, name)).toHaveLength(1);
  });
});

describe('the map in src/README.md', () => {
  const map = readFileSync(join(root, 'README.md'), 'utf8');
  const steps = [...map.matchAll(/^\d\. `([^`]+)`, `([^`]+)`:/gm)].map(([, path = '', name = '']) => ({ path, name }));

  test('follows a call through nine files', () => {
    expect(steps).toHaveLength(9);
  });

  test.each(steps)('$path has $name', ({ path, name }) => {
    const text = readFileSync(join(root, path), 'utf8');
    expect(text).toMatch(
      new RegExp(`^(?:export )?(?:async )?(?:function|class) ${name}\\b|^ +override ${name}[<(]`, 'm'),
    );
  });

  test('names every part of src/', () => {
    const parts = new Set(source.map(({ path }) => path.split('/')[0] ?? ''));
    const unnamed = [...parts].filter((part) => !map.includes(part.endsWith('.ts') ? `\`${part}\`` : `\`${part}/\``));
    expect(unnamed).toEqual([]);
  });

  test('names only files and folders that exist', () => {
    const named = [...map.matchAll(/`([\w-]+(?:\/[\w-]+)*(?:\.ts|\/))`/g)].map(([, path = '']) => path);
    const missing = named.filter((path) => !existsSync(join(root, path)) && !existsSync(join(root, '..', path)));
    // `stream/` and the like stand for folders of their row's part; the shape of a feature folder has no path.
    expect(missing.filter((path) => !['sdk/', 'stream/', 'limits/', 'control.ts'].includes(path))).toEqual([]);
  });
});

describe('the English', () => {
  const texts = ['src', 'test', 'bench', 'examples'].flatMap((folder) =>
    globSync('**/*.ts', { cwd: join(root, '..', folder) }).map((path) => join(folder, path)),
  );
  const counts = texts.map((path) => countWords(path, readFileSync(join(root, '..', path), 'utf8')));

  test('of comments and test names has at most 2 marker words in 1,000', () => {
    const words = counts.reduce((sum, count) => sum + count.words, 0);
    const markers = counts.flatMap((count) => count.markers);
    expect(words).toBeGreaterThan(50_000);
    expect(markers.length / words > 0.002 ? markers : []).toEqual([]);
  });

  test.each([
    ['// Nobody waits.', 1],
    ['/** Told anew. */ const a = 1;', 2],
    ["test('whoever asks', () => {});", 1],
    ["test.each([1])('none of %i', () => {});", 1],
    ['/** @default none */', 0],
    ["const nobody = 'nobody';", 0],
  ])('of %s has %i marker words', (text, markers) => {
    expect(countWords('a.ts', text).markers).toHaveLength(markers);
  });
});

describe('the rule of levels', () => {
  test.each([
    ['domain/a.ts', './b.ts'],
    ['routing/a.ts', '../domain/b.ts'],
    ['rollout/a.ts', '../stats/b.ts'],
    ['rollout/controller.ts', '../upstream/b.ts'],
    ['pricing/a.ts', '@pydantic/genai-prices'],
    ['upstream/a.ts', 'openai'],
    ['upstream/sdk/a.ts', '../stream/b.ts'],
    ['call/a.ts', '../routing/b.ts'],
    ['shadow/a.ts', '../call/b.ts'],
    ['options.ts', './shadow/options.ts'],
    ['client.ts', './runtime/engine.ts'],
    ['testing/a.ts', '../index.ts'],
    ['testing/provider/a.ts', '../../domain/b.ts'],
    ['analysis/index.ts', '../stats/b.ts'],
    ['cli/a.ts', '../gateway/index.ts'],
  ])('lets %s import %s', (path, specifier) => {
    expect(rules.levels(made({ [path]: `import type { B } from '${specifier}';` }))).toEqual([]);
  });

  test.each([
    ['domain/a.ts', '../time/b.ts'],
    ['domain/a.ts', '../routing/b.ts'],
    ['metrics/a.ts', 'node:crypto'],
    ['routing/a.ts', '../upstream/b.ts'],
    ['routing/a.ts', '../options.ts'],
    ['metrics/a.ts', 'openai'],
    ['routing/a.ts', '@pydantic/genai-prices'],
    ['upstream/a.ts', '../budgets/b.ts'],
    ['upstream/a.ts', 'eventemitter3'],
    ['upstream/a.ts', '../call/b.ts'],
    ['call/a.ts', '../shadow/b.ts'],
    ['call/a.ts', '../alerts/b.ts'],
    ['rollout/a.ts', '../shadow/b.ts'],
    ['client.ts', 'p-retry'],
    ['client.ts', './testing/index.ts'],
    ['testing/a.ts', '../client.ts'],
    ['testing/a.ts', '../redis/index.ts'],
    ['analysis/index.ts', '../index.ts'],
    ['elsewhere/a.ts', '../domain/b.ts'],
    ['client.ts', '../package.json'],
  ])('does not let %s import %s', (path, specifier) => {
    expect(rules.levels(made({ [path]: `import type { B } from '${specifier}';` }))).toHaveLength(1);
  });

  test.each([
    "import { b } from '../call/b.ts';",
    "import type { B } from '../call/b.ts';",
    "import '../call/b.ts';",
    "export { b } from '../call/b.ts';",
    "export type * from '../call/b.ts';",
    "const b = () => import('../call/b.ts');",
    "type B = import('../call/b.ts').B;",
  ])('sees %s', (text) => {
    expect(rules.levels(made({ 'domain/a.ts': text }))).toEqual(['domain/a.ts (level 1) may not import call/b.ts']);
  });

  test('does not see an import in a comment or a string', () => {
    const text = `// import '../call/b.ts'\nexport const a = "import '../call/b.ts'";`;
    expect(rules.levels(made({ 'domain/a.ts': text }))).toEqual([]);
  });
});

describe('the other rules', () => {
  test('names a cycle by its files, even if only types close it', () => {
    const files = made({
      'domain/a.ts': "import type { B } from './b.ts';",
      'domain/b.ts': "import { c } from './c.ts';",
      'domain/c.ts': "export type { A } from './a.ts'; export const c = 1;",
      'domain/d.ts': "import { c } from './c.ts';",
    });
    expect(rules.acyclic(files)).toEqual(['domain/a.ts → domain/b.ts → domain/c.ts → domain/a.ts']);
  });

  test('two import paths to one file are not a cycle', () => {
    const files = made({
      'domain/a.ts': "import './b.ts'; import './c.ts';",
      'domain/b.ts': "import './d.ts';",
      'domain/c.ts': "import './d.ts';",
      'domain/d.ts': '',
    });
    expect(rules.acyclic(files)).toEqual([]);
  });

  test.each([
    ['routing/index.ts', 'export const a = 1;', 1],
    ['routing/all.ts', "export { a } from './a.ts';", 1],
    ['routing/a.ts', "export { b } from './b.ts';\nexport const a = 1;", 0],
    ['index.ts', "export { a } from './routing/a.ts';", 0],
    ['testing/index.ts', "export { a } from './a.ts';", 0],
    ['testing/provider/index.ts', "export { a } from './a.ts';", 1],
    ['index.ts', "export * from './client.ts';", 1],
  ])('%s with %j breaks the rule on barrels %i times', (path, text, times) => {
    expect(rules.noBarrels(made({ [path]: text }))).toHaveLength(times);
  });

  test.each([
    ["import { OpenAI } from 'openai';", 0],
    ["import type OpenAI from 'openai';", 0],
    ["import OpenAI from 'openai';", 1],
    ["import { default as OpenAI } from 'openai';", 1],
    ["import { Stream } from 'openai/core/streaming';", 0],
    ["import { b } from 'openai/internal/parse';", 1],
    ["import { b } from 'openai/client.js';", 1],
  ])('%s breaks the rule on the SDK %i times', (text, times) => {
    expect(rules.sdkImports(made({ 'upstream/a.ts': text }))).toHaveLength(times);
  });

  test.each([
    'const a = Date.now();',
    'const a = new Date();',
    'const a = Math.random();',
    'setTimeout(f, 1);',
    'const a = performance.now();',
    'const a = async () => 1;',
    'for await (const a of b) f(a);',
    'const a = process.env;',
    "import type { Clock } from '../time/clock.ts';",
  ])('%s is not pure', (text) => {
    expect(rules.purity(made({ 'routing/a.ts': text }))).not.toEqual([]);
    expect(rules.purity(made({ 'upstream/a.ts': text }))).toEqual([]);
  });

  test.each([
    'const a = new Date(nowMs);',
    'const a = Math.floor(b.random());',
    '// await Date.now()',
    'interface A { setTimeout(f: () => void): void; readonly process: string }',
    'const a = { fetch: 1 };',
  ])('%s is pure', (text) => {
    expect(rules.purity(made({ 'routing/a.ts': text }))).toEqual([]);
  });

  test.each([
    ['let a = 1;', 1],
    ['export var a = 1, b = 2;', 2],
    ['const a = () => { let b = 1; return b; };', 0],
  ])('%s has %i module variables', (text, count) => {
    expect(rules.noModuleVariables(made({ 'client.ts': text }))).toHaveLength(count);
  });

  test('a file over the limit needs an excuse, and an excuse needs a file over the limit', () => {
    const files = made({
      'a.ts': '\n'.repeat(rules.MAX_LINES),
      'b.ts': '//\n'.repeat(rules.MAX_LINES + 1),
      'c.ts': '',
    });
    expect(rules.fileLength({})(files)).toEqual([
      `b.ts has ${rules.MAX_LINES + 1} lines, more than ${rules.MAX_LINES}`,
    ]);
    expect(rules.fileLength({ 'b.ts': 'a table' })(files)).toEqual([]);
    expect(rules.fileLength({ 'b.ts': 'a table', 'c.ts': 'old' })(files)).toEqual(['c.ts needs no excuse']);
  });

  test('a small file with one importer in its own folder is a splinter', () => {
    const files = made({
      'call/a.ts': "import './b.ts';",
      'call/b.ts': 'export const b = 1;',
      'call/c.ts': "import './d.ts';",
      'call/d.ts': 'f();\n'.repeat(rules.MIN_CODE_LINES),
      'runtime/e.ts': "import '../call/f.ts';",
      'call/f.ts': '// A comment is no code.\n'.repeat(rules.MIN_CODE_LINES),
    });
    expect(rules.splinters({})(files)).toEqual(['call/b.ts is a splinter of its only importer']);
    expect(rules.splinters({ 'call/b.ts': 'a table' })(files)).toEqual([]);
    expect(rules.splinters({ 'call/b.ts': 'a table', 'call/d.ts': 'old' })(files)).toEqual([
      'call/d.ts needs no excuse',
    ]);
  });

  test('too many files directly in src/ are counted', () => {
    const files = Array.from({ length: rules.MAX_ROOT_FILES + 1 }, (_, index) => [`${index}.ts`, ''] as const);
    expect(rules.rootFiles(made(Object.fromEntries(files)))).toEqual(['13 files stand directly in src/']);
    expect(rules.rootFiles(made(Object.fromEntries(files.slice(1))))).toEqual([]);
  });

  test('the importers of a package are found by deep imports and types too', () => {
    const files = made({
      'a.ts': "import type { A } from '@x/y/deep';",
      'b.ts': "import { b } from '@x/z';",
      'c.ts': "export { c } from '@x/y';",
    });
    expect(rules.importersOf(files, '@x/y')).toEqual(['a.ts', 'c.ts']);
  });
});
