/** The raw bytes of streams. */

import type { Behaviour } from '../support/behaviour.ts';
import { inBoth, passesOnRawStreams } from '../support/differences.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { CHAT, CHUNKS, RESPONSE_EVENTS, chatStream, events, sse } from '../support/replies.ts';
import { turns } from '../support/turns.ts';

const replies = chatStream();

export const RAW_STREAMS: readonly Behaviour[] = [
  {
    name: 'the raw bytes of a stream',
    replies,
    run: async ({ client }) => {
      const response = await client.chat.completions.create({ ...CHAT, stream: true }).asResponse();
      return [response, await response.text()];
    },
  },
  {
    name: 'the raw response of a stream is the one that fetch returned',
    replies,
    run: async ({ client, server }) => {
      const response = await client.chat.completions.create({ ...CHAT, stream: true }).asResponse();
      return response === server.responses[0];
    },
    differs: inBoth(passesOnRawStreams),
  },
  {
    name: 'the raw bytes of a stream of responses',
    replies: [events(RESPONSE_EVENTS)],
    run: async ({ client }) =>
      (await client.responses.create({ model: 'a', input: 'a', stream: true }).asResponse()).text(),
  },
  {
    name: 'the raw bytes of a stream, cancelled in the middle',
    replies: [{ ...sse(CHUNKS.slice(0, 3)), open: true }],
    run: async ({ client, server }) => {
      const { body } = await client.chat.completions.create({ ...CHAT, stream: true }).asResponse();
      const reader = body!.getReader();
      await reader.read();
      await reader.cancel();
      await turns();
      return server.streamEnds;
    },
  },
  {
    name: 'the stream after asResponse, unread',
    replies,
    run: async ({ client }) => {
      const promise = client.chat.completions.create({ ...CHAT, stream: true });
      await promise.asResponse();
      return chunksOf(await promise);
    },
  },
];
