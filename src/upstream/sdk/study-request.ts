/** Looks at what the SDK's `request()` does, while it does it. */

import type { APIPromise, OpenAI, Parse, RequestMethod, RequestOptions, ResponseProps } from './types.ts';
import { parseOf, propsOf } from './types.ts';

/** What `request()` calls: private in the SDK's types, and the same from 6.0 to 7.59. */
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

/** Sends a request as `request()` would, without its promise. */
export function makeRequest(client: OpenAI, options: RequestOptions, retries: number | null): Promise<ResponseProps> {
  return makerOf(client).makeRequest(options, retries, undefined);
}

/**
 * Whether `request` is that of the SDK, whose class has `makeRequest()` as well: what others do beside it cannot be seen. A client that
 * somebody has put a spy on is theirs to look at.
 */
export function canStudy(client: OpenAI, request: RequestMethod): boolean {
  if (Object.hasOwn(client, 'makeRequest') || !Object.isExtensible(client)) return false;
  let owner: unknown = Object.getPrototypeOf(client);
  while (isObject(owner) && !Object.hasOwn(owner, 'makeRequest')) owner = Object.getPrototypeOf(owner);
  if (!isObject(owner) || Object.getOwnPropertyDescriptor(owner, 'request')?.value !== request) return false;
  // What instruments the class stands in the same place, and calls the SDK's own under another name.
  return Function.prototype.toString.call(request).includes('makeRequest');
}

/**
 * Sends by `request`. Where all that it does is to wrap the one request that it makes, `parse` is what its promises read bodies
 * by; else it is `undefined`.
 */
export function studyRequest(
  client: OpenAI,
  request: RequestMethod,
  given: Given,
): { readonly promise: APIPromise<unknown>; readonly parse: Parse | undefined } {
  const seen = oversee(client, request, given, makerOf(client).makeRequest);
  return { promise: seen.promise, parse: onlyWraps(given, seen) ? parseBy(client, request) : undefined };
}

/** Of a promise of nothing: what that parses by holds no request that was sent. */
function parseBy(client: OpenAI, request: RequestMethod): Parse | undefined {
  const given: Given = { options: { method: 'get', path: '/' }, retries: 0 };
  try {
    return parseOf(oversee(client, request, given, () => new Promise<never>(() => undefined)).promise);
  } catch {
    // The request that was sent has its answer all the same.
    return undefined;
  }
}

function oversee(client: OpenAI, request: RequestMethod, { options, retries }: Given, make: MakeRequest): Seen {
  const made: { args: readonly unknown[]; props: Promise<ResponseProps> }[] = [];
  const value: MakeRequest = (...args) => {
    const props = make.apply(client, args);
    made.push({ args, props });
    return props;
  };
  Object.defineProperty(client, 'makeRequest', { value, configurable: true, writable: true });
  try {
    return { promise: request.call(client, options, retries), made };
  } finally {
    Reflect.deleteProperty(client, 'makeRequest');
  }
}

/** It made one request, at once and as it was asked to, and gave a promise of its very response. */
function onlyWraps({ options, retries }: Given, { promise, made }: Seen): boolean {
  const [first] = made;
  if (!first || made.length > 1 || propsOf(promise) !== first.props) return false;
  const [itsOptions, itsRetries, ...rest] = first.args;
  return itsOptions === options && itsRetries === retries && rest.every((argument) => argument === undefined);
}

function makerOf(client: OpenAI): { readonly makeRequest: MakeRequest } {
  return client as unknown as { readonly makeRequest: MakeRequest };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
