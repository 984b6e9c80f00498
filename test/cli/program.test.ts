/** The program as a whole, in a process of its own. */

import { expect, test } from 'vitest';
import { CONFIG, folderWith } from './run-cli.ts';

test('help names every command and every exit code', async () => {
  await using folder = await folderWith({});
  const { exitCode, stdout, stderr } = await folder.run('--help');
  expect([exitCode, stderr]).toEqual([0, '']);
  for (const word of ['try', 'simulate', 'Exit codes:']) expect(stdout).toContain(word);
});

test('a command that does not exist is answered with the near one', async () => {
  await using folder = await folderWith({});
  const { exitCode, stdout, stderr } = await folder.run('simulat', 'trace.csv');
  expect(exitCode).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('Did you mean simulate?');
});

test('without a configuration it says how to name one', async () => {
  await using folder = await folderWith({});
  const { exitCode, stderr } = await folder.run('try', '--simulate');
  expect(exitCode).toBe(2);
  expect(stderr).toBe('No configuration: name one by --config, or write openai-canary.config.{ts,js,json,yaml} here\n');
});

test.each([
  ['openai-canary.config.yaml', 'canary: { weights: { openai: 1, deepseek: -5 }, upstreams: { deepseek: {} } }'],
  [
    'openai-canary.config.json',
    '{ "canary": { "weights": { "openai": 1, "deepseek": -5 }, "upstreams": { "deepseek": {} } } }',
  ],
  [
    'openai-canary.config.ts',
    'export default { canary: { weights: { openai: 1, deepseek: -5 as number }, upstreams: { deepseek: {} } } };',
  ],
])('what cannot be right in %s is named by its path', async (name, text) => {
  await using folder = await folderWith({ [name]: text });
  const { exitCode, stderr } = await folder.run('try', '--simulate');
  expect(exitCode).toBe(2);
  expect(stderr).toBe('ConfigError: canary.weights.deepseek should be a non-negative number, got -5\n');
});

test.each([
  ['a.json', '{ "canary": ', /JSON/],
  ['a.yaml', 'canary: [', /flow/i],
  ['a.json', '[]', /should hold an object/],
  ['a.mjs', 'export const other = 1;', /should have a default export/],
])('%s that holds %j is refused with its name', async (name, text, message) => {
  await using folder = await folderWith({ [name]: text });
  const { exitCode, stderr } = await folder.run('try', '--simulate', '--config', name);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).toContain(name);
});

test('a wrong number is named with its option', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': CONFIG });
  const { exitCode, stderr } = await folder.run('try', '--simulate', '--calls', 'many');
  expect([exitCode, stderr]).toEqual([2, '--calls should be a whole number, at least 1, got "many"\n']);
});
