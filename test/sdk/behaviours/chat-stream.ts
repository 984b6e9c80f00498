/** `chat.completions.stream()`: its events and results. */

import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import type { Behaviour } from '../support/behaviour.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { isInterrupted } from '../support/differences-of-streams.ts';
import { record } from '../support/record.ts';
import { CHAT, CHUNKS, chatStream, delta, failure, sse } from '../support/replies.ts';
import { weatherTool } from '../support/weather-tool.ts';

const City = z.object({ city: z.string() });
const parsed = { ...CHAT, response_format: zodResponseFormat(City, 'city') };
const STREAM_EVENTS = [
  'connect',
  'chunk',
  'content',
  'content.delta',
  'content.done',
  'chatCompletion',
  'message',
  'finalContent',
  'finalMessage',
  'finalChatCompletion',
  'totalUsage',
  'error',
  'abort',
  'end',
];

export const CHAT_STREAM: readonly Behaviour[] = [
  {
    name: 'chat.completions.stream with its events',
    replies: chatStream(),
    run: async ({ client }) => {
      const stream = client.chat.completions.stream(CHAT);
      const told = record(
        stream,
        STREAM_EVENTS.filter((name) => name !== 'error' && name !== 'abort'),
      );
      return [await stream.finalMessage(), await stream.finalChatCompletion(), await stream.finalContent(), told];
    },
  },
  {
    name: 'chat.completions.stream as an iterator',
    replies: chatStream(),
    run: ({ client }) => chunksOf(client.chat.completions.stream(CHAT)),
  },
  {
    name: 'chat.completions.stream, parsed by a schema',
    replies: chatStream([
      delta({ role: 'assistant', content: '{"city"' }),
      delta({ content: ':"Zürich"}' }),
      delta({}, 'stop'),
    ]),
    run: ({ client }) => client.chat.completions.stream(parsed).finalChatCompletion(),
  },
  {
    name: 'chat.completions.stream with a tool call in pieces',
    replies: chatStream([
      delta({
        role: 'assistant',
        tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }],
      }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }),
      delta({ tool_calls: [{ index: 0, function: { arguments: '"Zürich"}' } }] }),
      delta({}, 'tool_calls'),
    ]),
    run: ({ client }) => client.chat.completions.stream({ ...CHAT, tools: [weatherTool] }).finalChatCompletion(),
  },
  {
    name: 'chat.completions.stream with usage',
    replies: chatStream(),
    run: async ({ client }) => {
      const stream = client.chat.completions.stream({ ...CHAT, stream_options: { include_usage: true } });
      return [await stream.totalUsage(), await stream.finalChatCompletion()];
    },
  },
  {
    name: 'chat.completions.stream, aborted',
    replies: [{ ...sse(CHUNKS.slice(0, 3)), open: true }],
    run: async ({ client }) => {
      const stream = client.chat.completions.stream(CHAT);
      const told = record(stream, ['chunk', 'abort', 'end']);
      stream.on('content', () => stream.abort());
      const error: unknown = await stream.done().catch((thrown: unknown) => thrown);
      return [error, told, stream.aborted, stream.errored, stream.ended];
    },
  },
  {
    name: 'chat.completions.stream that fails',
    replies: [failure(400)],
    run: async ({ client }) => {
      const stream = client.chat.completions.stream(CHAT);
      const told = record(stream, ['error', 'end']);
      return [await stream.finalMessage().catch((thrown: unknown) => thrown), told];
    },
  },
  {
    name: 'chat.completions.stream that is cut short',
    replies: [{ body: (sse(CHUNKS) as { body: string[] }).body.slice(0, 2) }],
    run: ({ client }) => client.chat.completions.stream(CHAT).finalMessage(),
    differs: isInterrupted({ text: 'Hé', kind: 'truncated' }),
  },
  {
    name: 'chat.completions.stream to a readable stream and withResponse',
    replies: chatStream(),
    run: async ({ client }) => {
      const stream = client.chat.completions.stream(CHAT);
      return new Response(stream.toReadableStream()).text();
    },
  },
];
