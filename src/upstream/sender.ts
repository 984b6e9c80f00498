/**
 * Sends the requests of one client. The SDK wraps each in a promise of its own, which costs more than all else that its
 * `request()` does, and callers have one of ours already: where wrapping was seen to be all, it is left out.
 */

import type { OpenAI, Parse, Request, RequestOptions } from './sdk.ts';
import { BareSent, WrappedSent, type Send, type Sent } from './sent.ts';
import { canStudy, sendingOf, studyRequest } from './study-request.ts';

/** Where a client's `request()` stands: others may put one of their own in its place at any time. */
export interface RequestOwner {
  readonly request: Request;
}

/** By the `request()` that `owner` has at that time: the client itself, or a class that it is derived from. */
export function senderThrough(client: OpenAI, owner: RequestOwner): Send {
  const sender = new Sender(client, owner);
  return (options, retries) => sender.send(options, retries);
}

/** What is known of a client's `request()`. */
type Knowledge =
  | { readonly kind: 'unused' }
  | { readonly kind: 'used' }
  | { readonly kind: 'opaque'; readonly request: Request }
  | { readonly kind: 'wrapping'; readonly request: Request; readonly parse: Parse };

class Sender {
  readonly #client: OpenAI;
  readonly #owner: RequestOwner;
  #knowledge: Knowledge = { kind: 'unused' };

  constructor(client: OpenAI, owner: RequestOwner) {
    this.#client = client;
    this.#owner = owner;
  }

  send(options: RequestOptions, retries: number | null): Sent {
    const known = this.#knowledge;
    const { request } = this.#owner;
    if (known.kind === 'wrapping' && known.request === request) {
      const props = sendingOf(this.#client).makeRequest(options, retries, undefined);
      return new BareSent(this.#client, props, known.parse);
    }
    // Many clients send one request only: they are not worth a study.
    if (known.kind === 'unused') this.#knowledge = { kind: 'used' };
    else if (known.kind === 'used' || known.request !== request) return this.#study(request, options, retries);
    return new WrappedSent(request.call(this.#client, options, retries));
  }

  #study(request: Request, options: RequestOptions, retries: number | null): Sent {
    const client = this.#client;
    if (!canStudy(client)) return new WrappedSent(request.call(client, options, retries));
    const { promise, parse } = studyRequest(client, request, { options, retries });
    this.#knowledge = parse ? { kind: 'wrapping', request, parse } : { kind: 'opaque', request };
    return new WrappedSent(promise);
  }
}
