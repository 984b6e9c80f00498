/** Calls as tests make them. */

import type { OpenAI } from 'openai';
import type { ManualClock } from '../../src/testing/index.ts';

/** The body of a chat call without any key but its conversation. */
export const BODY: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: 'gpt-4.1',
  messages: [{ role: 'user', content: 'Say hello.' }],
};

/** The same as a stream. */
export const STREAM_BODY: OpenAI.ChatCompletionCreateParamsStreaming = { ...BODY, stream: true };

/** One chat call. */
export function ask(client: OpenAI, options?: OpenAI.RequestOptions): Promise<OpenAI.ChatCompletion> {
  return client.chat.completions.create(BODY, options);
}

/** How a promise has settled so far. */
export type Settled<T> = { state: 'pending' } | { state: 'resolved'; value: T } | { state: 'rejected'; error: unknown };

/** Looks at a promise while time is moved by hand. */
export function watch<T>(promise: Promise<T>): { readonly now: Settled<T> } {
  const watched: { now: Settled<T> } = { now: { state: 'pending' } };
  promise.then(
    (value) => (watched.now = { state: 'resolved', value }),
    (error: unknown) => (watched.now = { state: 'rejected', error }),
  );
  return watched;
}

/** What `promise` has become when `ms` have passed; fails if it is pending still. */
export async function within<T>(clock: ManualClock, ms: number, promise: Promise<T>): Promise<T> {
  const watched = watch(promise);
  await clock.advance(ms);
  if (watched.now.state === 'pending') throw new Error(`Still pending after ${ms} ms`);
  return promise;
}

/** What `promise` has thrown when `ms` have passed; fails if it is pending or resolved. */
export async function errorWithin(clock: ManualClock, ms: number, promise: Promise<unknown>): Promise<unknown> {
  const watched = watch(promise);
  await clock.advance(ms);
  if (watched.now.state === 'rejected') return watched.now.error;
  throw new Error(`Expected a rejection within ${ms} ms, got ${watched.now.state}`);
}

/** Everything that a stream gives, and the error it ends with, if any. */
export async function drain<Chunk>(stream: AsyncIterable<Chunk>): Promise<{ chunks: Chunk[]; error: unknown }> {
  const chunks: Chunk[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
    return { chunks, error: undefined };
  } catch (error) {
    return { chunks, error };
  }
}
