/** Options and bodies of one call. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Behaviour } from '../support/behaviour.ts';
import { CHAT, completion } from '../support/replies.ts';

const replies = [completion()];

export const OPTIONS_OF_CALLS: readonly Behaviour[] = [
  {
    name: 'headers, query and idempotency key of a call',
    replies,
    run: ({ client }) =>
      client.chat.completions.create(CHAT, {
        headers: { 'X-Trace': 'a', 'x-stainless-os': null, 'X-List': undefined },
        query: { debug: 'true', list: ['a', 'b'] },
        idempotencyKey: 'once',
      }),
  },
  {
    name: 'headers of a call as a Headers object and as a list',
    replies,
    run: async ({ client }) => [
      await client.chat.completions.create(CHAT, { headers: new Headers({ 'X-Trace': 'a' }) }),
      await client.chat.completions.create(CHAT, { headers: [['X-Trace', 'b']] as never }),
    ],
  },
  {
    name: 'an idempotency header of the client',
    replies,
    run: ({ client }) => {
      Object.assign(client, { idempotencyHeader: 'Idempotency-Key' });
      return client.chat.completions.create(CHAT, { idempotencyKey: 'once' });
    },
    onlyOnOwnConnection: 'The header is a protected property of the client, and another upstream has its own client.',
  },
  {
    name: 'a body, headers and options that are not changed, and may be frozen',
    replies,
    run: async ({ client }) => {
      const body = Object.freeze({ ...CHAT });
      const options = Object.freeze({ headers: Object.freeze({ a: 'b' }), timeout: 5_000, maxRetries: 1 });
      return [await client.chat.completions.create(body, options), body, options];
    },
  },
  {
    name: 'a body that is changed after the call is read when the SDK reads it',
    replies,
    run: async ({ client }) => {
      const body = { ...CHAT };
      const promise = client.chat.completions.create(body);
      body.model = 'changed';
      return promise;
    },
  },
  {
    name: 'a body with toJSON and one that cannot be encoded',
    replies,
    run: async ({ client }) => {
      const circular: Record<string, unknown> = { ...CHAT };
      circular.self = circular;
      await client.chat.completions.create({ toJSON: () => CHAT } as never);
      return client.chat.completions.create(circular as never);
    },
  },
  {
    name: 'bodies that are not JSON',
    replies,
    run: async ({ client }) => {
      const form = new FormData();
      form.set('a', 'b');
      const bytes = new TextEncoder().encode('{"model":"a"}');
      const headers = { 'content-type': 'application/json' };
      return [
        await client.post('/chat/completions', { body: '{"model":"a"}', headers }),
        await client.post('/chat/completions', { body: bytes, headers }),
        await client.post('/chat/completions', { body: new Blob([bytes]), headers }),
        await client.post('/chat/completions', { body: new Blob([bytes]).stream(), headers }),
        await client.post('/chat/completions', { body: form }),
        await client.post('/chat/completions', {}),
      ];
    },
  },
  {
    name: 'the async context of the caller, at its fetch',
    replies,
    run: async ({ create, server }) => {
      const context = new AsyncLocalStorage<string>();
      const seen: (string | undefined)[] = [];
      const client = create({
        fetch: (url, init) => {
          seen.push(context.getStore());
          return server.fetch(url, init);
        },
      });
      await context.run('a call', () => client.chat.completions.create(CHAT));
      await context.run('a call of the account', () => client.models.retrieve('a'));
      await context.run('a list', () => client.models.list());
      return seen;
    },
  },
];
