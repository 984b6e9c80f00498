import { expect, test } from 'vitest';
import { CONFIG, folderWith } from './run-cli.ts';

/** Ten minutes with one call per second. */
const TRACE = [
  'TIMESTAMP,ContextTokens,GeneratedTokens',
  ...Array.from(
    { length: 600 },
    (_, second) => `${new Date(Date.UTC(2026, 0, 1) + second * 1_000).toISOString()},1000,100`,
  ),
].join('\n');

const FILES = { 'openai-canary.config.yaml': CONFIG, 'trace.csv': TRACE };

test('a healthy canary keeps its share, and the output contains the savings', async () => {
  await using folder = await folderWith(FILES);
  const { exitCode, stdout } = await folder.run(
    'simulate',
    'trace.csv',
    '--json',
    '--errors',
    'deepseek=0',
    '--errors',
    'openai=0',
  );
  const { calls, lost, weights, total, decisions } = JSON.parse(stdout) as Simulated;
  expect([exitCode, calls, lost, weights]).toEqual([0, 600, 0, { openai: 0.75, deepseek: 0.25 }]);
  expect(total.savingsUsd).toBeGreaterThan(0.2);
  expect(decisions).toEqual([]);
});

test('a canary that starts to fail is rolled back only after that', async () => {
  await using folder = await folderWith(FILES);
  const { stdout } = await folder.run('simulate', 'trace.csv', '--json', '--errors', 'deepseek=0.5@5m');
  const { lost, weights, decisions } = JSON.parse(stdout) as Simulated;
  expect([lost, weights.deepseek]).toEqual([0, 0]);
  const rollback = decisions.find(({ event }) => event === 'rollback');
  expect(rollback?.text).toContain('deepseek');
  expect(rollback?.afterMs).toBeGreaterThan(300_000);
});

test('the same seed gives the same result', async () => {
  await using folder = await folderWith(FILES);
  const args = ['simulate', 'trace.csv', '--json', '--errors', 'deepseek=0.1', '--for', '20m', '--seed', '7'] as const;
  const [one, other] = await Promise.all([folder.run(...args), folder.run(...args)]);
  expect(one.stdout).toBe(other.stdout);
  expect((JSON.parse(one.stdout) as Simulated).calls).toBeGreaterThan(1_100);
});

test('prints a table and the decisions', async () => {
  await using folder = await folderWith(FILES);
  const { stdout } = await folder.run('simulate', 'trace.csv', '--errors', 'deepseek=0.5');
  expect(stdout).toMatch(/^600 calls in 10 min of simulated time: 0 lost, \$\d/);
  expect(stdout).toMatch(/^deepseek +0 %/m);
  expect(stdout).toMatch(/rollback +deepseek: errors/);
});

test.each([
  ['--errors', 'gemini=0.5', '--errors should be one of openai, deepseek, got "gemini"'],
  ['--errors', 'deepsek=0.5', '--errors should be one of openai, deepseek, got "deepsek"; did you mean deepseek?'],
  ['--for', 'ever', '--for should be a duration like 500ms, 30s, 5m, 4h or 2d, got "ever"'],
  ['--errors', 'deepseek', '--errors should be like deepseek=0.05 or deepseek=0.05@2h, got deepseek'],
  ['--errors', 'deepseek=5', '--errors should be like deepseek=0.05 or deepseek=0.05@2h, got deepseek=5'],
  ['--errors', 'deepseek=0.5@noon', '--errors should be like deepseek=0.05 or deepseek=0.05@2h, got deepseek=0.5@noon'],
  ['--latency', 'deepseek=fast', '--latency should be like deepseek=900, in ms, got deepseek=fast'],
])('rejects %s %s', async (option, value, message) => {
  await using folder = await folderWith(FILES);
  const { exitCode, stderr } = await folder.run('simulate', 'trace.csv', option, value);
  expect([exitCode, stderr]).toEqual([2, `${message}\n`]);
});

test('rejects an invalid trace with the line number', async () => {
  await using folder = await folderWith({
    ...FILES,
    'bad.csv': 'TIMESTAMP,ContextTokens,GeneratedTokens\n0,1,1\n1,x,1',
  });
  const { exitCode, stderr } = await folder.run('simulate', 'bad.csv');
  expect([exitCode, stderr]).toEqual([2, 'bad.csv: line 3 should contain a time and two numbers, got 1,x,1\n']);
});

test('rejects a trace without calls', async () => {
  await using folder = await folderWith({ ...FILES, 'empty.csv': 'TIMESTAMP,ContextTokens,GeneratedTokens\n' });
  const { exitCode, stderr } = await folder.run('simulate', 'empty.csv');
  expect([exitCode, stderr]).toEqual([2, 'empty.csv has no calls\n']);
});

test('prints the steps of a rollout, and exits although shadow copies are in flight', async () => {
  const rollout = '{ to: deepseek, steps: [{ shadow: 1, hold: 2m }, { weight: 0.01, hold: 5m }, { weight: 0.9 }] }';
  await using folder = await folderWith({
    ...FILES,
    'openai-canary.config.yaml': `canary: { upstreams: { deepseek: { provider: deepseek, model: deepseek-chat } }, rollout: ${rollout} }`,
  });
  const { exitCode, stdout } = await folder.run('simulate', 'trace.csv', '--for', '150s');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^ *2 min +step +deepseek: /m);
});

test('Ctrl-C prints the results so far and exits with 130', async () => {
  await using folder = await folderWith(FILES);
  const { exitCode, stdout, stderr } = await folder.interrupt(
    ['simulate', 'trace.csv', '--for', '300d'],
    '% simulated',
  );
  expect(exitCode).toBe(130);
  expect(stdout).toMatch(/^\d+ calls in /);
  expect(stderr).toMatch(/^Stopped after [\d.e-]+ % of the simulated time\.$/m);
});

interface Simulated {
  readonly calls: number;
  readonly lost: number;
  readonly weights: Readonly<Record<string, number>>;
  readonly total: { readonly savingsUsd: number };
  readonly decisions: readonly { readonly event: string; readonly afterMs: number; readonly text: string }[];
}
