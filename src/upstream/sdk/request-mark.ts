/**
 * What must change in a request for its upstream, carried from the plan to the moment before the request leaves, and what
 * was sent then. It travels in the SDK's `__metadata`, which never leaves the process and survives the SDK's own replays.
 */

import { patchBody, type BodyPatch } from '../../providers/patch-body.ts';
import { markControlled } from './request-controller.ts';
import { type Controlled } from '../../resilience/time-limit.ts';
import { secretsOf, type SentRequest } from './secrets.ts';
import type { RequestOptions } from './types.ts';

/** A symbol, since the SDK's debug log shows what has a name. */
const MARK = Symbol('openai-canary.mark');

/** The headers by which a caller steers a call; they never leave the process. */
export const KEY_HEADER = 'x-canary-key';
export const UPSTREAM_HEADER = 'x-canary-upstream';

/** A request as the SDK's `prepareRequest()` sees it: `headers` is a `Headers` object there. */
export interface PreparedRequest {
  headers?: unknown;
  body?: unknown;
}

/** Its fields are private: the SDK logs `__metadata`. */
export class RequestMark {
  /** What may have to end the request. */
  controlled: Controlled | undefined;
  readonly #patch: BodyPatch | undefined;
  /** Should the request fail to be made, these are all that is known of it. */
  readonly #unsent: SentRequest;
  #sent: SentRequest;

  constructor(patch: BodyPatch | undefined, options: RequestOptions) {
    this.#patch = patch;
    this.#unsent = { headers: options.headers, url: '' };
    this.#sent = this.#unsent;
  }

  /** Looked for only when something is to be told: most requests succeed. */
  get secrets(): readonly string[] {
    return secretsOf(this.#sent);
  }

  /** The attempt is over; another may follow. The SDK's promise may live long, and the request's options with it. */
  forget(): void {
    this.controlled = undefined;
    this.#sent = this.#unsent;
  }

  apply(request: PreparedRequest, url: string): void {
    this.#sent = { headers: request.headers, url };
    if (this.controlled) markControlled(request, this.controlled);
    if (this.#patch && typeof request.body === 'string') request.body = patchBody(request.body, this.#patch);
  }
}

const HIDDEN = { enumerable: false, configurable: true, writable: true };

/** Marks `options` so that `applyMark` patches the encoded body. */
export function markOptions(options: RequestOptions, patch: BodyPatch | undefined): RequestMark {
  const mark = new RequestMark(patch, options);
  const given = options.__metadata;
  if (given) options.__metadata = { ...given, [MARK]: mark };
  // The SDK logs what is enumerable: a call without metadata is to be logged without.
  else Object.defineProperty(options, '__metadata', { value: { [MARK]: mark }, ...HIDDEN });
  return mark;
}

/** What `prepareRequest()` is told of a request, and whether its client's default headers may hold ours. */
export interface PreparedFor {
  readonly url: string;
  readonly options: RequestOptions;
}

/**
 * Changes `request` as its mark says, and removes the headers that are ours. They can have come by the call's own headers, or
 * by the client's default ones.
 */
export function applyMark(request: PreparedRequest, { url, options }: PreparedFor, defaultHeaders: unknown): void {
  if ((options.headers || defaultHeaders) && request.headers instanceof Headers) {
    request.headers.delete(KEY_HEADER);
    request.headers.delete(UPSTREAM_HEADER);
  }
  const metadata: Readonly<Record<symbol, unknown>> | undefined = options.__metadata;
  const mark = metadata?.[MARK];
  if (mark instanceof RequestMark) mark.apply(request, url);
}
