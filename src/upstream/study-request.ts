/** Looks at what a client's `request()` does, while it does it. */

import type { APIPromise, OpenAI, Parse, Request, RequestOptions, ResponseProps } from './sdk.ts';
import { parseOf, propsOf } from './sdk.ts';

/** What a client's `request()` may call: private in the SDK's types, and the same from 6.0 to 7.59. */
export interface Sending {
  makeRequest: MakeRequest;
}

type MakeRequest = (options: RequestOptions, retries: number | null, retryOf: undefined) => Promise<ResponseProps>;

/** What `request()` is called with. */
interface Given {
  readonly options: RequestOptions;
  readonly retries: number | null;
}

/** What a `request()` gave, and which requests it made for that. */
interface Seen {
  readonly promise: APIPromise<unknown>;
  readonly made: readonly { readonly args: readonly unknown[]; readonly props: Promise<ResponseProps> }[];
}

/**
 * Sends by `request`. Where all that it does is to wrap the one request that it makes, `parse` is what its promises read bodies
 * by; else it is `undefined`.
 */
export function studyRequest(
  client: OpenAI,
  request: Request,
  given: Given,
): { readonly promise: APIPromise<unknown>; readonly parse: Parse | undefined } {
  const seen = oversee(client, request, given, sendingOf(client).makeRequest);
  if (!onlyWraps(request, given, seen)) return { promise: seen.promise, parse: undefined };
  // Of a promise of nothing: what it parses by holds no request that was sent.
  const nothing = oversee(client, request, NOTHING, () => new Promise<never>(() => undefined));
  return { promise: seen.promise, parse: parseOf(nothing.promise) };
}

const NOTHING: Given = { options: { method: 'get', path: '/' }, retries: 0 };

/** Whether its requests can be seen; one that somebody spies on is theirs. */
export function canStudy(client: OpenAI): boolean {
  const isKnown = typeof sendingOf(client).makeRequest === 'function';
  return isKnown && !Object.hasOwn(client, 'makeRequest') && Object.isExtensible(client);
}

export function sendingOf(client: OpenAI): Sending {
  return client as unknown as Sending;
}

function oversee(client: OpenAI, request: Request, { options, retries }: Given, makeRequest: MakeRequest): Seen {
  const made: { args: readonly unknown[]; props: Promise<ResponseProps> }[] = [];
  const value: MakeRequest = (...args) => {
    const props = makeRequest.apply(client, args);
    made.push({ args, props });
    return props;
  };
  Object.defineProperty(client, 'makeRequest', { value, configurable: true });
  try {
    return { promise: request.call(client, options, retries), made };
  } finally {
    Reflect.deleteProperty(client, 'makeRequest');
  }
}

/** It made one request, at once and as it was asked to, and gave a promise of its very response. */
function onlyWraps(request: Request, { options, retries }: Given, { promise, made }: Seen): boolean {
  // What instruments another function does not name what that calls.
  if (!Function.prototype.toString.call(request).includes('makeRequest')) return false;
  const [first] = made;
  if (!first || made.length > 1 || propsOf(promise) !== first.props) return false;
  const [itsOptions, itsRetries, ...rest] = first.args;
  return itsOptions === options && itsRetries === retries && rest.every((argument) => argument === undefined);
}
