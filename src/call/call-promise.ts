/** The promise that a caller gets: the SDK's `APIPromise` over an answer, in the form that the caller asks for. */

import { APIPromise, type OpenAI } from 'openai';
import type { Answer } from '../upstream/attempt-types.ts';
import type { ResponseMode } from '../upstream/response-mode.ts';
import { isStream, type Parsed, type ResponseProps, type StreamInternals } from '../upstream/sdk/types.ts';

/**
 * A genuine `APIPromise` over `answer`. The first method that is called on it, or on a promise that `_thenUnwrap` derived from it, chooses
 * between the parsed body and the raw response.
 */
export function callPromise<T>(
  client: OpenAI,
  answer: Promise<Answer>,
  mode: ResponseMode,
  modes: ResponseModes,
): APIPromise<T> {
  const lazy = new LazyResponse(answer, mode, modes);
  // `APIPromise` takes a `Promise`, but uses only its `then`, and reads the data after `then` has called back. The caller's method
  // knows the type of the data.
  const props = lazy as PromiseLike<ResponseProps> as Promise<ResponseProps>;
  return withRawMode(new APIPromise<T>(client, props, () => lazy.data as Awaited<APIPromise<T>>));
}

/** The modes of calls by their raw responses and errors. */
export type ResponseModes = WeakMap<object, ResponseMode>;

/** The mode of the call that a promise, stream, raw response or error belongs to. */
export function modeOf(something: unknown, modes: ResponseModes): ResponseMode | undefined {
  if (typeof something !== 'object' || something === null) return undefined;
  // The SDK keeps our `LazyResponse` as the `responsePromise` of its promise.
  const { responsePromise } = something as { readonly responsePromise?: unknown };
  if (responsePromise instanceof LazyResponse) return responsePromise.mode;
  return (isStream(something) ? modeOfStream(something) : undefined) ?? modes.get(something);
}

/** A property of the function that opens a stream. Each stream has its own function, and no application lists its properties. */
const MODE = Symbol('openai-canary.mode');

type OpenStream = StreamInternals['iterator'] & { [MODE]?: ResponseMode };

function modeOfStream({ iterator }: StreamInternals): ResponseMode | undefined {
  return (iterator as OpenStream)[MODE];
}

/** The properties of a response that has not arrived yet. The SDK parses by calling `then`, which chooses the parsed mode. */
class LazyResponse implements PromiseLike<ResponseProps> {
  readonly #answer: Promise<Answer>;
  readonly mode: ResponseMode;
  readonly #modes: ResponseModes;
  #parsing: Promise<ResponseProps> | undefined;
  /** The parsed body, once `then` has called back. */
  data: unknown;

  constructor(answer: Promise<Answer>, mode: ResponseMode, modes: ResponseModes) {
    this.#answer = answer;
    this.mode = mode;
    this.#modes = modes;
    mode.chosenBy(this, answer);
  }

  // oxlint-disable-next-line unicorn/no-thenable
  then<Fulfilled = ResponseProps, Rejected = never>(
    onFulfilled?: ((props: ResponseProps) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.mode.choose('parsed');
    this.#parsing ??= this.#answer.then((answer) =>
      answer.kind === 'parsed' ? this.#keep(answer) : answer.parse().then((parsed) => this.#keep(parsed)),
    );
    return this.#parsing.then(onFulfilled, onRejected);
  }

  response(): Promise<Response> {
    this.mode.choose('raw');
    return this.#answer.then((answer) => {
      const response = answer.kind === 'raw' ? answer.response : answer.props.response;
      this.#modes.set(response, this.mode);
      return response;
    });
  }

  #keep({ data, props }: Parsed): ResponseProps {
    this.data = data;
    // A `WeakMap` of streams would cost the garbage collector more than the rest of the call.
    if (isStream(data)) (data.iterator as OpenStream)[MODE] = this.mode;
    return props;
  }
}

/**
 * `asResponse()` chooses the raw response, here and on every promise derived by `_thenUnwrap`.
 *
 * Own members, as on the promises of the SDK since 7.5: tracing libraries put a `Proxy` around a promise and call its members with the proxy as
 * `this`, which has no private fields.
 */
function withRawMode<T>(promise: APIPromise<T>): APIPromise<T> {
  (promise as WithOriginal<T>)[ORIGINAL] = promise;
  promise.asResponse = asResponse;
  promise.withResponse = withResponse;
  promise._thenUnwrap = thenUnwrap;
  return promise;
}

/** The promise itself, also when it is read through a `Proxy`. */
const ORIGINAL = Symbol('openai-canary.promise');

type WithOriginal<T> = APIPromise<T> & { [ORIGINAL]?: APIPromise<T> };

function originalOf<T>(promise: APIPromise<T>): APIPromise<T> {
  return (promise as WithOriginal<T>)[ORIGINAL] ?? promise;
}

/** The SDK passes on the promise of the response unchanged. */
interface WithLazyResponse {
  readonly responsePromise: LazyResponse;
}

// These functions are shared by all promises. V8 allocates a function literal that is assigned to a property in the old generation, where it
// and its closure would stay until the next full garbage collection.

function asResponse(this: unknown): Promise<Response> {
  return (this as WithLazyResponse).responsePromise.response();
}

function withResponse<T>(this: APIPromise<T>): ReturnType<APIPromise<T>['withResponse']> {
  return APIPromise.prototype.withResponse.call(originalOf(this));
}

function thenUnwrap<T, U>(this: APIPromise<T>, transform: Transform<T, U>): APIPromise<U> {
  const derived = APIPromise.prototype._thenUnwrap.call(originalOf(this), transform as Transform<unknown, U>);
  return withRawMode(derived as APIPromise<U>);
}

type Transform<T, U> = (data: T, props: ResponseProps) => U;
