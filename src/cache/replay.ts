/** Gives a stored answer again, by the SDK's own parser: each caller gets a body, a stream and a response of its own. */

import type { Answer } from '../upstream/attempt-types.ts';
import { answerOf } from '../upstream/sdk/parse-response.ts';
import type { OpenAI, RequestOptions } from '../upstream/sdk/types.ts';
import type { EncodedAnswer } from './record-answer.ts';

/** What a caller gets who asks as `options` say. */
export function replay(stored: EncodedAnswer, client: OpenAI, options: RequestOptions, nowMs: number): Answer {
  const controller = new AbortController();
  const body = options.stream ? eventsOf(stored.body, controller, options.signal) : stored.body;
  const response = responseOf(stored, body);
  return answerOf({ client, options, response, controller, startTime: nowMs });
}

/** A response of the stored head. */
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

/** The events one by one, until the caller or its signal aborts: as the network would. */
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
  let given = 0;
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
        const event = events[given];
        given += 1;
        if (event !== undefined) return stream.enqueue(encoder.encode(event));
        release();
        stream.close();
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  );
}
