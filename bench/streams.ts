/**
 * What a stream through `CanaryClient` costs beside the bare SDK, in one run, with an in-memory `fetch`: to its first content,
 * and for each chunk. To reach: at most 20 µs to the first content, at most 1 µs a chunk.
 *
 *   npm run bench
 */

import { OpenAI } from 'openai';
import { CanaryClient } from '../src/index.ts';
import { callBody } from './bodies.ts';
import { measure, median, medianDifference, wallUs, type MeasureOptions } from './measure.ts';

const CHUNKS = 400;
const encoder = new TextEncoder();
// As asked for: of a stream that tells no usage it would be estimated.
const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };
const USAGE = `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_767_225_600, model: 'gpt-4.1', choices: [], usage })}\n\n`;
const headers = { 'content-type': 'text/event-stream' };
// Whoever asks for usage sees its chunk: both deliver the same.
const body = { ...callBody, user: 'user-1', stream: true as const, stream_options: { include_usage: true } };

// A preamble, one content, an end.
const first = await measureStreams(toFirstContent, 3, { rounds: 200, times: 50, warmUp: 15_000 });
const whole = await measureStreams(toEnd, 3, { rounds: 200, times: 50, warmUp: 15_000 });
const all = await measureStreams(toEnd, CHUNKS, { rounds: 60, times: 10 });
const perChunk = (values: readonly number[]): number[] => values.map((us) => us / CHUNKS);

console.log('\nstreams in memory, one at a time          bare      ours   µs more');
row('µs to the first content', first.bare, first.ours);
row('µs a stream of three chunks and usage', whole.bare, whole.ours);
row(`µs a chunk, over ${CHUNKS}`, perChunk(all.bare), perChunk(all.ours));

function measureStreams(
  read: (client: OpenAI) => Promise<unknown>,
  chunks: number,
  options: MeasureOptions,
): Promise<Record<'bare' | 'ours', number[]>> {
  const events = Array.from({ length: chunks }, (_, index) => event(index, chunks));
  const encoded = encoder.encode(`${events.join('')}${USAGE}data: [DONE]\n\n`);
  const client = { apiKey: 'bench', fetch: async () => new Response(encoded, { headers }) };
  const bare = new OpenAI(client);
  const ours = new CanaryClient({ ...client, canary: { prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 } } } });
  return measure({ bare: () => read(bare), ours: () => read(ours) }, options);
}

async function toEnd(client: OpenAI): Promise<void> {
  for await (const chunk of await client.chat.completions.create(body)) void chunk;
}

/** From the call to the first chunk with content, in µs; the stream is read to its end. */
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

function row(name: string, base: readonly number[], values: readonly number[]): void {
  const figures = [median(base), median(values), medianDifference(values, base)];
  console.log(name.padEnd(36) + figures.map((figure) => figure.toFixed(2).padStart(10)).join(''));
}
