import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CanaryClient, fileStore } from '../../src/index.ts';
import { folderWith } from './run-cli.ts';

/** In the format of models.dev. */
const LIST = JSON.stringify({
  openrouter: { models: { 'openai/gpt-9': { cost: { input: 2, output: 8, cache_read: 0.5 } } } },
});
const CONFIG = `
canary:
  upstreams:
    router: { provider: openrouter, model: openai/gpt-9 }
    relay: { provider: holysheep, model: deepseek-v3.2 }
  prices: { source: list.json, openai: { inputPerMTok: 3, outputPerMTok: 4 } }
`;

/** Makes one call with a million tokens each, for which the provider reports 12 USD. */
async function callOnce(path: string): Promise<void> {
  const body = {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 0,
    model: 'openai/gpt-9',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop', logprobs: null }],
    usage: { prompt_tokens: 1_000_000, completion_tokens: 1_000_000, total_tokens: 2_000_000, cost: 12 },
  };
  const ai = new CanaryClient({
    apiKey: 'key',
    canary: {
      upstreams: {
        router: {
          provider: 'openrouter',
          apiKey: 'key',
          model: 'openai/gpt-9',
          fetch: () => Promise.resolve(Response.json(body)),
        },
      },
      weights: { router: 1 },
      prices: { source: join(path, 'list.json') },
      store: fileStore(join(path, 'state.json')),
    },
  });
  await ai.canary.prices();
  await ai.chat.completions.create({ model: 'gpt-9', messages: [{ role: 'user', content: 'Hello?' }] });
  await ai.canary.close();
}

test('lists the models in use with price, age, and what providers reported instead', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': CONFIG, 'list.json': LIST });
  await callOnce(folder.path);
  const { exitCode, stdout, stderr } = await folder.run('prices', 'check', '--store', 'state.json');
  expect([exitCode, stderr]).toEqual([1, '']);
  expect(stdout).toMatch(
    /^upstream +model +attempts +input +cached +output +source +age +reported +by list +difference$/m,
  );
  expect(stdout).toMatch(
    /^router +openai\/gpt-9 +1 +\$2\.00 +\$0\.5000 +\$8\.00 +your list of \d{4}-\d\d-\d\d +0 d +\$12\.00 +\$10\.00 +\+20\.0 %$/m,
  );
  expect(stdout).toMatch(/^relay +deepseek-v3\.2 +0 +– +– +– +unknown/m);
  expect(stdout.match(/^Warning: .*$/gm)).toEqual([
    'Warning: The provider of openai/gpt-9 on router reported +20.0 % against the list',
    'Warning: No price is known for deepseek-v3.2 on relay',
  ]);
  const json = await folder.run('prices', 'check', '--store', 'state.json', '--json');
  expect(JSON.parse(json.stdout)).toMatchObject({
    prices: [
      {
        upstream: 'router',
        attempts: 1,
        table: { version: 'prices.source', ageDays: 0 },
        reported: { tableCostUsd: 10 },
      },
      { upstream: 'relay', source: null },
    ],
  });
});

test('a list that cannot be read is a problem, and the command changes nothing in the store', async () => {
  await using folder = await folderWith({
    'openai-canary.config.yaml': 'canary: { prices: { source: gone.json }, upstreams: { a: { model: gpt-4.1 } } }',
    'state.json': '{}',
  });
  const { exitCode, stdout } = await folder.run('prices', 'check', '-s', 'state.json');
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^a +gpt-4\.1 +0 +\$2\.00 +\$0\.5000 +\$8\.00 +bundled list of \d{4}-\d\d-\d\d/m);
  expect(stdout).toMatch(/^Warning: The list of prices\.source could not be read \(Error: ENOENT/m);
});

test('names a state file that does not exist', async () => {
  await using folder = await folderWith({ 'openai-canary.config.yaml': 'canary: {}' });
  const { exitCode, stderr } = await folder.run('prices', 'check', '-s', 'none.json');
  expect([exitCode, stderr]).toEqual([2, 'File not found: none.json\n']);
});
