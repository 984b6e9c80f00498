/** Options of a client. */

import { vi } from 'vitest';
import type { Behaviour, Stage } from '../support/behaviour.ts';
import { inheritsNone } from '../support/differences.ts';
import { CHAT, completion } from '../support/replies.ts';

const replies = [completion()];
const chat: Behaviour['run'] = ({ client }) => client.chat.completions.create(CHAT);
const chatAndModel: Behaviour['run'] = async ({ client }) => [
  await client.chat.completions.create(CHAT),
  await client.models.retrieve('gpt-4.1'),
];

export const OPTIONS_OF_CLIENTS: readonly Behaviour[] = [
  {
    name: 'default headers',
    replies,
    options: { defaultHeaders: { 'X-Team': 'blue', 'X-List': 'a, b' } },
    run: chatAndModel,
    differs: { elsewhere: [inheritsNone('x-team', 'x-list')] },
  },
  {
    name: 'default headers that replace or remove those of the SDK',
    replies,
    options: { defaultHeaders: { 'X-Stainless-Lang': null, Accept: 'application/json; a=b', Authorization: null } },
    run: chatAndModel,
    onlyOnOwnConnection: 'Another upstream inherits no default headers.',
  },
  {
    name: 'a default query',
    replies,
    options: { defaultQuery: { 'api-version': '1', other: undefined } },
    run: chatAndModel,
    differs: { elsewhere: [inheritsNone('?')] },
  },
  {
    name: 'organization and project',
    replies,
    options: { organization: 'org-c', project: 'proj-c' },
    run: chatAndModel,
  },
  {
    name: 'fetch options of the client and of a call',
    replies,
    options: { fetchOptions: { cache: 'no-store', priority: 'low' } },
    run: ({ client }) => client.chat.completions.create(CHAT, { fetchOptions: { priority: 'high', keepalive: true } }),
  },
  { name: 'the global fetch', replies, options: { fetch: undefined }, run: onGlobalFetch },
  {
    name: 'a base URL with a trailing slash',
    replies,
    options: { baseURL: 'https://home.test/v1/' },
    run: chatAndModel,
  },
  {
    name: 'a base URL and a key that are changed later',
    replies,
    run: async ({ client }) => {
      client.baseURL = 'https://moved.test/v1';
      client.apiKey = 'sk-changed-0123456789';
      client.organization = 'org-changed';
      return [await client.chat.completions.create(CHAT), await client.models.list()];
    },
  },
  { name: 'a time-out that is no number', replies, options: { timeout: -1 }, run: chat },
  {
    name: 'a maxRetries that is not a number',
    replies,
    options: { maxRetries: -1 },
    run: ({ client }) => client.maxRetries,
  },
];

async function onGlobalFetch({ create, server }: Stage): Promise<unknown> {
  vi.stubGlobal('fetch', server.fetch);
  try {
    return await create({ fetch: undefined }).chat.completions.create(CHAT);
  } finally {
    vi.unstubAllGlobals();
  }
}
