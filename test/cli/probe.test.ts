import { expect, test } from 'vitest';
import { startProvider } from '../../src/testing/index.ts';
import { folderWith, type Folder } from './run-cli.ts';

function folderFor(url: string): Promise<Folder> {
  const config = { canary: { upstreams: { relay: { baseURL: url, apiKey: 'key-of-relay', model: 'gpt-4.1' } } } };
  return folderWith({ 'openai-canary.config.json': JSON.stringify(config) });
}

test('a provider without defects passes all checks', async () => {
  await using provider = await startProvider();
  await using folder = await folderFor(provider.url);
  const { exitCode, stdout } = await folder.run('probe', 'relay', '--only', 'connection,chat,streaming,tools');
  expect(stdout).toMatch(/^relay \(gpt-4\.1\)\ncheck +result +time +cost +evidence\n/);
  expect(stdout).toMatch(/^streaming +pass/m);
  expect(stdout).toContain('4 of 4 pass, 0 suspect');
  expect(stdout).not.toContain('key-of-relay');
  expect(exitCode).toBe(0);
});

test('reports a defect as JSON and exits with 1', async () => {
  await using provider = await startProvider({ defects: ['ignoresStop'] });
  await using folder = await folderFor(provider.url);
  const { exitCode, stdout } = await folder.run('probe', 'relay', '--only', 'chat,stop', '--json');
  expect(exitCode).toBe(1);
  const { checks } = JSON.parse(stdout) as { checks: readonly { name: string; status: string }[] };
  expect(checks).toMatchObject([
    { name: 'chat', status: 'pass' },
    { name: 'stop', status: 'fail' },
  ]);
});

test.each([
  [['relai'], /relai.*did you mean relay\?/],
  [['relay', '--only', 'chatt'], /chatt.*did you mean chat\?/],
])('suggests the closest name for a wrong one: %j', async (args, message) => {
  await using provider = await startProvider();
  await using folder = await folderFor(provider.url);
  const { exitCode, stderr } = await folder.run('probe', ...args);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
});
