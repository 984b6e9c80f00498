import { expect, test } from 'vitest';
import { folderWith } from './run-cli.ts';

const configOf = (rollout: string) =>
  `canary: { upstreams: { deepseek: { provider: holysheep, model: deepseek-v3.2 } }, rollout: ${rollout} }`;
const STEPS = '{ to: deepseek, steps: [{ weight: 0.05, hold: 10m }, { weight: 0.5, hold: 10m }, { weight: 1 }] }';

test('each step is planned, with the time until a bad canary is caught', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': configOf(STEPS) });
  const { exitCode, stdout, stderr } = await folder.run('plan', '--calls-per-second', '100');
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^A canary deepseek as good as stable is at its end after \d/);
  expect(stdout).toMatch(/^step +weight +takes +calls +on canary +×2 caught after/m);
  expect(stdout).toMatch(/^1 +5 % +10 min/m);
});

test('a step that cannot decide within its hold is warned of, and ends the program with 1', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': configOf(STEPS) });
  const { exitCode, stdout } = await folder.run('plan', '--calls-per-second', '0.1');
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^Warning: steps\[0\]/m);
});

test('the pace may come from recorded traffic, and the plan go to a program', async () => {
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
  [configOf(STEPS), [], 'The pace is needed: --calls-per-second, or --trace'],
  ['canary: {}', ['--calls-per-second', '1'], 'openai-canary.config.yaml has no canary.rollout'],
  [
    configOf('{ to: deepseek, steps: [{ weight: 0.5 }, { weight: 5 }] }'),
    ['--calls-per-second', '1'],
    'openai-canary.config.yaml: canary.rollout.steps[1].weight should be between 0 and 1, got 5',
  ],
])('%s with %j is refused', async (config, args, message) => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': config });
  const { exitCode, stderr } = await folder.run('plan', ...args);
  expect([exitCode, stderr]).toEqual([2, `${message}\n`]);
});
