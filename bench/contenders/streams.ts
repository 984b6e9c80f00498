/** One chat stream with the bare SDK and with `CanaryClient`, both with an in-memory `fetch`. */

import { OpenAI } from 'openai';
import { CanaryClient } from '../../src/index.ts';
import { callBody } from '../bodies.ts';
import type { MakeContenders } from '../contender.ts';
import { wallUs } from '../measure.ts';

export interface StreamsGiven {
  /** Chunks per stream: the role, the content, the end. At least 3. */
  readonly chunks: number;
  /** Measures only the time to the first content. */
  readonly toFirst: boolean;
}

export const contenders = {
  bare: (given: StreamsGiven) => streamsOf(new OpenAI(optionsOf(given)), given),
  off: (given: StreamsGiven) => streamsOf(new CanaryClient(optionsOf(given)), given),
  on: (given: StreamsGiven) => streamsOf(new CanaryClient({ ...optionsOf(given), canary: { prices } }), given),
} satisfies MakeContenders<string, StreamsGiven>;

const prices = { openai: { inputPerMTok: 2, outputPerMTok: 8 } };
const encoder = new TextEncoder();
// The body asks for usage. Without it, `CanaryClient` would count tokens to estimate it.
const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };
const USAGE = `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_767_225_600, model: 'gpt-4.1', choices: [], usage })}\n\n`;
const headers = { 'content-type': 'text/event-stream' };
// With `include_usage` all clients deliver the usage chunk, so they deliver the same chunks.
const body = { ...callBody, user: 'user-1', stream: true as const, stream_options: { include_usage: true } };

function optionsOf({ chunks }: StreamsGiven) {
  const events = Array.from({ length: chunks }, (_, index) => event(index, chunks));
  const encoded = encoder.encode(`${events.join('')}${USAGE}data: [DONE]\n\n`);
  return { apiKey: 'bench', fetch: async () => new Response(encoded, { headers }) };
}

function streamsOf(client: OpenAI, { toFirst }: StreamsGiven): () => Promise<unknown> {
  return toFirst ? () => toFirstContent(client) : () => toEnd(client);
}

async function toEnd(client: OpenAI): Promise<void> {
  for await (const chunk of await client.chat.completions.create(body)) void chunk;
}

/** The time from the call to the first chunk with content, in µs. The stream is read to its end. */
async function toFirstContent(client: OpenAI): Promise<number> {
  const startedUs = wallUs();
  let tookUs: number | undefined;
  for await (const { choices } of await client.chat.completions.create(body)) {
    if (choices[0]?.delta.content) tookUs ??= wallUs() - startedUs;
  }
  return tookUs ?? Number.NaN;
}

function event(index: number, chunks: number): string {
  const isLast = index === chunks - 1;
  const delta = index === 0 ? { role: 'assistant', content: '' } : isLast ? {} : { content: ' word' };
  const chunk = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_767_225_600,
    model: 'gpt-4.1-2025-04-14',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: isLast ? 'stop' : null }],
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}
