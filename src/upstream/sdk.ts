/** Types of the `openai` SDK that its entry point does not export, derived from those that it does. */

import type { APIPromise, OpenAI } from 'openai';

export type { APIPromise, OpenAI };

/** What every resource method hands to `request()`. */
export type RequestOptions = Awaited<Parameters<OpenAI['request']>[0]>;

/** A response and what belongs to it, before its body is parsed. */
export type ResponseProps = Parameters<Parameters<APIPromise<unknown>['_thenUnwrap']>[0]>[1];

/** Sends one request, with `retries` retries by the SDK itself (`null`: as the client is set). */
export type Send = (options: RequestOptions, retries: number | null) => APIPromise<unknown>;

/** A parsed body with the properties of its response. */
export interface Parsed {
  readonly data: unknown;
  readonly props: ResponseProps;
}

/** Parses the response of `promise`, as often as one likes: the SDK reads the body once. */
export async function parse(promise: APIPromise<unknown>): Promise<Parsed> {
  // Private in the SDK's types, but its constructor's own parameter in every version. Without it one more promise is made.
  const { responsePromise } = promise as unknown as { readonly responsePromise?: Promise<ResponseProps> };
  if (!responsePromise) return parseBoxed(promise);
  const data = await promise;
  return { data, props: await responsePromise };
}

/**
 * The data travels in an array: the SDK stamps `_request_id` on every object that `_thenUnwrap` returns, and streams and raw
 * responses must stay as they are.
 */
async function parseBoxed(promise: APIPromise<unknown>): Promise<Parsed> {
  const [data, props] = await promise._thenUnwrap((parsed, itsProps) => [parsed, itsProps] as const);
  return { data, props };
}
