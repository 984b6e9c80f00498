/** Aborts by the caller at every stage of a call. */

import type { Behaviour } from '../support/behaviour.ts';
import { inBoth, tellsCauseOfAbort } from '../support/differences.ts';
import { rejectsBeforeContent } from '../support/differences-of-streams.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { CHAT, MODEL, chatStream, completion, failure } from '../support/replies.ts';

const reason = new Error('no longer wanted');
const aborted = AbortSignal.abort(reason);

export const ABORTS: readonly Behaviour[] = [
  {
    name: 'an abort before the call',
    replies: [completion()],
    run: ({ client }) => client.chat.completions.create(CHAT, { signal: aborted }),
  },
  {
    name: 'an abort before a call of the account',
    replies: [{ body: MODEL }],
    run: ({ client }) => client.models.retrieve('a', { signal: aborted }),
  },
  {
    name: 'an abort before a list',
    replies: [{ body: MODEL }],
    run: ({ client }) => client.models.list({ signal: aborted }),
  },
  {
    name: 'an abort right after the call',
    replies: [completion()],
    run: ({ client }) => {
      const controller = new AbortController();
      const promise = client.chat.completions.create(CHAT, { signal: controller.signal });
      controller.abort(reason);
      return promise;
    },
  },
  {
    name: 'an abort while the response is awaited',
    replies: [{ silent: true }],
    run: ({ client }) => client.chat.completions.create(CHAT, { signal: AbortSignal.timeout(10) }),
  },
  {
    name: 'an abort between retries',
    replies: [failure(500, {}, { 'retry-after-ms': '50' })],
    options: { maxRetries: 2 },
    run: ({ client }) => client.chat.completions.create(CHAT, { signal: AbortSignal.timeout(10) }),
    differs: inBoth(tellsCauseOfAbort),
  },
  {
    name: 'an abort after the answer',
    replies: [completion()],
    run: async ({ client }) => {
      const controller = new AbortController();
      const promise = client.chat.completions.create(CHAT, { signal: controller.signal });
      await promise;
      controller.abort();
      return promise;
    },
  },
  {
    name: 'an abort while a body is read',
    replies: [{ headers: { 'content-type': 'application/json' }, body: ['{"choices":'], open: true }],
    run: ({ client }) => client.chat.completions.create(CHAT, { signal: AbortSignal.timeout(20) }),
  },
  {
    name: 'an abort in the middle of a stream, by the caller’s signal',
    replies: chatStream(),
    run: async ({ client }) => {
      const controller = new AbortController();
      const stream = await client.chat.completions.create({ ...CHAT, stream: true }, { signal: controller.signal });
      const seen: unknown[] = [];
      for await (const chunk of stream) if (seen.push(chunk) === 2) controller.abort(reason);
      return [seen, stream];
    },
  },
  {
    name: 'an abort of a silent stream',
    replies: [{ body: [], open: true }],
    run: async ({ client }) => {
      const options = { signal: AbortSignal.timeout(20) };
      const stream = await client.chat.completions.create({ ...CHAT, stream: true }, options);
      return [await chunksOf(stream), stream];
    },
    differs: rejectsBeforeContent,
  },
  {
    name: 'an abort of a stream before it is read',
    replies: chatStream(),
    run: async ({ client }) => {
      const controller = new AbortController();
      const stream = await client.chat.completions.create({ ...CHAT, stream: true }, { signal: controller.signal });
      controller.abort(reason);
      return [await chunksOf(stream), stream];
    },
  },
];
