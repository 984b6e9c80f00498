/** One limit per minute. The only file that knows `rate-limiter-flexible`. */

import type { RateLimiterRes, RateLimiterStoreAbstract } from 'rate-limiter-flexible';
// Its entry would load a limiter for every database there is. What stands in these files is typed there.
// @ts-expect-error -- no types of its own
import Res from 'rate-limiter-flexible/lib/RateLimiterRes.js';
// @ts-expect-error -- no types of its own
import StoreAbstract from 'rate-limiter-flexible/lib/RateLimiterStoreAbstract.js';
import type { Clock } from '../../time/clock.ts';
import { RollingSum } from './rolling-sum.ts';

const Result = Res as typeof RateLimiterRes;
const StoreLimiter = StoreAbstract as typeof RateLimiterStoreAbstract;

/** Nothing is limited yet: the library wants a finite number. */
export const UNLIMITED = Number.MAX_SAFE_INTEGER;

/**
 * A limiter of `rate-limiter-flexible` over a store of ours, with a synchronous face beside the library's promises. Its own
 * memory store would not do: it reads the system's time, not the client's clock, and counts in fixed windows, which let
 * twice the limit through where two of them meet. And its `consume()` is a promise even there, which no call should have to
 * wait for: what dispatching asks (`blockedUntilMs`, `take`, `hold`, `settle`) reads the same store at once.
 */
export class MinuteLimiter extends StoreLimiter {
  readonly #clock: Clock;
  readonly #sum = new RollingSum();
  /** Points of what is under way: they begin to age when it has ended. */
  #held = 0;

  constructor(perMinute: number, clock: Clock) {
    super({ points: perMinute, duration: 60, storeClient: clock });
    this.#clock = clock;
  }

  /** Points of the last minute, and those under way. */
  used(nowMs: number): number {
    return this.#sum.total(nowMs) + this.#held;
  }

  /**
   * `undefined` when `points` more fit; else when they will, as far as is known: `nowMs` where that depends on what is under
   * way. What is larger than the whole limit fits an empty minute.
   */
  blockedUntilMs(points: number, nowMs: number): number | undefined {
    const aged = this.#sum.total(nowMs);
    const over = aged + this.#held + Math.min(points, this.points) - this.points;
    if (over <= 0) return undefined;
    return over > aged ? nowMs : this.#sum.leftAtMs(over);
  }

  /** Counts `points` from now on for a minute. */
  take(points: number, nowMs: number): void {
    this.#sum.add(points, nowMs);
  }

  takeBack(points: number, atMs: number): void {
    this.#sum.takeBack(points, atMs);
  }

  hold(points: number): void {
    this.#held += points;
  }

  /** What was held has ended, and came to `used` points. */
  settle(held: number, used: number, nowMs: number): void {
    this.#held -= held;
    this.#sum.add(used, nowMs);
  }

  // What the library asks of a store, named by it: its own consume(), penalty(), reward() and get() work on the same sum.

  _upsert(_key: string, points: number, _forMs: number, anew: boolean): Promise<number> {
    const nowMs = this.#clock.now();
    if (anew) this.#sum.clear();
    this.#sum.add(points, nowMs);
    return Promise.resolve(this.used(nowMs));
  }

  _get(): Promise<number> {
    return Promise.resolve(this.used(this.#clock.now()));
  }

  _delete(): Promise<boolean> {
    this.#sum.clear();
    return Promise.resolve(true);
  }

  _getRateLimiterRes(_key: string, points: number, used: number): RateLimiterRes {
    const nowMs = this.#clock.now();
    const waitMs = (this.blockedUntilMs(1, nowMs) ?? nowMs) - nowMs;
    return new Result(Math.max(0, this.points - used), waitMs, used, used === points);
  }
}
