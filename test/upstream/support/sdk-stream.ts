/** Streams made by the SDK. */

import { OpenAI } from 'openai';

/** The SDK's own stream over these bytes. */
export async function sdkStream(body: BodyInit): Promise<AsyncIterable<unknown> & SdkStream> {
  const response = new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  const client = new OpenAI({ apiKey: 'test', maxRetries: 0, fetch: () => Promise.resolve(response) });
  const stream = await client.chat.completions.create({ model: 'm', messages: [], stream: true });
  // Some members that the tests use are missing in the SDK's types.
  return stream as unknown as AsyncIterable<unknown> & SdkStream;
}

/** The members of a `Stream` that tests use. */
export interface SdkStream {
  readonly controller: AbortController;
  iterator: () => AsyncIterator<unknown>;
  tee(): [AsyncIterable<unknown>, AsyncIterable<unknown>];
  toReadableStream(): ReadableStream<Uint8Array>;
}

/** Server-sent events of these values. */
export function sse(...values: readonly unknown[]): string {
  return values.map((value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`).join('');
}
