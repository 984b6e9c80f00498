/** Turns the answers of upstreams, and the errors of calls, into the responses of the gateway. */

import { APIError } from 'openai';
import { detailOf, errorResponse, explainError } from './error-response.ts';

/** Names the upstream of an answer. */
export const UPSTREAM_HEADER = 'x-canary-upstream';

/** Headers of an answer that reach the client. Cookies, and what concerns only the connection to the upstream, do not. */
const PASSED =
  /^(?:content-type|cache-control|(?:x-)?request-id|retry-after(?:-ms)?|x-should-retry|x-ratelimit-.+|openai-(?:model|processing-ms|version))$/;

/** What an answer's end concerns. */
export interface Relay {
  readonly upstream: string | undefined;
  /** Whether errors within the body are written as events of the Responses API. */
  readonly surface: 'responses' | 'other';
  /** Called once when the client has the whole answer, or gets no more of it. */
  readonly onEnd: () => void;
  /** Aborted when the call is. */
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** The answer of an upstream with its status and its bytes. */
export function passOn(response: Response, relay: Relay): Response {
  const headers = passedHeaders(response.headers, relay.upstream);
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  if (!response.body) relay.onEnd();
  const body = response.body && relayed(response.body, relay, isStream);
  return new Response(body, { status: response.status, headers });
}

/** The refusal of an upstream with its status and its body; other errors in the form of one. */
export function explain(error: unknown, upstream: string | undefined, nowMs: number): Response {
  const explained = explainError(error, nowMs);
  const named = upstream === undefined ? {} : { [UPSTREAM_HEADER]: upstream };
  if (explained) return errorResponse({ ...explained, headers: { ...explained.headers, ...named } });
  if (!(error instanceof APIError) || typeof error.status !== 'number') {
    return errorResponse({ status: 500, message: 'The gateway failed.', code: 'internal_error', headers: named });
  }
  const { status, error: body } = error as { readonly status: number; readonly error: unknown };
  const headers = passedHeaders(error.headers ?? new Headers(), upstream);
  headers.delete('content-type');
  const isObject = typeof body === 'object' && body !== null;
  // A page of HTML, or nothing.
  const detail = isObject
    ? body
    : detailOf({ status, message: `The upstream answered ${status} without an error object.` });
  return Response.json({ error: detail }, { status, headers });
}

function passedHeaders(from: Headers, upstream: string | undefined): Headers {
  const headers = new Headers([...from].filter(([name]) => PASSED.test(name)));
  if (upstream !== undefined) headers.set(UPSTREAM_HEADER, upstream);
  return headers;
}

/** The same chunks. A stream of events that breaks off ends with the error as an event; every other body breaks off. */
function relayed(body: ReadableStream<Uint8Array>, relay: Relay, isStream: boolean): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const { onEnd, signal } = relay;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          // The body of an aborted call ends as if it were complete.
          if (done && signal.aborted) throw signal.reason;
          if (!done) return controller.enqueue(value);
          onEnd();
          controller.close();
        } catch (error) {
          onEnd();
          if (!isStream) return controller.error(error);
          controller.enqueue(errorEvent(error, relay));
          controller.close();
        }
      },
      async cancel(reason) {
        onEnd();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The blank line ends an event that broke off. */
function errorEvent(error: unknown, { surface, signal, now }: Relay): Uint8Array {
  const explained = signal.aborted
    ? { status: 503, message: 'The gateway is shutting down.', code: 'shutting_down' }
    : (explainError(error, now()) ?? {
        status: 502,
        message: 'The stream from the upstream broke off.',
        code: 'stream_interrupted',
      });
  const detail = detailOf(explained);
  const text =
    surface === 'responses'
      ? `event: error\ndata: ${JSON.stringify({ ...detail, type: 'error', error: detail })}`
      : `data: ${JSON.stringify({ error: detail })}`;
  return new TextEncoder().encode(`\n\n${text}\n\n`);
}
