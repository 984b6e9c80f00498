/** Uses of a stream other than reading it to its end. */

import type { OpenAI } from 'openai';
import type { Stream } from 'openai/core/streaming';
import type { Behaviour, Stage } from '../support/behaviour.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { CHAT, CHUNKS, chatStream, sse } from '../support/replies.ts';
import type { Replies } from '../support/server.ts';
import { turns } from '../support/turns.ts';

type Chunks = Stream<OpenAI.ChatCompletionChunk>;
const open = ({ client }: Stage): Promise<Chunks> => client.chat.completions.create({ ...CHAT, stream: true });
const replies = chatStream();

/** A stream with a usage chunk in the middle, if requested. */
const usageInTheMidst: Replies = ({ body }) => {
  const usage = { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } };
  const told = body?.includes('include_usage') ? [usage] : [];
  return sse([...CHUNKS.slice(0, 2), ...told, ...CHUNKS.slice(2)]);
};

export const USES_OF_STREAMS: readonly Behaviour[] = [
  {
    name: 'break leaves a stream and closes its source',
    replies: [{ ...sse(CHUNKS.slice(0, 3)), open: true }],
    run: async (stage) => {
      const stream = await open(stage);
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'Hé') break;
      await turns();
      return [stream, stage.server.streamEnds];
    },
  },
  {
    name: 'throwing in the loop closes the source and rethrows',
    replies: [{ ...sse(CHUNKS.slice(0, 3)), open: true }],
    run: async (stage) => {
      for await (const _ of await open(stage)) throw new RangeError('mine');
    },
  },
  {
    name: 'controller.abort() in the middle',
    replies: [{ ...sse(CHUNKS.slice(0, 3)), open: true }],
    run: async (stage) => {
      const stream = await open(stage);
      const seen: unknown[] = [];
      for await (const chunk of stream) if (seen.push(chunk) === 3) stream.controller.abort();
      return [seen, stream];
    },
  },
  {
    name: 'controller.abort() before the first read',
    replies,
    run: async (stage) => {
      const stream = await open(stage);
      stream.controller.abort();
      return [await chunksOf(stream), stream];
    },
  },
  {
    name: 'a second reader',
    replies,
    run: async (stage) => {
      const stream = await open(stage);
      await chunksOf(stream);
      return chunksOf(stream);
    },
  },
  {
    name: 'a manual iterator, also beyond the end',
    replies,
    run: async (stage) => {
      const iterator = (await open(stage))[Symbol.asyncIterator]();
      const results: unknown[] = [];
      for (let pull = 0; pull < 8; pull += 1) results.push(await iterator.next());
      return [results, await iterator.return?.()];
    },
  },
  {
    name: 'concurrent pulls',
    replies,
    run: async (stage) => {
      const iterator = (await open(stage))[Symbol.asyncIterator]();
      return Promise.all(Array.from({ length: 7 }, () => iterator.next()));
    },
  },
  {
    name: 'concurrent pulls, with the usage in the middle',
    replies: usageInTheMidst,
    run: async (stage) => {
      const iterator = (await open(stage))[Symbol.asyncIterator]();
      return Promise.all(Array.from({ length: 7 }, () => iterator.next()));
    },
  },
  {
    name: 'concurrent pulls on one side of a tee, with the usage in the middle',
    replies: usageInTheMidst,
    run: async (stage) => {
      const [left, right] = (await open(stage)).tee();
      const iterator = left[Symbol.asyncIterator]();
      const ahead = await Promise.all(Array.from({ length: 7 }, () => iterator.next()));
      return [ahead, await chunksOf(right)];
    },
  },
  {
    name: 'tee, read at different speeds',
    replies,
    run: async (stage) => {
      const stream = await open(stage);
      const [left, right] = stream.tee();
      const ahead = await chunksOf(left);
      return [left, right, ahead, await chunksOf(right), left.controller === stream.controller];
    },
  },
  {
    name: 'tee, read in parallel',
    replies,
    run: async (stage) => Promise.all((await open(stage)).tee().map((side) => chunksOf(side))),
  },
  {
    name: 'toReadableStream',
    replies,
    run: async (stage) => {
      const stream = await open(stage);
      const readable = stream.toReadableStream();
      return [await new Response(readable).text(), stream];
    },
  },
  {
    name: 'toReadableStream, cancelled',
    replies: [{ ...sse(CHUNKS.slice(0, 3)), open: true }],
    run: async (stage) => {
      const reader = (await open(stage)).toReadableStream().getReader();
      await reader.read();
      await reader.cancel();
      await turns();
      return stage.server.streamEnds;
    },
  },
];
