/** Types and internals of the `openai` SDK that its entry point does not export. Types are derived from those that it does. */

import type { APIPromise, OpenAI } from 'openai';

export type { APIPromise, OpenAI };

/** The options that every resource method passes to `request()`. */
export type RequestOptions = Awaited<Parameters<OpenAI['request']>[0]>;

/** A response and its request, before the body is parsed. */
export type ResponseProps = Parameters<Parameters<APIPromise<unknown>['_thenUnwrap']>[0]>[1];

/** `request()`: the SDK's own, that of a subclass, or a spy in its place. */
export type RequestMethod = OpenAI['request'];

/** Parses the body of a response as the client that sent the request does. */
export type Parse = (client: OpenAI, props: ResponseProps) => Promise<unknown>;

/** A parsed body with the properties of its response. */
export interface Parsed {
  readonly data: unknown;
  readonly props: ResponseProps;
}

/**
 * The response of `promise` as soon as its headers have arrived; `undefined` where the SDK does not expose it. The field is private in
 * the SDK's types, but a parameter of the constructor in every version. Reading it saves one promise for each call.
 */
export function propsOf(promise: APIPromise<unknown>): Promise<ResponseProps> | undefined {
  return (promise as unknown as { readonly responsePromise?: Promise<ResponseProps> }).responsePromise;
}

/** The function that parses the response of `promise`; `undefined` where the SDK does not expose it. */
export function parseOf(promise: APIPromise<unknown>): Parse | undefined {
  return (promise as unknown as { readonly parseResponse?: Parse }).parseResponse;
}

/**
 * Parses the response of `promise`. May be called several times, since the SDK reads the body once. The data is returned in an array,
 * because the SDK adds `_request_id` to every object that `_thenUnwrap` returns, and streams and raw responses must stay unchanged.
 */
export async function parse(promise: APIPromise<unknown>): Promise<Parsed> {
  const [data, itsProps] = await promise._thenUnwrap((parsed, parsedProps) => [parsed, parsedProps] as const);
  return { data, props: itsProps };
}

/** Members of the SDK's `Stream` that are missing in its types. */
export interface StreamInternals {
  readonly controller: AbortController;
  iterator: () => AsyncIterator<unknown>;
}

/** Whether a parsed body is a stream that can be watched. */
export function isStream(data: unknown): data is StreamInternals {
  return (
    typeof data === 'object' &&
    data !== null &&
    'controller' in data &&
    'iterator' in data &&
    typeof data.iterator === 'function'
  );
}

/** A response with the status, headers and URL of `response`, and the given body. */
export function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers, url } = response;
  return Object.defineProperty(new Response(body, { status, statusText, headers }), 'url', { value: url });
}
