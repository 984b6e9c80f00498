/** Streams, read to their end. */

import type { OpenAI } from 'openai';
import type { Stream } from 'openai/core/streaming';
import type { Behaviour, Stage } from '../support/behaviour.ts';
import { asksStableForResponse } from '../support/differences.ts';
import { OTHER } from '../support/settings.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { isInterrupted } from '../support/differences-of-streams.ts';
import { CHAT, CHUNKS, RESPONSE_EVENTS, chatStream, completion, delta, events, sse } from '../support/replies.ts';
import type { Replies } from '../support/server.ts';

type Chunks = Stream<OpenAI.ChatCompletionChunk>;
const open = ({ client }: Stage): Promise<Chunks> => client.chat.completions.create({ ...CHAT, stream: true });
const read = async (stage: Stage): Promise<unknown> => chunksOf(await open(stage));
const replies = chatStream();

/** `usage: null` in each chunk, as OpenAI sends it in a stream with usage. */
const saysNoUsage: Replies = (request) => {
  const asked = request.body?.includes('include_usage') ?? false;
  return sse(CHUNKS.map((chunk) => ({ ...chunk, ...(asked && { usage: null }) })));
};

export const STREAMS: readonly Behaviour[] = [
  { name: 'chunks of chat', replies, run: read },
  { name: 'the stream itself', replies, run: open },
  {
    name: 'usage that the caller asked for',
    replies,
    run: async ({ client }) =>
      chunksOf(
        await client.chat.completions.create({ ...CHAT, stream: true, stream_options: { include_usage: true } }),
      ),
  },
  {
    name: 'chunks with `usage: null`, because our client asked for usage',
    replies: saysNoUsage,
    run: read,
  },
  {
    name: 'chunks with `usage: null`, because the caller asked for usage',
    replies: saysNoUsage,
    run: async ({ client }) =>
      chunksOf(
        await client.chat.completions.create({ ...CHAT, stream: true, stream_options: { include_usage: true } }),
      ),
  },
  {
    name: 'other options of streams',
    replies,
    run: async ({ client }) =>
      chunksOf(
        await client.chat.completions.create({
          ...CHAT,
          stream: true,
          stream_options: { include_obfuscation: false },
        }),
      ),
  },
  {
    name: 'usage in a chunk that has choices',
    replies: [
      sse([
        ...CHUNKS.slice(0, -1),
        { ...delta({}, 'stop'), usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
      ]),
    ],
    run: read,
  },
  {
    name: 'legacy completions',
    replies: [
      sse([
        { choices: [{ index: 0, text: 'a', finish_reason: null }] },
        { choices: [{ index: 0, text: '', finish_reason: 'stop' }] },
      ]),
    ],
    run: async ({ client }) =>
      chunksOf(await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'a', stream: true })),
  },
  {
    name: 'events of responses',
    replies: [events(RESPONSE_EVENTS)],
    run: async ({ client }) => chunksOf(await client.responses.create({ model: 'gpt-4.1', input: 'a', stream: true })),
  },
  {
    name: 'events of a response that is resumed',
    replies: [events(RESPONSE_EVENTS)],
    run: async ({ client }) => chunksOf(await client.responses.retrieve('resp_1', { stream: true, starting_after: 2 })),
    differs: { elsewhere: [asksStableForResponse(OTHER)] },
  },
  {
    name: 'comments, CRLF and events over several lines',
    replies: [
      {
        body: [
          ': hello\r\n\r\n',
          'data: {"choices":\r\ndata: []}\r\n\r\n',
          ': a\r\n\r\ndata: {"choices":[{"index":0,"finish_reason":"stop"}]}\r\n',
          '\r\ndata: [DO',
          'NE]\r\n\r\n',
        ],
      },
    ],
    run: read,
  },
  {
    name: 'an empty stream',
    replies: [{ body: [] }],
    run: read,
    differs: isInterrupted({ text: '', kind: 'truncated' }),
  },
  {
    name: 'a stream that is cut short',
    replies: [{ body: (sse(CHUNKS) as { body: string[] }).body.slice(0, 2) }],
    run: read,
    differs: isInterrupted({ text: 'Hé', kind: 'truncated' }),
  },
  {
    name: 'an error in a stream',
    replies: [sse([...CHUNKS.slice(0, 2), { error: { message: 'No.', code: 'server_error', type: 'a' } }])],
    run: read,
    differs: isInterrupted({ text: 'Hé', kind: 'server', cause: true }),
  },
  {
    name: 'malformed JSON in a stream',
    replies: [{ body: ['data: {"choices":[]}\n\n', 'data: {"cho\n\n'] }],
    run: read,
    differs: isInterrupted({ text: '', kind: 'malformed', cause: true }),
  },
  {
    name: 'a JSON answer instead of a stream',
    replies: [completion()],
    run: read,
    differs: isInterrupted({ text: '', kind: 'truncated' }),
  },
  { name: 'a stream without a body', replies: [{ status: 200 }], run: read },
  {
    name: 'awaiting a stream twice gives the same stream',
    replies,
    run: async (stage) => {
      const promise = stage.client.chat.completions.create({ ...CHAT, stream: true });
      return [(await promise) === (await promise), await chunksOf(await promise)];
    },
  },
  {
    name: 'a speech that is streamed',
    replies: [{ body: ['data: {"type":"speech.audio.done"}\n\n'] }],
    run: async ({ client, server }) => {
      const body = { model: 'a', voice: 'alloy', input: 'a', stream_format: 'sse' } as const;
      const speech = await client.audio.speech.create(body);
      return [speech === server.responses[0], await speech.text()];
    },
  },
];
