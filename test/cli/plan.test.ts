import { expect, test } from 'vitest';
import { folderWith } from './run-cli.ts';

const configOf = (rollout: string) =>
  `canary: { upstreams: { deepseek: { provider: holysheep, model: deepseek-v3.2 } }, rollout: ${rollout} }`;
const STEPS = '{ to: deepseek, steps: [{ weight: 0.05, hold: 10m }, { weight: 0.5, hold: 10m }, { weight: 1 }] }';

test('plans each step, with the time until a bad canary is detected', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': configOf(STEPS) });
  const { exitCode, stdout, stderr } = await folder.run('plan', '--calls-per-second', '100');
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^If deepseek is as good as stable, the rollout takes \d/);
  expect(stdout).toMatch(/^step +weight +duration +calls +canary calls +×2 detected after/m);
  expect(stdout).toMatch(/^1 +5 % +10 min/m);
});

test('warns and exits with 1 if a step cannot decide within its hold', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': configOf(STEPS) });
  const { exitCode, stdout } = await folder.run('plan', '--calls-per-second', '0.1');
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^Warning: steps\[0\]/m);
});

test('takes the call rate from recorded traffic, and prints JSON', async () => {
  const trace = [
    'TIMESTAMP,ContextTokens,GeneratedTokens',
    ...Array.from({ length: 101 }, (_, index) => `${index / 10},1,1`),
  ];
  await using folder = await folderWith({
    'openai-canary.config.yaml': configOf(STEPS),
    'trace.csv': trace.join('\n'),
  });
  const { stdout } = await folder.run('plan', '--trace', 'trace.csv', '--json');
  const [{ to, plan }] = JSON.parse(stdout) as [{ to: string; plan: { steps: { weight: number }[] } }];
  expect([to, plan.steps.map(({ weight }) => weight)]).toEqual(['deepseek', [0.05, 0.5, 1]]);
});

test.each([
  [configOf(STEPS), [], 'plan needs the call rate: pass --calls-per-second or --trace'],
  ['canary: {}', ['--calls-per-second', '1'], 'openai-canary.config.yaml has no canary.rollout'],
  [
    configOf('{ to: deepseek, steps: [{ weight: 0.5 }, { weight: 5 }] }'),
    ['--calls-per-second', '1'],
    'openai-canary.config.yaml: canary.rollout.steps[1].weight should be between 0 and 1, got 5',
  ],
])('rejects %s with %j', async (config, args, message) => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': config });
  const { exitCode, stderr } = await folder.run('plan', ...args);
  expect([exitCode, stderr]).toEqual([2, `${message}\n`]);
});
