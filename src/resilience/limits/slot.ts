/** The slot of one attempt within the limits of its upstream. */

import type { InFlightEntry } from '../../domain/in-flight.ts';
import type { ResponseHeaders } from '../retry-after.ts';
import type { SentRequest } from './provider-limits.ts';

/** What an attempt takes of the limits. */
export interface Load {
  /** Estimated: the input and the most output that is allowed. */
  readonly tokens: number;
  /** The model that is requested: providers limit each model separately. */
  readonly model: string | undefined;
}

/** Issued the slot and takes it back. */
export interface SlotOwner {
  observe(slot: Slot, headers: ResponseHeaders, isRefusal: boolean): void;
  /** Called once for each slot; `tokens` is `undefined` where the usage is unknown. */
  release(slot: Slot, tokens: number | undefined, atMs: number | undefined): void;
  cancel(slot: Slot): void;
}

/** Is returned exactly once: after the first `settle()` or `cancel()`, further ones do nothing. */
export class Slot {
  readonly load: Load;
  readonly startedAtMs: number;
  /** Our counts of the provider's limits when the slot was issued. */
  readonly sent: SentRequest | undefined;
  /** Its entry among the attempts in flight. */
  entry: InFlightEntry<Slot> | undefined;
  readonly #owner: SlotOwner;
  #isOpen = true;

  constructor(owner: SlotOwner, load: Load, startedAtMs: number, sent: SentRequest | undefined) {
    this.#owner = owner;
    this.load = load;
    this.startedAtMs = startedAtMs;
    this.sent = sent;
  }

  /** Reads the headers of the response, which may advertise what remains of a limit. */
  observe(headers: ResponseHeaders, isRefusal = false): void {
    this.#owner.observe(this, headers, isRefusal);
  }

  /** Ends the attempt at `atMs`, or now. Without a known usage the estimate counts. */
  settle(tokens?: number, atMs?: number): void {
    if (this.#close()) this.#owner.release(this, tokens, atMs);
  }

  /** Returns a slot for which nothing was sent. To be called before anything else is sent. */
  cancel(): void {
    if (this.#close()) this.#owner.cancel(this);
  }

  #close(): boolean {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    return wasOpen;
  }
}
