/**
 * What must change in a request for its upstream, carried from the plan to the moment before the request leaves, and what
 * was sent then. It travels in the SDK's `__metadata`, which never leaves the process and survives the SDK's own replays.
 */

import { patchBody, type BodyPatch } from '../providers/patch-body.ts';
import { secretsOf, type SentRequest } from './secrets.ts';
import type { RequestOptions } from './sdk.ts';

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
  readonly #patch: BodyPatch | undefined;
  #sent: SentRequest;

  constructor(patch: BodyPatch | undefined, options: RequestOptions) {
    this.#patch = patch;
    // Should the request fail to be made, these are all that is known of it.
    this.#sent = { headers: options.headers, url: '' };
  }

  /** Looked for only when something is to be told: most requests succeed. */
  get secrets(): readonly string[] {
    return secretsOf(this.#sent);
  }

  apply(request: PreparedRequest, url: string): void {
    this.#sent = { headers: request.headers, url };
    if (this.#patch && typeof request.body === 'string') request.body = patchBody(request.body, this.#patch);
  }
}

/** Marks `options` so that `applyMark` patches the encoded body. */
export function markOptions(options: RequestOptions, patch: BodyPatch | undefined): RequestMark {
  const mark = new RequestMark(patch, options);
  const given = options.__metadata;
  // The SDK logs what is enumerable: a call without metadata is to be logged without.
  const hidden = { enumerable: given !== undefined, configurable: true, writable: true };
  Object.defineProperty(options, '__metadata', { value: { ...given, [MARK]: mark }, ...hidden });
  return mark;
}

/** Changes `request` as its mark says, and removes the headers that are ours. */
export function applyMark(request: PreparedRequest, { url, options }: { url: string; options: RequestOptions }): void {
  if (request.headers instanceof Headers) {
    request.headers.delete(KEY_HEADER);
    request.headers.delete(UPSTREAM_HEADER);
  }
  const metadata: Readonly<Record<symbol, unknown>> | undefined = options.__metadata;
  const mark = metadata?.[MARK];
  if (mark instanceof RequestMark) mark.apply(request, url);
}
