/** Helpers that make calls. */

import type { OpenAI } from 'openai';
import type { ManualClock } from '../../src/testing/index.ts';

/** The body of a chat call. It has no key except its conversation. */
export const BODY: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: 'gpt-4.1',
  messages: [{ role: 'user', content: 'Say hello.' }],
};

/** The same body for a stream. */
export const STREAM_BODY: OpenAI.ChatCompletionCreateParamsStreaming = { ...BODY, stream: true };

/** Makes one chat call. */
export function ask(client: OpenAI, options?: OpenAI.RequestOptions): Promise<OpenAI.ChatCompletion> {
  return client.chat.completions.create(BODY, options);
}

/** The current state of a promise. */
export type Settled<T> = { state: 'pending' } | { state: 'resolved'; value: T } | { state: 'rejected'; error: unknown };

/** Observes a promise while a test moves the clock. */
export function watch<T>(promise: Promise<T>): { readonly now: Settled<T> } {
  const watched: { now: Settled<T> } = { now: { state: 'pending' } };
  promise.then(
    (value) => (watched.now = { state: 'resolved', value }),
    (error: unknown) => (watched.now = { state: 'rejected', error }),
  );
  return watched;
}

/** The value of `promise` after `ms` have passed; fails if it is still pending. */
export async function within<T>(clock: ManualClock, ms: number, promise: Promise<T>): Promise<T> {
  const watched = watch(promise);
  await clock.advance(ms);
  if (watched.now.state === 'pending') throw new Error(`Still pending after ${ms} ms`);
  return promise;
}

/** The error of `promise` after `ms` have passed; fails if it is pending or resolved. */
export async function errorWithin(clock: ManualClock, ms: number, promise: Promise<unknown>): Promise<unknown> {
  const watched = watch(promise);
  await clock.advance(ms);
  if (watched.now.state === 'rejected') return watched.now.error;
  throw new Error(`Expected a rejection within ${ms} ms, got ${watched.now.state}`);
}

/** Reads a stream to its end. Returns its chunks, and the error that it ends with, if any. */
export async function drain<Chunk>(stream: AsyncIterable<Chunk>): Promise<{ chunks: Chunk[]; error: unknown }> {
  const chunks: Chunk[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
    return { chunks, error: undefined };
  } catch (error) {
    return { chunks, error };
  }
}
