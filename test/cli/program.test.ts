/** The whole program, in a child process. */

import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { nodeProblem } from '../../src/cli/program.ts';
import { CONFIG, folderWith } from './run-cli.ts';

const COMMANDS =
  'demo init probe try serve simulate plan status get history promote pause resume rollback retry undo set-weight'.split(
    ' ',
  );

test('--help lists all commands and exit codes', async () => {
  await using folder = await folderWith({});
  const { exitCode, stdout, stderr } = await folder.run('--help');
  expect([exitCode, stderr]).toEqual([0, '']);
  for (const word of [...COMMANDS, 'Exit codes:']) expect(stdout).toContain(word);
});

test.each(COMMANDS)('%s --help has an example', async (command) => {
  await using folder = await folderWith({});
  const { exitCode, stdout } = await folder.run(command, '--help');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Example:\\n {2}\\$ openai-canary ${command} ?`, 'm'));
});

test('--version prints the version of the package', async () => {
  await using folder = await folderWith({});
  const { exitCode, stdout } = await folder.run('--version');
  expect([exitCode, stdout]).toEqual([0, `${packageJson.version}\n`]);
});

test('suggests the closest command for an unknown one', async () => {
  await using folder = await folderWith({});
  const { exitCode, stdout, stderr } = await folder.run('simulat', 'trace.csv');
  expect(exitCode).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('Did you mean simulate?');
});

test('explains how to pass a configuration if it finds no file', async () => {
  await using folder = await folderWith({});
  const { exitCode, stderr } = await folder.run('try', '--simulate');
  expect(exitCode).toBe(2);
  expect(stderr).toBe(
    'No configuration found: pass one with --config or create openai-canary.config.{ts,js,json,yaml} here (openai-canary init writes one)\n',
  );
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
])('names the file and the path of an invalid option in %s', async (name, text) => {
  await using folder = await folderWith({ [name]: text });
  const { exitCode, stderr } = await folder.run('try', '--simulate');
  expect(exitCode).toBe(2);
  expect(stderr).toBe(`${name}: canary.weights.deepseek should be a non-negative number, got -5\n`);
});

test.each([
  ['a.json', '{ "canary": ', /JSON/],
  ['a.yaml', 'canary: [', /flow/i],
  ['a.json', '[]', /should contain an object/],
  ['a.mjs', 'export const other = 1;', /should have a default export/],
  ['a.mjs', 'throw new Error("no vault here");', /^a\.mjs: no vault here\n$/],
])('rejects the file %s with %j', async (name, text, message) => {
  await using folder = await folderWith({ [name]: text });
  const { exitCode, stderr } = await folder.run('try', '--simulate', '--config', name);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).toContain(name);
});

test('names the option of an invalid number', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': CONFIG });
  const { exitCode, stderr } = await folder.run('try', '--simulate', '--calls', 'many');
  expect([exitCode, stderr]).toEqual([2, '--calls should be a whole number, at least 1, got "many"\n']);
});

test.each([
  [
    ['plan', '--calls-per-second', '1', '--error-rate', '5'],
    '--error-rate should be a number between 0 and 1, got "5"',
  ],
  [['probe', '--timeout', '0s'], '--timeout should be a duration like 500ms, 30s, 5m, 4h or 2d, got "0s"'],
  [['probe', '--timeout', '30'], '--timeout should be a duration like 500ms, 30s, 5m, 4h or 2d, got "30"'],
])('rejects %j with one line', async (args, message) => {
  const rollout = '{ to: deepseek, steps: [{ weight: 1 }] }';
  await using folder = await folderWith({
    'openai-canary.config.yaml': `canary: { upstreams: { deepseek: { provider: deepseek } }, rollout: ${rollout} }`,
  });
  const { exitCode, stderr } = await folder.run(...args);
  expect([exitCode, stderr]).toEqual([2, `${message}\n`]);
});

/** A configuration that prints a line if its store, comparison or webhook is used. */
const WITH_OTHERS = `
const touched = (what) => { console.error('touched: ' + what); };
const store = { persistent: true };
for (const method of ['read', 'write', 'lease', 'release', 'post', 'messages']) store[method] = async () => touched('store');
export default {
  canary: {
    upstreams: { deepseek: { provider: 'deepseek', model: 'deepseek-chat' } },
    prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 }, deepseek: { inputPerMTok: 1, outputPerMTok: 2 } },
    rollout: { to: 'deepseek', steps: [{ weight: 0.5, minCalls: 5, require: {}, hold: '10s' }, { weight: 0.9 }] },
    shadow: { upstream: 'openai', share: 1, compare: () => { touched('compare'); return { score: 1 }; } },
    alerts: [{ name: 'busy', metric: 'calls', above: 1 }],
    webhook: { url: 'http://127.0.0.1:1/hook', attempts: 1 },
    probe: { every: '1s' },
    store,
  },
};`;

test.each([
  ['simulate', 'trace.csv', '--for', '2m'],
  ['try', '--simulate', '-n', '12', '--concurrency', '12'],
])('%s does not use the store, webhook, probes and comparison of the configuration', async (...args) => {
  const trace = `TIMESTAMP,ContextTokens,GeneratedTokens\n${Array.from({ length: 60 }, (_, at) => `${at},10,10`).join('\n')}`;
  await using folder = await folderWith({ 'openai-canary.config.mjs': WITH_OTHERS, 'trace.csv': trace });
  const { exitCode, stderr } = await folder.run(...args);
  expect([exitCode, stderr]).toEqual([0, '']);
});

test.each([
  ['20.20.2', 'openai-canary needs Node 22.12 or newer, this is Node 20.20.2'],
  ['22.11.9', 'this is Node 22.11.9'],
])('Node %s is too old, and the program says so', (version, message) => {
  expect(nodeProblem(version)).toContain(message);
});

test.each(['22.12.0', '22.20.1', '23.0.0', '24.21.0', process.versions.node])('Node %s is new enough', (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});
