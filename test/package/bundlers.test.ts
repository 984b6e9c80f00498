/**
 * The packed package inside of an application's own bundle, and beside a mock of the SDK. tsup installs esbuild, and vitest rolldown: they are no
 * dependencies of their own.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';
import { expect, inject, test } from 'vitest';

const { directory } = inject('consumers')[0]!;

/** Makes a call that is routed, prints the answer, and prints whether the answer of its copy matches the schema, for which a library is loaded. */
const APPLICATION = `
  import { CanaryClient, route } from 'openai-canary';
  const fetch = async () => Response.json({ choices: [{ index: 0, message: { content: '{"a": 1}' }, finish_reason: 'stop' }] });
  const upstreams = { next: { model: 'next' }, copied: { model: 'copied' } };
  const canary = { logger: { warn() {} }, upstreams, weights: { next: 1 }, shadow: { upstream: 'copied', share: 1 } };
  const ai = new CanaryClient({ apiKey: 'k', fetch, canary });
  ai.canary.on('shadow', ({ comparison }) => {
    console.log('schema', comparison.aspects.schema);
    void ai.canary.close();
  });
  const response_format = { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object', required: ['a'] } } };
  ai.chat.completions.create({ model: 'm', messages: [], response_format }, route({ key: 'u' })).then(({ choices }) => {
    console.log(choices[0].message.content);
  });
`;
const PRINTED = '{"a": 1}\nschema 1';
const FORMATS = [
  { format: 'esm', extension: 'mjs' },
  { format: 'cjs', extension: 'cjs' },
] as const;

function entry(name: string, source: string): string {
  const file = join(directory, name);
  writeFileSync(file, source);
  return file;
}

const run = (file: string): string =>
  execFileSync(process.execPath, [file], { cwd: directory, encoding: 'utf8' }).trim();

test.each(FORMATS)('a bundle of esbuild runs, in the format $format', async ({ format, extension }) => {
  const outfile = join(directory, `esbuild.${extension}`);
  const entryPoints = [entry('esbuild-entry.mjs', APPLICATION)];
  await build({ entryPoints, outfile, format, bundle: true, platform: 'node', logLevel: 'error' });
  expect(run(outfile)).toBe(PRINTED);
});

test.each(FORMATS)('a bundle of rolldown runs, in the format $format', async ({ format, extension }) => {
  const file = join(directory, `rolldown.${extension}`);
  const bundle = await rolldown({ input: entry('rolldown-entry.mjs', APPLICATION), platform: 'node' });
  await bundle.write({ file, format, codeSplitting: false });
  expect(run(file)).toBe(PRINTED);
});

const REQUIRED = APPLICATION.replace(/import (.*) from (.*);/, 'const $1 = require($2);');

test('the validator of schemas is loaded by a client that compares answers, not by the import', () => {
  expect(run(entry('validator.mjs', APPLICATION))).toBe(PRINTED);
  const isLoaded = `Object.keys(require.cache).some((path) => path.includes('json-schema'))`;
  const script = `${REQUIRED} console.log(${isLoaded}); ai.canary.on('shadow', () => console.log(${isLoaded}));`;
  expect(run(entry('validator.cjs', script))).toBe(`false\n${PRINTED}\ntrue`);
});

test('where the validator of schemas cannot be loaded, calls and comparisons go on without it', () => {
  const script = `
    const Module = require('node:module');
    const load = Module._load;
    Module._load = (name, ...rest) => {
      if (name.includes('json-schema')) throw new Error('It is gone');
      return load(name, ...rest);
    };
    ${REQUIRED}`;
  expect(run(entry('no-validator.cjs', script))).toBe('{"a": 1}\nschema undefined');
});

test.each([
  // Of it, 71 kB are the packed list of prices.
  ['costOf', 150_000],
  ['ConfigError', 20_000],
  ['route', 20_000],
])('a bundle with %s alone leaves the client out', async (name, maxBytes) => {
  const outfile = join(directory, `${name}.mjs`);
  const source = `import { ${name} } from 'openai-canary'; console.log(typeof ${name});`;
  const entryPoints = [entry(`${name}-entry.mjs`, source)];
  const external = ['openai'];
  await build({ entryPoints, outfile, external, format: 'esm', bundle: true, platform: 'node', logLevel: 'error' });
  expect(readFileSync(outfile).byteLength).toBeLessThan(maxBytes);
  expect(run(outfile)).toBe('function');
});

test.each([
  ['nothing', '{}'],
  ['a default class', '{ __esModule: true, default: class {} }'],
  ['a function', 'function () { return { chat: {} }; }'],
  ['an arrow function', '{ OpenAI: () => ({}), default: () => ({}) }'],
  ['a class of the client', '{ OpenAI: class { chat = "mocked" } }'],
])('next to a mock of the SDK with %s, the package is required without an error', (_name, mock) => {
  const script = `
    const path = require.resolve('openai');
    require.cache[path] = { id: path, filename: path, loaded: true, exports: ${mock} };
    const { CanaryClient } = require('openai-canary');
    console.log(typeof CanaryClient, ${mock.includes('mocked') ? "new CanaryClient({ apiKey: 'k' }).chat" : "'-'"});
  `;
  const printed = run(entry('mocked.cjs', script));
  expect(printed).toBe(mock.includes('mocked') ? 'function mocked' : 'function -');
});
