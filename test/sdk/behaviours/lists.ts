/** Pages and their pagination. */

import type { Behaviour } from '../support/behaviour.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { FILE, MODEL, failure } from '../support/replies.ts';
import type { Reply } from '../support/server.ts';

const models: Reply[] = [{ body: { object: 'list', data: [MODEL, { ...MODEL, id: 'b' }] } }];
const files: Reply[] = [
  { body: { object: 'list', data: [FILE, { ...FILE, id: 'file-2' }], has_more: true } },
  { body: { object: 'list', data: [{ ...FILE, id: 'file-3' }], has_more: false } },
];

export const LISTS: readonly Behaviour[] = [
  { name: 'a page', replies: models, run: ({ client }) => client.models.list() },
  {
    name: 'for await on a list that is not awaited',
    replies: models,
    run: ({ client }) => chunksOf(client.models.list()),
  },
  {
    name: 'for await over several pages',
    replies: files,
    run: ({ client }) => chunksOf(client.files.list({ limit: 2 }, { headers: { a: 'b' } })),
  },
  {
    name: 'pages by hand',
    replies: files,
    run: async ({ client }) => {
      const first = await client.files.list({ limit: 2, purpose: 'batch' });
      const second = await first.getNextPage();
      return [
        first,
        first.hasNextPage(),
        first.nextPageRequestOptions(),
        second,
        second.hasNextPage(),
        second instanceof first.constructor,
      ];
    },
  },
  {
    name: 'a page after the last',
    replies: files.slice(1),
    run: async ({ client }) => (await client.files.list()).getNextPage(),
  },
  { name: 'iterPages', replies: files, run: async ({ client }) => chunksOf((await client.files.list()).iterPages()) },
  {
    name: 'a second page that fails',
    replies: [...files.slice(0, 1), failure(500)],
    run: ({ client }) => chunksOf(client.files.list()),
  },
  { name: 'a list that fails', replies: [failure(403)], run: ({ client }) => client.models.list() },
  {
    name: 'a list that fails, without an await',
    replies: [failure(403)],
    run: ({ client }) => chunksOf(client.models.list()),
  },
  { name: 'an empty page', replies: [{ body: { data: [] } }], run: ({ client }) => chunksOf(client.files.list()) },
  { name: 'a page that is none', replies: [{ body: {} }], run: ({ client }) => client.models.list() },
  {
    name: 'items of a response',
    replies: [{ body: { object: 'list', data: [{ id: 'msg_1' }], has_more: false } }],
    run: ({ client }) => chunksOf(client.responses.inputItems.list('resp_1')),
  },
  {
    name: 'stored completions, and pages that are posted',
    replies: [{ body: { object: 'list', data: [{ id: 'a' }], has_more: false } }],
    run: async ({ client }) => [
      await chunksOf(client.chat.completions.list({ model: 'gpt-4.1' })),
      await chunksOf(client.vectorStores.search('vs_1', { query: 'a' })),
    ],
  },
  {
    name: 'awaiting a list twice gives the same page',
    replies: models,
    run: async ({ client, server }) => {
      const promise = client.models.list();
      return [(await promise) === (await promise), await promise, server.requests.length];
    },
  },
  {
    name: 'a list that is transformed',
    replies: models,
    run: ({ client }) => client.models.list()._thenUnwrap(({ data }) => data.length),
  },
  {
    name: 'catch and finally of a list',
    replies: [failure(404), ...models],
    run: async ({ client }) => {
      const ended: string[] = [];
      const error: unknown = await client.models.list().catch((thrown: unknown) => thrown);
      return [error, await client.models.list().finally(() => ended.push('finally')), ended];
    },
  },
  {
    name: 'the raw response of a list, and its page after it',
    replies: models,
    run: async ({ client, server }) => {
      const promise = client.models.list();
      const response = await promise.asResponse();
      return [response === server.responses[0], await promise, await client.models.list().withResponse()];
    },
  },
];
