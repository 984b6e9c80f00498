/** Retries and their counts. */

import type { Behaviour, Stage } from '../support/behaviour.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { AT_ONCE, CHAT, CHUNKS, MODEL, completion, failure, refused, sse } from '../support/replies.ts';

const chat = ({ client }: Stage) => client.chat.completions.create(CHAT);
const busy = failure(500, {}, AT_ONCE);
const twice = { maxRetries: 2 };

export const RETRIES: readonly Behaviour[] = [
  { name: 'two retries, counted in a header', replies: [busy, busy, completion()], options: twice, run: chat },
  { name: 'two retries that do not help', replies: [busy], options: twice, run: chat },
  { name: 'the SDK’s own number of retries', replies: [busy], options: { maxRetries: undefined }, run: chat },
  { name: 'no retries', replies: [busy], options: { maxRetries: 0 }, run: chat },
  ...[0, 1, 2, 3].map((maxRetries) => ({
    name: `${maxRetries} retries of a call`,
    replies: [busy],
    options: twice,
    run: ({ client }: Stage) => client.chat.completions.create(CHAT, { maxRetries }),
  })),
  ...[408, 409, 429, 502, 503, 504].map((status) => ({
    name: `a ${status} is retried`,
    replies: [failure(status, {}, AT_ONCE), completion()],
    options: twice,
    run: chat,
  })),
  ...[400, 401, 403, 404, 422].map((status) => ({
    name: `a ${status}, with retries left`,
    replies: [failure(status, {}, AT_ONCE), completion()],
    options: twice,
    run: chat,
  })),
  ...[
    ['true', 400],
    ['false', 500],
  ].map(([shouldRetry, status]) => ({
    name: `x-should-retry: ${shouldRetry} on a ${status}`,
    replies: [failure(Number(status), {}, { 'x-should-retry': String(shouldRetry), ...AT_ONCE }), completion()],
    options: twice,
    run: chat,
  })),
  {
    name: 'retries on a network that fails',
    replies: [{ fails: refused }, completion()],
    options: twice,
    run: chat,
    skipsTime: true,
  },
  {
    name: 'retries without a Retry-After header',
    replies: [failure(500), failure(500), completion()],
    options: twice,
    run: chat,
    skipsTime: true,
  },
  {
    name: 'retry-after in seconds and as a date that has passed',
    replies: [
      failure(503, {}, { 'retry-after': '2' }),
      failure(503, {}, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }),
      completion(),
    ],
    options: twice,
    run: chat,
    skipsTime: true,
  },
  {
    name: 'retries of a stream before it begins',
    replies: [busy, sse(CHUNKS)],
    options: twice,
    run: async ({ client }) => chunksOf(await client.chat.completions.create({ ...CHAT, stream: true })),
  },
  {
    name: 'retries of a call of the account and of a list',
    replies: [busy, { body: MODEL }, busy, { body: { data: [] } }],
    options: twice,
    run: async ({ client }) => [await client.models.retrieve('a'), await client.models.list()],
  },
  {
    name: 'a 409 on a call of the account: its retries are the SDK’s own',
    replies: [failure(409, {}, AT_ONCE), { body: MODEL }],
    options: twice,
    run: ({ client }) => client.models.retrieve('a'),
  },
  {
    name: 'a key function is called before each attempt',
    replies: [busy, busy, completion()],
    run: async ({ create }) => {
      let asked = 0;
      const client = create({ maxRetries: 2, apiKey: async () => `sk-asked-for-${(asked += 1)}` });
      return [await client.chat.completions.create(CHAT), asked];
    },
    onlyOnOwnConnection: 'The client’s key function is called only for its own connection.',
  },
  {
    name: 'retries with the caller’s signal',
    replies: [busy, completion()],
    options: twice,
    run: ({ client }) => client.chat.completions.create(CHAT, { signal: new AbortController().signal }),
  },
  {
    name: 'retries of an upload',
    replies: [busy, { body: MODEL }],
    options: twice,
    run: ({ client }) => client.files.create({ file: new File(['a'], 'a.txt'), purpose: 'batch' }),
  },
  {
    name: 'retries with the original body, even if it has been changed meanwhile',
    replies: [busy, completion()],
    options: twice,
    run: async ({ client, server }) => {
      const answer = await client.chat.completions.create({ ...CHAT, metadata: { a: 'b' } }, { headers: { a: 'b' } });
      return [answer, server.requests[0]?.body === server.requests[1]?.body];
    },
  },
  {
    name: 'retries of raw responses',
    replies: [busy, completion()],
    options: twice,
    run: (stage) => chat(stage).asResponse(),
  },
];
