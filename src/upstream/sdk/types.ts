/** Types of the `openai` SDK that its entry point does not export, derived from those that it does. */

import type { APIPromise, OpenAI } from 'openai';

export type { APIPromise, OpenAI };

/** What every resource method hands to `request()`. */
export type RequestOptions = Awaited<Parameters<OpenAI['request']>[0]>;

/** A response and what belongs to it, before its body is parsed. */
export type ResponseProps = Parameters<Parameters<APIPromise<unknown>['_thenUnwrap']>[0]>[1];

/** Sends what a resource method hands to it: the SDK's own, a subclass's, or what a spy has put in its place. */
export type RequestMethod = OpenAI['request'];

/** Reads the body of a response as the client that sent the request does. */
export type Parse = (client: OpenAI, props: ResponseProps) => Promise<unknown>;

/** A parsed body with the properties of its response. */
export interface Parsed {
  readonly data: unknown;
  readonly props: ResponseProps;
}

/**
 * The response of `promise` as soon as its headers are there; `undefined` where the SDK does not show it. Private in its types,
 * but a parameter of its constructor in every version: it spares a promise for each call.
 */
export function propsOf(promise: APIPromise<unknown>): Promise<ResponseProps> | undefined {
  return (promise as unknown as { readonly responsePromise?: Promise<ResponseProps> }).responsePromise;
}

/** How the response of `promise` is parsed; `undefined` where the SDK does not show it. */
export function parseOf(promise: APIPromise<unknown>): Parse | undefined {
  return (promise as unknown as { readonly parseResponse?: Parse }).parseResponse;
}

/**
 * Parses the response of `promise`, as often as one likes: the SDK reads the body once. The data travels in an array, since
 * the SDK stamps `_request_id` on every object that `_thenUnwrap` returns, and streams and raw responses must stay as they are.
 */
export async function parse(promise: APIPromise<unknown>): Promise<Parsed> {
  const [data, itsProps] = await promise._thenUnwrap((parsed, parsedProps) => [parsed, parsedProps] as const);
  return { data, props: itsProps };
}

/* PART: The SDK's streams, as far as its types do not show them. */

/** The parts of the SDK's `Stream` that its types do not show. */
export interface StreamInternals {
  readonly controller: AbortController;
  iterator: () => AsyncIterator<unknown>;
}

/** Whether the parsed body of a streaming call is a stream that can be watched. */
export function isStream(data: unknown): data is StreamInternals {
  return (
    typeof data === 'object' &&
    data !== null &&
    'controller' in data &&
    'iterator' in data &&
    typeof data.iterator === 'function'
  );
}

/* PART: A response with another body. */

/** Status, headers and address of `response` over `body`. */
export function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers, url } = response;
  return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url });
}
