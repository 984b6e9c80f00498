/** The place of one attempt within the limits of its upstream. */

import type { InFlightEntry } from '../../domain/in-flight.ts';
import type { ResponseHeaders } from '../retry-after.ts';
import type { SentRequest } from './provider-limits.ts';

/** What an attempt takes of the limits. */
export interface Load {
  /** Estimated: input and the output that is allowed. */
  readonly tokens: number;
  /** The model that is asked for: providers limit each by itself. */
  readonly model: string | undefined;
}

/** Who gave the place away, and takes it back. */
export interface SlotOwner {
  hear(slot: Slot, headers: ResponseHeaders, isRefusal: boolean): void;
  /** Called once for each slot: it was used by so many tokens, or by nobody knows how many. */
  release(slot: Slot, tokens: number | undefined, atMs: number | undefined): void;
  cancel(slot: Slot): void;
}

/** Is given back exactly once: what comes after the first `settle()` or `cancel()` does nothing. */
export class Slot {
  readonly load: Load;
  readonly startedAtMs: number;
  /** What was known of the provider's own count when it was given. */
  readonly sent: SentRequest | undefined;
  /** Among the attempts under way. */
  place: InFlightEntry<Slot> | undefined;
  readonly #owner: SlotOwner;
  #isOpen = true;

  constructor(owner: SlotOwner, load: Load, startedAtMs: number, sent: SentRequest | undefined) {
    this.#owner = owner;
    this.load = load;
    this.startedAtMs = startedAtMs;
    this.sent = sent;
  }

  /** The provider answered: its headers may say what is left. */
  hear(headers: ResponseHeaders, isRefusal = false): void {
    this.#owner.hear(this, headers, isRefusal);
  }

  /** The attempt has ended: at `atMs`, or now. Without a known usage the estimate stands. */
  settle(tokens?: number, atMs?: number): void {
    if (this.#close()) this.#owner.release(this, tokens, atMs);
  }

  /** Nothing was sent. To be called before anything else is. */
  cancel(): void {
    if (this.#close()) this.#owner.cancel(this);
  }

  #close(): boolean {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    return wasOpen;
  }
}
