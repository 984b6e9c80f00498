/**
 * A client of the user, such as an Azure client, as an upstream. It keeps its own authentication, addresses and
 * models.
 */

import { AzureOpenAI, OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { CanaryClient, type UpstreamOptions } from '../../src/index.ts';
import { CHAT, EMBEDDINGS, RESPONSE, completion } from './support/replies.ts';
import { createServer } from './support/server.ts';

function setUp(azure: Omit<UpstreamOptions, 'client'>, options: { deployment?: string } = {}) {
  const server = createServer(({ url }) => {
    if (url.includes('/embeddings')) return EMBEDDINGS;
    return url.includes('/responses') ? { body: RESPONSE } : completion();
  });
  const { fetch } = server;
  const connection = { endpoint: 'https://azure.test', apiKey: 'azure-0123456789', apiVersion: '2025-01-01' };
  const given = new AzureOpenAI({ ...connection, ...options, fetch });
  const client = new CanaryClient({
    apiKey: 'sk-home-0123456789',
    fetch,
    canary: { upstreams: { azure: { ...azure, client: given } }, weights: { azure: 1 } },
  });
  return { client, given, server };
}

const paths = ({ server }: ReturnType<typeof setUp>) =>
  server.requests.map(({ url }) => url.replace('https://azure.test/openai', '').replace('?api-version=2025-01-01', ''));

test('uses the caller’s model as the deployment', async () => {
  const set = setUp({});
  await set.client.chat.completions.create(CHAT);
  await set.client.embeddings.create({ model: 'embed', input: 'a' });
  expect(paths(set)).toEqual(['/deployments/gpt-4.1/chat/completions', '/deployments/embed/embeddings']);
});

test('uses the model of the upstream as the deployment, and in the body', async () => {
  const set = setUp({ model: 'my deployment' });
  await set.client.chat.completions.create(CHAT);
  expect(paths(set)).toEqual(['/deployments/my%20deployment/chat/completions']);
  expect(JSON.parse(set.server.requests[0]?.body ?? '')).toEqual({ ...CHAT, model: 'my deployment' });
});

test('maps each call to its deployment with a record of models', async () => {
  const set = setUp({ model: { 'gpt-4.1': 'large', embed: 'vectors' } });
  await set.client.chat.completions.create(CHAT);
  await set.client.chat.completions.create({ ...CHAT, model: 'unlisted' });
  await set.client.embeddings.create({ model: 'embed', input: 'a' });
  await set.client.responses.create({ model: 'gpt-4.1', input: 'a' });
  expect(paths(set)).toEqual([
    '/deployments/large/chat/completions',
    '/deployments/unlisted/chat/completions',
    '/deployments/vectors/embeddings',
    '/responses',
  ]);
});

test('keeps the deployment of the given client', async () => {
  const set = setUp({}, { deployment: 'fixed' });
  await set.client.chat.completions.create(CHAT);
  expect(paths(set)).toEqual(['/deployments/fixed/chat/completions']);
});

test('the given client authenticates itself, and gets no credentials of the caller', async () => {
  const set = setUp({});
  await set.client.chat.completions.create(CHAT);
  const headers = set.server.requests[0]?.headers;
  expect(headers).toMatchObject({ 'api-key': 'azure-0123456789' });
  expect(headers).not.toHaveProperty('authorization');
});

test('gives the same answers as the given client itself', async () => {
  const { client, given, server } = setUp({});
  const [ours, bare] = [await client.chat.completions.create(CHAT), await given.chat.completions.create(CHAT)];
  expect(ours).toEqual(bare);
  expect(server.requests[0]).toEqual(server.requests[1]);
});

test('a given client that signs its requests signs them as they are sent', async () => {
  const server = createServer([completion()]);
  const signed: unknown[] = [];
  class Signing extends OpenAI {
    protected override async prepareRequest(request: RequestInit): Promise<void> {
      signed.push(request.body);
    }
  }
  const given = new Signing({ apiKey: 'key-of-signing', baseURL: 'https://signing.test/v1', fetch: server.fetch });
  const client = new CanaryClient({
    apiKey: 'sk-home-0123456789',
    canary: { upstreams: { signing: { client: given, model: 'other' } }, weights: { signing: 1 } },
  });
  await client.chat.completions.create(CHAT);
  expect(signed).toEqual([JSON.stringify({ ...CHAT, model: 'other' })]);
  expect(server.requests[0]?.body).toBe(signed[0]);
});

test('calls that belong to an account stay with the client', async () => {
  const set = setUp({});
  await set.client.models.retrieve('a');
  expect(set.server.requests[0]?.url).toBe('https://api.openai.com/v1/models/a');
});
