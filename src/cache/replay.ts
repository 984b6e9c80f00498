/** Replays stored answers through the SDK's own parser, so that each caller gets its own body, stream and response. */

import type { Answer } from '../upstream/attempt-types.ts';
import { answerOf } from '../upstream/sdk/parse-response.ts';
import type { OpenAI, RequestOptions } from '../upstream/sdk/types.ts';
import type { EncodedAnswer } from './record-answer.ts';

/** The stored answer in the form that `options` request. */
export function replay(stored: EncodedAnswer, client: OpenAI, options: RequestOptions, nowMs: number): Answer {
  const controller = new AbortController();
  const body = options.stream ? eventsOf(stored.body, controller, options.signal) : stored.body;
  const response = responseOf(stored, body);
  return answerOf({ client, options, response, controller, startTime: nowMs });
}

/** A response with the stored status and headers. */
export function responseOf(
  { status, statusText, headers, url, body: whole }: EncodedAnswer,
  body: BodyInit = whole,
): Response {
  const response = new Response(body, {
    status,
    statusText,
    headers: new Headers(headers.map(([name, value]): [string, string] => [name, value])),
  });
  return Object.defineProperty(response, 'url', { value: url });
}

/** Delivers the events one by one, as the network would, until the caller or its signal aborts. */
function eventsOf(
  body: Uint8Array<ArrayBuffer>,
  controller: AbortController,
  signal: AbortSignal | null | undefined,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const events = new TextDecoder().decode(body).split(/(?<=\n\n)/);
  const abort = (): void => controller.abort();
  const release = (): void => signal?.removeEventListener('abort', abort);
  signal?.addEventListener('abort', abort, { once: true });
  let next = 0;
  return new ReadableStream(
    {
      start: (stream) => {
        const end = (): void => {
          release();
          stream.error(controller.signal.reason);
        };
        controller.signal.addEventListener('abort', end, { once: true });
      },
      pull: (stream) => {
        const event = events[next];
        next += 1;
        if (event !== undefined) return stream.enqueue(encoder.encode(event));
        release();
        stream.close();
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  );
}
