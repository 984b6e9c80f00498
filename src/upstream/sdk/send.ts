/**
 * Sends the requests of one client. The SDK's `request()` wraps each response in a promise of its own, which is the most expensive part
 * of it, and callers already have a promise of ours. So the sender inspects `request()` once, on the second call, and bypasses it if
 * all that it does is to wrap.
 */

import {
  type APIPromise,
  type OpenAI,
  type Parse,
  parse,
  type Parsed,
  parseOf,
  propsOf,
  type RequestMethod,
  type RequestOptions,
  type ResponseProps,
} from './types.ts';

/** A request that was sent. */
export interface PendingResponse {
  /** The response as soon as its headers have arrived; `undefined` where the SDK does not expose it. */
  readonly props: Promise<ResponseProps> | undefined;
  response(): Promise<Response>;
  /** Parses the body of a response whose `props` have arrived. */
  dataOf(props: ResponseProps): Promise<unknown>;
  parse(): Promise<Parsed>;
}

/** Sends one request, with `retries` retries by the SDK itself (`null`: as the client is configured). */
export type SendRequest = (options: RequestOptions, retries: number | null) => PendingResponse;

/** The object that holds `request()`. Applications may replace the method at any time. */
export interface RequestOwner {
  readonly request: RequestMethod;
}

/** Sends with the `request()` that `owner` has at that time. `owner` is the client itself, or the prototype of one of its classes. */
export function createSender(client: OpenAI, owner: RequestOwner): SendRequest {
  const sender = new RequestSender(client, owner);
  return (options, retries) => sender.send(options, retries);
}

/** What is known about a client's `request()`. */
type Knowledge =
  | { readonly kind: 'unused' }
  | { readonly kind: 'used' }
  | { readonly kind: 'opaque' }
  | { readonly kind: 'wrapping'; readonly request: RequestMethod; readonly parse: Parse };

class RequestSender {
  readonly #client: OpenAI;
  readonly #owner: RequestOwner;
  #knowledge: Knowledge = { kind: 'unused' };

  constructor(client: OpenAI, owner: RequestOwner) {
    this.#client = client;
    this.#owner = owner;
  }

  send(options: RequestOptions, retries: number | null): PendingResponse {
    const known = this.#knowledge;
    const { request } = this.#owner;
    if (known.kind === 'wrapping' && known.request === request) {
      return new DirectResponse(this.#client, makeRequest(this.#client, options, retries), known.parse);
    }
    if (known.kind === 'used') return this.#sendInspected(request, options, retries);
    // Many clients send only one request: inspecting it would not pay off.
    if (known.kind === 'unused') this.#knowledge = { kind: 'used' };
    return new SdkResponse(request.call(this.#client, options, retries));
  }

  #sendInspected(request: RequestMethod, options: RequestOptions, retries: number | null): PendingResponse {
    const client = this.#client;
    this.#knowledge = { kind: 'opaque' };
    if (!canInspect(client, request)) return new SdkResponse(request.call(client, options, retries));
    const inspected = inspectRequest(client, request, { options, retries });
    if (inspected.parse) this.#knowledge = { kind: 'wrapping', request, parse: inspected.parse };
    return new SdkResponse(inspected.promise);
  }
}

/** A request that was sent through `request()`. */
class SdkResponse implements PendingResponse {
  readonly #promise: APIPromise<unknown>;
  readonly props: Promise<ResponseProps> | undefined;

  constructor(promise: APIPromise<unknown>) {
    this.#promise = promise;
    this.props = propsOf(promise);
  }

  response(): Promise<Response> {
    return this.#promise.asResponse();
  }

  dataOf(): Promise<unknown> {
    // `then()` returns a plain promise, which is cheaper to await than one of the SDK's kind.
    // oxlint-disable-next-line promise/valid-params
    return this.#promise.then();
  }

  parse(): Promise<Parsed> {
    return parse(this.#promise);
  }
}

/** A request that was sent without `request()`. */
export class DirectResponse implements PendingResponse {
  readonly #client: OpenAI;
  readonly props: Promise<ResponseProps>;
  readonly #parse: Parse;

  constructor(client: OpenAI, props: Promise<ResponseProps>, parseProps: Parse) {
    this.#client = client;
    this.props = props;
    this.#parse = parseProps;
  }

  async response(): Promise<Response> {
    return (await this.props).response;
  }

  dataOf(props: ResponseProps): Promise<unknown> {
    return this.#parse(this.#client, props);
  }

  async parse(): Promise<Parsed> {
    const props = await this.props;
    return { data: await this.dataOf(props), props };
  }
}

/** The method that `request()` calls. It is private in the SDK's types, and the same from 6.0 to 7.59. */
type MakeRequest = (options: RequestOptions, retries: number | null, retryOf: undefined) => Promise<ResponseProps>;

/** The arguments of `request()`. */
interface RequestArguments {
  readonly options: RequestOptions;
  readonly retries: number | null;
}

/** The result of `request()`, and the requests that it made. */
interface Trace {
  readonly promise: APIPromise<unknown>;
  readonly made: readonly { readonly args: readonly unknown[]; readonly props: Promise<ResponseProps> }[];
}

/** Sends a request as `request()` would, without wrapping the response. */
function makeRequest(client: OpenAI, options: RequestOptions, retries: number | null): Promise<ResponseProps> {
  return requestMakerOf(client).makeRequest(options, retries, undefined);
}

/**
 * Whether `request` is the SDK's own, on the class that also has `makeRequest()`: what any other `request()` does cannot be traced.
 * Clients with a spy on `makeRequest()` are left alone.
 */
function canInspect(client: OpenAI, request: RequestMethod): boolean {
  if (Object.hasOwn(client, 'makeRequest') || !Object.isExtensible(client)) return false;
  let owner: unknown = Object.getPrototypeOf(client);
  while (isObject(owner) && !Object.hasOwn(owner, 'makeRequest')) owner = Object.getPrototypeOf(owner);
  if (!isObject(owner) || Object.getOwnPropertyDescriptor(owner, 'request')?.value !== request) return false;
  // Instrumentation replaces the method on the class itself, and calls the SDK's own under another name.
  return Function.prototype.toString.call(request).includes('makeRequest');
}

/**
 * Sends with `request`. If all that it does is to wrap the one request that it makes, `parse` is the function with which its promises
 * parse bodies, else `undefined`.
 */
function inspectRequest(
  client: OpenAI,
  request: RequestMethod,
  given: RequestArguments,
): { readonly promise: APIPromise<unknown>; readonly parse: Parse | undefined } {
  const trace = traceRequest(client, request, given, requestMakerOf(client).makeRequest);
  return { promise: trace.promise, parse: onlyWraps(given, trace) ? parseBy(client, request) : undefined };
}

/** The parse function of a request that is never sent. That of a sent request would keep the request in memory. */
function parseBy(client: OpenAI, request: RequestMethod): Parse | undefined {
  const given: RequestArguments = { options: { method: 'get', path: '/' }, retries: 0 };
  try {
    return parseOf(traceRequest(client, request, given, () => new Promise<never>(() => undefined)).promise);
  } catch {
    // The request that was sent is not affected.
    return undefined;
  }
}

function traceRequest(
  client: OpenAI,
  request: RequestMethod,
  { options, retries }: RequestArguments,
  make: MakeRequest,
): Trace {
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

/** Whether `request()` made exactly one request, synchronously and with its own arguments, and returned a promise of its response. */
function onlyWraps({ options, retries }: RequestArguments, { promise, made }: Trace): boolean {
  const [first] = made;
  if (!first || made.length > 1 || propsOf(promise) !== first.props) return false;
  const [madeOptions, madeRetries, ...rest] = first.args;
  return madeOptions === options && madeRetries === retries && rest.every((argument) => argument === undefined);
}

function requestMakerOf(client: OpenAI): { readonly makeRequest: MakeRequest } {
  return client as unknown as { readonly makeRequest: MakeRequest };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
