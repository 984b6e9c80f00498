/** Runs every example and checks its output. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { hasRedis, startRedis } from './redis/redis-server.ts';
import { runProgram } from './support/run-program.ts';

const examples = fileURLToPath(new URL('../examples', import.meta.url));

test('testing/fallback.ts tests a fallback against a failing provider', async () => {
  const { exitCode, stdout, stderr } = await runProgram(join(examples, 'testing/fallback.ts'));
  expect(stderr).toBe('');
  expect(stdout).toContain('At your service.');
  expect(exitCode).toBe(0);
});

test('testing/time.ts plays an hour on a manual clock', async () => {
  const { exitCode, stdout, stderr } = await runProgram(join(examples, 'testing/time.ts'));
  expect(stderr).toBe('');
  expect(stdout).toContain('1 retry, 6 snapshots');
  expect(exitCode).toBe(0);
});

test('cost-report.ts reports costs by customer and by model', async () => {
  const { exitCode, stdout, stderr } = await runProgram(join(examples, 'cost-report.ts'));
  expect(stderr).toBe('');
  // 1,200 input and 300 output tokens per call cost 0.00432 USD on stable with the discount.
  expect(stdout).toMatch(/^total +60 +0\.\d{4} +0\.2592 +0\.\d{4}$/m);
  expect(stdout).toMatch(/^gpt-4\.1-mini,\d+,/m);
  expect(exitCode).toBe(0);
});

test('budget.ts falls back to the cheap model, and limits each user', async () => {
  const { exitCode, stdout, stderr } = await runProgram(join(examples, 'budget.ts'));
  expect(stderr).toBe('');
  expect(stdout).toContain('9 answers by gpt-6-sol\n31 answers by gpt-6-luna\n');
  expect(stdout).toContain('strong model: 80 % (0.080 of 0.1 USD)');
  expect(stdout).toContain('user-0 is rejected by the budget "each user"');
  expect(exitCode).toBe(0);
});

test('tasks.ts routes each task to its upstream, and no call exceeds its cost cap', async () => {
  const { exitCode, stdout, stderr } = await runProgram(join(examples, 'tasks.ts'));
  expect(stderr).toBe('');
  expect(stdout).toMatch(/Summarize our meeting\. +→ gpt-6-luna\n/);
  expect(stdout).toMatch(/Is this clause enforceable\? +→ gpt-6-sol\n/);
  expect(stdout).toMatch(/At most 0\.001 USD +→ gpt-4\.1-mini\n/);
  expect(stdout).toContain('The call may cost $0.000001 at most');
  expect(exitCode).toBe(0);
});

test('batch.ts shows its progress in plain lines without a terminal', async () => {
  const { exitCode, stdout, stderr } = await runProgram(join(examples, 'batch.ts'));
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^20\/60, \d+ calls\/s, \d+\.\d s left, \$0\.000\d{3}\n/);
  expect(stdout).toContain('60 of 60 reviews classified');
  expect(exitCode).toBe(0);
});

test(`fleet.ts rolls a canary back in all clients of ${hasRedis ? 'a Redis' : 'a store in memory, without a Redis'}`, async () => {
  await using redis = hasRedis ? await startRedis() : undefined;
  const env = redis && { env: { REDIS_URL: redis.url } };
  const { exitCode, stdout, stderr } = await runProgram(join(examples, 'fleet.ts'), env);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^Client [123] leads the rollout\.$/m);
  expect(stdout).toContain('All have rolled back: true');
  expect(exitCode).toBe(0);
});

test('opentelemetry.ts prints the spans of a call that falls back', async () => {
  const { exitCode, stdout, stderr } = await runProgram(join(examples, 'opentelemetry.ts'));
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^POST \/chat\n {2}chat gpt-4\.1\n {4}attempt next \(\w+\)\n/);
  expect(stdout).toMatch(/^ {4}fallback openai$/m);
  expect(exitCode).toBe(0);
});
