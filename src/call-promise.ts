/** The promise that a caller gets: the SDK's own kind, with an answer that is chosen later. */

import { APIPromise, type OpenAI } from 'openai';
import type { Answer } from './upstream/answer.ts';
import type { Claim } from './upstream/claim.ts';
import type { Parsed, ResponseProps } from './upstream/sdk.ts';

/**
 * A genuine `APIPromise` over `answer`. What is called on it first, or on what `_thenUnwrap` made of it, claims the parsed
 * body or the raw response.
 */
export function callPromise<T>(client: OpenAI, answer: Promise<Answer>, claim: Claim): APIPromise<T> {
  let parsing: Promise<Parsed> | undefined;
  let parsed: Parsed | undefined;
  const keep = (came: Parsed): Parsed => (parsed = came);
  const claimParsed = (): Promise<Parsed> => {
    claim.make('parsed');
    parsing ??= answer.then((came) => (came.kind === 'parsed' ? keep(came) : came.parse().then(keep)));
    return parsing;
  };
  const claimRaw = (): Promise<Response> => {
    claim.make('raw');
    return answer.then((came) => (came.kind === 'raw' ? came.response : came.props.response));
  };
  const props: PromiseLike<ResponseProps> = {
    // The SDK parses by calling `then` on the promise of the response's properties: the call is the claim.
    // oxlint-disable-next-line unicorn/no-thenable
    then: (onFulfilled, onRejected) =>
      claimParsed()
        .then((came) => came.props)
        .then(onFulfilled, onRejected),
  };
  // `APIPromise` asks for a `Promise` and uses only `then`, and for the data once `then` has called back. What type that has,
  // the caller's method says.
  return withRawClaim(
    new APIPromise<T>(client, props as Promise<ResponseProps>, () => parsed?.data as Awaited<APIPromise<T>>),
    claimRaw,
  );
}

/** `asResponse()` claims the raw response, here and on every promise derived by `_thenUnwrap`. */
function withRawClaim<T>(promise: APIPromise<T>, claimRaw: () => Promise<Response>): APIPromise<T> {
  const unwrap = promise._thenUnwrap.bind(promise);
  promise.asResponse = claimRaw;
  promise._thenUnwrap = (transform) => withRawClaim(unwrap(transform), claimRaw);
  return promise;
}
