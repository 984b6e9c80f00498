/** The SDK alone, without retries, connected to a simulated provider. */

import { setImmediate } from 'node:timers/promises';
import { OpenAI } from 'openai';
import type { ClientOptions } from 'openai';
import type { Provider } from '../../src/testing/index.ts';

export function bareClient(provider: Provider, options: ClientOptions = {}): OpenAI {
  return new OpenAI({ baseURL: provider.url, apiKey: 'test-key', maxRetries: 0, logLevel: 'off', ...options });
}

export const messages = [{ role: 'user' as const, content: 'Say hello, please.' }];

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

/** Waits, one event loop turn at a time, until the condition holds. If it never does, the test times out. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}
