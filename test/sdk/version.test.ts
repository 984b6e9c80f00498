/** The contract is tested with the oldest and the newest supported SDK. */

import { AzureOpenAI, OpenAI } from 'openai';
import { expect, inject, test } from 'vitest';
import { CanaryClient, withCanary } from '../../src/index.ts';
import { createServer } from './support/server.ts';

test('the tests and the library use the SDK version of this run', async () => {
  const server = createServer([{ body: {} }]);
  const options = { apiKey: 'sk-a', fetch: server.fetch };
  await new OpenAI(options).models.retrieve('a');
  await new CanaryClient(options).models.retrieve('a');
  const version = inject('openaiVersion');
  expect(server.userAgents).toEqual([`OpenAI/JS ${version}`, `OpenAI/JS ${version}`]);
});

test('the library extends the same class that the application imports', () => {
  expect(Object.getPrototypeOf(CanaryClient)).toBe(OpenAI);
});

class App extends CanaryClient {}

test('every client of ours sends the User-Agent of the SDK’s own class, unless the user sets one', async () => {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }];
  const server = createServer([{ body: { choices } }]);
  const settings = { apiKey: 'sk-a', fetch: server.fetch };
  const upstreams = { other: { baseURL: 'https://other.test/v1', apiKey: 'sk-b' } };
  const body = { model: 'm', messages: [] };
  const own = { 'User-Agent': 'own/1' };
  const azure = { endpoint: 'https://azure.test', apiVersion: '1' };
  const clients = [
    new CanaryClient({ ...settings, canary: { upstreams } }),
    new CanaryClient({ ...settings, canary: { upstreams, weights: { other: 1 } } }),
    new CanaryClient({ ...settings }).withOptions({ timeout: 1_000 }),
    new App(settings),
    new (withCanary(AzureOpenAI))({ ...settings, ...azure }),
    new CanaryClient({ ...settings, defaultHeaders: own }),
    new CanaryClient({
      ...settings,
      canary: { upstreams: { other: { ...upstreams.other, defaultHeaders: own } }, weights: { other: 1 } },
    }),
  ];
  for (const client of clients) await client.chat.completions.create(body).catch(() => undefined);
  const version = inject('openaiVersion');
  const names = ['OpenAI', 'OpenAI', 'OpenAI', 'App', 'AzureOpenAI'].map((name) => `${name}/JS ${version}`);
  expect(server.userAgents).toEqual([...names, 'own/1', 'own/1']);
});
