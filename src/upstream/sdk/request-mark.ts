/**
 * Carries the changes for an upstream to the moment before the request is sent, and records what was sent. The mark is part of the SDK's
 * `__metadata`, which never leaves the process and survives the SDK's own retries.
 */

import { patchBody, type BodyPatch } from '../../providers/patch-body.ts';
import { markControlled } from './request-controller.ts';
import type { Controlled } from '../../resilience/time-limit.ts';
import { secretsOf, type SentRequest } from './secrets.ts';
import type { RequestOptions } from './types.ts';

/** A symbol, since the SDK's debug log shows string keys. */
const MARK = Symbol('openai-canary.mark');

/** Headers that control the routing of a call. They are removed before the request is sent. */
export const KEY_HEADER = 'x-canary-key';
export const UPSTREAM_HEADER = 'x-canary-upstream';

/** A request as the SDK passes it to `prepareRequest()`. There, `headers` is a `Headers` object. */
export interface PreparedRequest {
  headers?: unknown;
  body?: unknown;
}

/** Fields with secrets are private, since the SDK logs `__metadata`. */
export class RequestMark {
  /** May end the request. */
  controlled: Controlled | undefined;
  /** The changes of the encoded body. */
  patch: BodyPatch | undefined;
  /** Used where the request fails before it is sent. */
  readonly #unsent: SentRequest;
  #sent: SentRequest;

  constructor(patch: BodyPatch | undefined, options: RequestOptions) {
    this.patch = patch;
    this.#unsent = { headers: options.headers, url: '' };
    this.#sent = this.#unsent;
  }

  /** Computed only on demand, for errors: most requests succeed. */
  get secrets(): readonly string[] {
    return secretsOf(this.#sent);
  }

  /** Releases the request when the attempt is over. The SDK's promise may live long, and keeps the options and this mark. */
  forget(): void {
    this.controlled = undefined;
    this.#sent = this.#unsent;
  }

  apply(request: PreparedRequest, url: string): void {
    this.#sent = { headers: request.headers, url };
    if (this.controlled) markControlled(request, this.controlled);
    if (this.patch && typeof request.body === 'string') request.body = patchBody(request.body, this.patch);
  }
}

const HIDDEN = { enumerable: false, configurable: true, writable: true };

/** Marks `options` so that `applyMark` patches the encoded body. */
export function markOptions(options: RequestOptions, patch: BodyPatch | undefined): RequestMark {
  const mark = new RequestMark(patch, options);
  const given = options.__metadata;
  if (given) options.__metadata = { ...given, [MARK]: mark };
  // Not enumerable, so that the SDK logs no metadata for a call without any.
  else Object.defineProperty(options, '__metadata', { value: { [MARK]: mark }, ...HIDDEN });
  return mark;
}

/** The context that the SDK passes to `prepareRequest()`. */
export interface PreparedFor {
  readonly url: string;
  readonly options: RequestOptions;
}

/**
 * Applies the mark to `request` and removes our routing headers, which may come from the call's own headers or from the client's
 * default headers.
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
