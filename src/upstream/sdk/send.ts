/**
 * Sends the requests of one client. The SDK wraps each in a promise of its own, which costs more than all else that its
 * `request()` does, and callers have one of ours already: where it was seen to do nothing but that, it is passed by.
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

/** Where a client's `request()` stands: others may put one of their own in its place at any time. */
export interface RequestOwner {
  readonly request: RequestMethod;
}

/** By the `request()` that `owner` has at that time: the client itself, or a class that it is derived from. */
export function createSender(client: OpenAI, owner: RequestOwner): SendRequest {
  const sender = new RequestSender(client, owner);
  return (options, retries) => sender.send(options, retries);
}

/** What is known of a client's `request()`. */
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
    if (known.kind === 'used') return this.#sendSeen(request, options, retries);
    // Many clients send one request only: they are not worth a look.
    if (known.kind === 'unused') this.#knowledge = { kind: 'used' };
    return new SdkResponse(request.call(this.#client, options, retries));
  }

  #sendSeen(request: RequestMethod, options: RequestOptions, retries: number | null): PendingResponse {
    const client = this.#client;
    this.#knowledge = { kind: 'opaque' };
    if (!canInspect(client, request)) return new SdkResponse(request.call(client, options, retries));
    const inspected = inspectRequest(client, request, { options, retries });
    if (inspected.parse) this.#knowledge = { kind: 'wrapping', request, parse: inspected.parse };
    return new SdkResponse(inspected.promise);
  }
}

/* PART: Requests that have left, with and without the promise that the SDK wraps them in. */

/** A request that has left. */
export interface PendingResponse {
  /** The response as soon as its headers are there; `undefined` where the SDK does not show it. */
  readonly props: Promise<ResponseProps> | undefined;
  response(): Promise<Response>;
  /** Reads the body of a response whose `props` have come. */
  dataOf(props: ResponseProps): Promise<unknown>;
  parse(): Promise<Parsed>;
}

/** Sends one request, with `retries` retries by the SDK itself (`null`: as the client is set). */
export type SendRequest = (options: RequestOptions, retries: number | null) => PendingResponse;

/** As the SDK gave it. */
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
    // `then()` gives a plain promise, which costs less to await than one of the SDK's kind.
    // oxlint-disable-next-line promise/valid-params
    return this.#promise.then();
  }

  parse(): Promise<Parsed> {
    return parse(this.#promise);
  }
}

/** What its `request()` would have wrapped. */
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

/* PART: Looks at what the SDK's `request()` does, while it does it. */

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
function makeRequest(client: OpenAI, options: RequestOptions, retries: number | null): Promise<ResponseProps> {
  return requestMakerOf(client).makeRequest(options, retries, undefined);
}

/**
 * Whether `request` is that of the SDK, whose class has `makeRequest()` as well: what others do beside it cannot be seen. A client that
 * somebody has put a spy on is theirs to look at.
 */
function canInspect(client: OpenAI, request: RequestMethod): boolean {
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
function inspectRequest(
  client: OpenAI,
  request: RequestMethod,
  given: Given,
): { readonly promise: APIPromise<unknown>; readonly parse: Parse | undefined } {
  const seen = traceRequest(client, request, given, requestMakerOf(client).makeRequest);
  return { promise: seen.promise, parse: onlyWraps(given, seen) ? parseBy(client, request) : undefined };
}

/** Of a promise of nothing: what that parses by holds no request that was sent. */
function parseBy(client: OpenAI, request: RequestMethod): Parse | undefined {
  const given: Given = { options: { method: 'get', path: '/' }, retries: 0 };
  try {
    return parseOf(traceRequest(client, request, given, () => new Promise<never>(() => undefined)).promise);
  } catch {
    // The request that was sent has its answer all the same.
    return undefined;
  }
}

function traceRequest(client: OpenAI, request: RequestMethod, { options, retries }: Given, make: MakeRequest): Seen {
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

function requestMakerOf(client: OpenAI): { readonly makeRequest: MakeRequest } {
  return client as unknown as { readonly makeRequest: MakeRequest };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
