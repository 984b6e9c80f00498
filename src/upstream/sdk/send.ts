/**
 * Sends the requests of one client. The SDK wraps each in a promise of its own, which costs more than all else that its
 * `request()` does, and callers have one of ours already: where it was seen to do nothing but that, it is passed by.
 */

import type { OpenAI, Parse, RequestMethod, RequestOptions } from './types.ts';
import { BareSent, WrappedSent, type Send, type Sent } from './sent.ts';
import { canStudy, makeRequest, studyRequest } from './study-request.ts';

/** Where a client's `request()` stands: others may put one of their own in its place at any time. */
export interface RequestOwner {
  readonly request: RequestMethod;
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
  | { readonly kind: 'opaque' }
  | { readonly kind: 'wrapping'; readonly request: RequestMethod; readonly parse: Parse };

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
      return new BareSent(this.#client, makeRequest(this.#client, options, retries), known.parse);
    }
    if (known.kind === 'used') return this.#sendSeen(request, options, retries);
    // Many clients send one request only: they are not worth a look.
    if (known.kind === 'unused') this.#knowledge = { kind: 'used' };
    return new WrappedSent(request.call(this.#client, options, retries));
  }

  #sendSeen(request: RequestMethod, options: RequestOptions, retries: number | null): Sent {
    const client = this.#client;
    this.#knowledge = { kind: 'opaque' };
    if (!canStudy(client, request)) return new WrappedSent(request.call(client, options, retries));
    const { promise, parse } = studyRequest(client, request, { options, retries });
    if (parse) this.#knowledge = { kind: 'wrapping', request, parse };
    return new WrappedSent(promise);
  }
}
