import { expect, test } from 'vitest';
import { CONFIG, folderWith } from './run-cli.ts';

test('makes calls through the configuration and prints a table', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': CONFIG });
  const { exitCode, stdout, stderr } = await folder.run('try', '--simulate', '-n', '12', '--concurrency', '12');
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^upstream +weight +calls +errors/);
  expect(stdout).toMatch(/^openai +75 % +\d+ +0 %/m);
  expect(stdout).toMatch(/^deepseek +25 % +\d+ +0 %/m);
  expect(stdout).toMatch(/12 served, 0 lost, \$\d/);
  expect(stdout).not.toContain('\x1b');
});

test('prints JSON', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': CONFIG });
  const { stdout } = await folder.run('try', '--simulate', '--json', '-n', '8', '--concurrency', '8', '--stream');
  const { served, lost, upstreams } = JSON.parse(stdout) as Record<string, unknown> & { upstreams: object };
  expect([served, lost, Object.keys(upstreams)]).toEqual([8, 0, ['openai', 'deepseek']]);
});

test('stops at --max-usd', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': CONFIG });
  const { stdout } = await folder.run(
    'try',
    '--simulate',
    '--json',
    '-n',
    '50',
    '--concurrency',
    '1',
    '--max-usd',
    '0.00001',
  );
  expect((JSON.parse(stdout) as { served: number }).served).toBeLessThan(5);
});

test('counts lost calls by error message and exits with 1', async () => {
  await using folder = await folderWith({
    'openai-canary.config.yaml':
      'baseURL: http://127.0.0.1:1/v1\nmaxRetries: 0\ncanary: { fallbacks: [], retry: { attempts: 0 } }',
  });
  const { exitCode, stdout } = await folder.run('try', '-n', '2');
  expect(exitCode).toBe(1);
  expect(stdout).toContain('0 served, 2 lost');
  expect(stdout).toMatch(/2 × Connection error/);
  expect(stdout).not.toContain('test-openai-key');
});
