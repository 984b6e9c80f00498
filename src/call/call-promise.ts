/** The promise that a caller gets: the SDK's own kind, with an answer that is chosen later. */

import { APIPromise, type OpenAI } from 'openai';
import type { Answer } from '../upstream/attempt-types.ts';
import type { ResponseMode } from '../upstream/response-mode.ts';
import { isStream, type Parsed, type ResponseProps, type StreamInternals } from '../upstream/sdk/types.ts';

/**
 * A genuine `APIPromise` over `answer`. What is called on it first, or on what `_thenUnwrap` made of it, claims the parsed
 * body or the raw response.
 */
export function callPromise<T>(
  client: OpenAI,
  answer: Promise<Answer>,
  mode: ResponseMode,
  modes: Claims,
): APIPromise<T> {
  const claimed = new ClaimedAnswer(answer, mode, modes);
  // `APIPromise` asks for a `Promise` and uses only `then`, and for the data once `then` has called back. What type that has,
  // the caller's method says.
  const props = claimed as PromiseLike<ResponseProps> as Promise<ResponseProps>;
  return withRawClaim(new APIPromise<T>(client, props, () => claimed.data as Awaited<APIPromise<T>>));
}

/** On the function that opens a stream, which each stream has for itself: nobody lists what functions have. */
const CLAIM = Symbol('openai-canary.claim');

/** Calls by what came of them: raw responses, errors. */
export type Claims = WeakMap<object, ResponseMode>;

/** The call that a promise, or what came of it, belongs to. */
export function claimOf(something: unknown, modes: Claims): ResponseMode | undefined {
  if (typeof something !== 'object' || something === null) return undefined;
  // The answer of a promise of ours is what the SDK takes for the promise of its response.
  const { responsePromise } = something as { readonly responsePromise?: unknown };
  if (responsePromise instanceof ClaimedAnswer) return responsePromise.mode;
  return (isStream(something) ? claimOfStream(something) : undefined) ?? modes.get(something);
}

type Opening = StreamInternals['iterator'] & { [CLAIM]?: ResponseMode };

function claimOfStream({ iterator }: StreamInternals): ResponseMode | undefined {
  return (iterator as Opening)[CLAIM];
}

/** The properties of a response that is still to come. The SDK parses by calling `then` on them: the call is the claim. */
class ClaimedAnswer implements PromiseLike<ResponseProps> {
  readonly #answer: Promise<Answer>;
  readonly mode: ResponseMode;
  readonly #claims: Claims;
  #parsing: Promise<ResponseProps> | undefined;
  /** The parsed body, once `then` has called back. */
  data: unknown;

  constructor(answer: Promise<Answer>, mode: ResponseMode, modes: Claims) {
    this.#answer = answer;
    this.mode = mode;
    this.#claims = modes;
    mode.chosenBy(this, answer);
  }

  // oxlint-disable-next-line unicorn/no-thenable
  then<Fulfilled = ResponseProps, Rejected = never>(
    onFulfilled?: ((props: ResponseProps) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.mode.choose('parsed');
    this.#parsing ??= this.#answer.then((came) =>
      came.kind === 'parsed' ? this.#keep(came) : came.parse().then((parsed) => this.#keep(parsed)),
    );
    return this.#parsing.then(onFulfilled, onRejected);
  }

  response(): Promise<Response> {
    this.mode.choose('raw');
    return this.#answer.then((came) => {
      const response = came.kind === 'raw' ? came.response : came.props.response;
      this.#claims.set(response, this.mode);
      return response;
    });
  }

  #keep({ data, props }: Parsed): ResponseProps {
    this.data = data;
    // A `WeakMap` of them would cost the collector more than all else of a call.
    if (isStream(data)) (data.iterator as Opening)[CLAIM] = this.mode;
    return props;
  }
}

/** `asResponse()` claims the raw response, here and on every promise derived by `_thenUnwrap`. */
function withRawClaim<T>(promise: APIPromise<T>): APIPromise<T> {
  promise.asResponse = asResponse;
  promise._thenUnwrap = thenUnwrap;
  return promise;
}

/** The SDK hands the promise of the response on as it is. */
interface Claimed {
  readonly responsePromise: ClaimedAnswer;
}

// Functions for all promises alike. A function that is written where it is assigned to a property is allocated among what is
// old: it and all that it knows would stay until the next full collection.

function asResponse(this: unknown): Promise<Response> {
  return (this as Claimed).responsePromise.response();
}

function thenUnwrap<T, U>(this: APIPromise<T>, transform: Transform<T, U>): APIPromise<U> {
  return withRawClaim(APIPromise.prototype._thenUnwrap.call(this, transform as Transform<unknown, U>) as APIPromise<U>);
}

type Transform<T, U> = (data: T, props: ResponseProps) => U;
