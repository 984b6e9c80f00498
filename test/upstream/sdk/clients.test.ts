/** The SDK clients of upstreams, each with only its own credentials. */

import { AzureOpenAI, OpenAI } from 'openai';
import { afterEach, expect, test, vi } from 'vitest';
import { connect } from '../../../src/upstream/sdk/clients.ts';
import { markOptions } from '../../../src/upstream/sdk/request-mark.ts';
import type { RequestOptions } from '../../../src/upstream/sdk/types.ts';

interface Sent {
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}

function recording(): { sent: Sent[]; fetch: typeof fetch } {
  const sent: Sent[] = [];
  return {
    sent,
    fetch: async (url, init) => {
      const href = url instanceof Request ? url.url : String(url);
      sent.push({ url: href, headers: new Headers(init?.headers), body: init?.body });
      return Response.json({ choices: [] });
    },
  };
}

const optionsOf = (): RequestOptions => ({
  method: 'post',
  path: '/chat/completions',
  body: { model: 'm', messages: [] },
  headers: { 'x-canary-key': 'u' },
});

afterEach(() => vi.unstubAllEnvs());

test('ignores OpenAI’s environment variables', async () => {
  for (const name of ['OPENAI_API_KEY', 'OPENAI_ADMIN_KEY', 'OPENAI_ORG_ID', 'OPENAI_PROJECT_ID'])
    vi.stubEnv(name, 'of-openai');
  vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'x-custom: of-openai');
  vi.stubEnv('OPENAI_BASE_URL', 'https://of-openai.test/v1');
  const { sent, fetch } = recording();
  const options = { apiKey: 'key-of-gemini', baseURL: 'https://gemini.test/v1' };
  const client = connect({ kind: 'own', options }, { fetch });
  await client.request(optionsOf(), 0);
  expect(sent[0]!.url).toBe('https://gemini.test/v1/chat/completions');
  expect(JSON.stringify([...sent[0]!.headers])).not.toContain('of-openai');
  expect(sent[0]!.headers.get('authorization')).toBe('Bearer key-of-gemini');
});

test('sends its own organization, project and default headers', async () => {
  const { sent, fetch } = recording();
  const options = {
    apiKey: 'k',
    baseURL: 'https://other.test/v1',
    organization: 'org',
    project: 'proj',
    defaultHeaders: { 'x-team': 'a' },
  };
  await connect({ kind: 'own', options }, { fetch }).request(optionsOf(), 0);
  const { headers } = sent[0]!;
  expect(['openai-organization', 'openai-project', 'x-team'].map((name) => headers.get(name))).toEqual([
    'org',
    'proj',
    'a',
  ]);
});

test('patches a marked request and removes our headers', async () => {
  const { sent, fetch } = recording();
  const client = connect({ kind: 'own', options: { apiKey: 'k', baseURL: 'https://x.test/v1' } }, { fetch });
  const options = optionsOf();
  markOptions(options, { set: { model: 'other' }, remove: [] });
  await client.request(options, 0);
  expect(JSON.parse(String(sent[0]!.body))).toEqual({ model: 'other', messages: [] });
  expect(sent[0]!.headers.has('x-canary-key')).toBe(false);
});

test('clones a given client, which sends patched requests and stays unchanged itself', async () => {
  const { sent, fetch } = recording();
  class Signing extends OpenAI {
    protected override async prepareRequest(request: RequestInit): Promise<void> {
      (request.headers as Headers).set('x-signed', 'yes');
    }
  }
  const given = new Signing({ apiKey: 'key-of-given', baseURL: 'https://given.test/v1', fetch });
  const client = connect({ kind: 'given', client: given }, { fetch: () => Promise.reject(new Error('not this one')) });
  expect(client).not.toBe(given);
  const options = optionsOf();
  markOptions(options, { set: { model: 'other' }, remove: [] });
  await client.request(options, 0);
  expect(sent[0]!.headers.get('x-signed')).toBe('yes');
  expect(sent[0]!.headers.get('authorization')).toBe('Bearer key-of-given');
  expect(JSON.parse(String(sent[0]!.body)).model).toBe('other');
  await given.chat.completions.create({ model: 'm', messages: [] }, { headers: { 'x-canary-key': 'u' } });
  expect(sent[1]!.headers.get('x-canary-key')).toBe('u');
});

test('keeps the Azure settings of a given client', async () => {
  const { sent, fetch } = recording();
  const given = new AzureOpenAI({
    apiKey: 'key-of-azure',
    endpoint: 'https://mine.azure.test',
    apiVersion: '2025-01-01',
    deployment: 'prod',
    fetch,
  });
  const client = connect({ kind: 'given', client: given }, {});
  expect(client).toBeInstanceOf(AzureOpenAI);
  await client.request(optionsOf(), 0);
  const url = new globalThis.URL(sent[0]!.url);
  expect(url.pathname).toContain('/deployments/prod/chat/completions');
  expect(url.searchParams.get('api-version')).toBe('2025-01-01');
  expect(sent[0]!.headers.get('api-key')).toBe('key-of-azure');
});
