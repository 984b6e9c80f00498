/** What a provider said is left of a limit, as long as that says something. */

import type { Told } from './rate-limit-headers.ts';

/** What was known when something was sent. */
export interface Sent {
  /** All points sent so far, its own among them. */
  readonly upTo: number;
  /** Points under way then: the provider may have counted them before or after it. */
  readonly underWay: number;
}

/** What is told without saying for how long is believed for a minute. */
const PERIOD_MS = 60_000;

/**
 * Of what the provider says is left, all is taken off that it may not have counted when it said so: what was under way when
 * the answered request left, and what has left since. So many calls at once cannot share the same rest. The request that left
 * last knows best: others, of this process or another, may have used up what an older one was told.
 */
export class Allowance {
  #sent = 0;
  #underWay = 0;
  /** So many points may have been sent in all, until the limit is full again. */
  #ceiling = Infinity;
  #untilMs = Infinity;
  #limit: number | undefined;
  /** What the request that is believed was sent after. */
  #believed = 0;

  /** `undefined` when `points` may be sent; else when they may at the latest, in ms since the Unix epoch. */
  blockedUntilMs(points: number, nowMs: number): number | undefined {
    if (nowMs >= this.#untilMs) this.#refill(nowMs);
    // What is larger than the whole limit may go where all of it is left.
    const asked = Math.min(points, this.#limit ?? points);
    return this.#sent + asked <= this.#ceiling ? undefined : this.#untilMs;
  }

  send(points: number): Sent {
    const underWay = this.#underWay;
    this.#sent += points;
    this.#underWay += points;
    return { upTo: this.#sent, underWay };
  }

  /** What was sent has ended. */
  end(points: number): void {
    this.#underWay -= points;
  }

  /** It was not sent after all; nothing else has been meanwhile. */
  cancel(points: number): void {
    this.#sent -= points;
    this.#underWay -= points;
  }

  /** An answer tells what is left. */
  hear(sent: Sent, { remaining, limit, resetMs = PERIOD_MS }: Told, nowMs: number): void {
    if (sent.upTo < this.#believed) return;
    this.#believed = sent.upTo;
    this.#limit = limit ?? Math.max(remaining, this.#limit ?? 0);
    this.#ceiling = sent.upTo + remaining - sent.underWay;
    this.#untilMs = nowMs + resetMs;
  }

  /** All of the limit is there again, but for what is under way. */
  #refill(nowMs: number): void {
    this.#ceiling = this.#sent + (this.#limit ?? Infinity) - this.#underWay;
    this.#untilMs = nowMs + PERIOD_MS;
  }
}
