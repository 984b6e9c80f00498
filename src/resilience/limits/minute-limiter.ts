/** A limit per minute: requests or tokens over any sixty seconds. */

/** Counts what attempts in flight hold, and what attempts used within the last minute. */
export class MinuteLimiter {
  /** The limit. */
  perMinute: number;
  readonly #sum = new RollingSum();
  /** Held by attempts in flight. It starts to age when they end. */
  #held = 0;

  constructor(perMinute: number) {
    this.perMinute = perMinute;
  }

  /** The amount of the last minute, plus the amount that is held. */
  used(nowMs: number): number {
    return this.#sum.total(nowMs) + this.#held;
  }

  /** The amount of the last minute alone. */
  recent(nowMs: number): number {
    return this.#sum.total(nowMs);
  }

  /**
   * `undefined` when `amount` fits now. Otherwise the earliest time at which it may fit, in ms since the Unix epoch; `nowMs` where
   * that depends on attempts in flight. An amount above the whole limit fits an empty minute.
   */
  blockedUntilMs(amount: number, nowMs: number): number | undefined {
    const aging = this.#sum.total(nowMs);
    const excess = aging + this.#held + Math.min(amount, this.perMinute) - this.perMinute;
    if (excess <= 0) return undefined;
    return excess > aging ? nowMs : this.#sum.leftAtMs(excess);
  }

  /** Counts `amount` for a minute from now on. */
  take(amount: number, nowMs: number): void {
    this.#sum.add(amount, nowMs);
  }

  /** Undoes `take(amount, atMs)`. */
  takeBack(amount: number, atMs: number): void {
    this.#sum.takeBack(amount, atMs);
  }

  /** Counts `amount` until it is settled; a negative amount releases what was held. */
  hold(amount: number): void {
    this.#held += amount;
  }

  /** Releases `held` and counts `used` for a minute from now on. */
  settle(held: number, used: number, nowMs: number): void {
    this.#held -= held;
    this.#sum.add(used, nowMs);
  }
}

const SLICE_MS = 1_000;

/**
 * Sixty slices of a second, and two more: one for the second that has just begun, and one for requests that reach the provider
 * later than they left us. So a provider that counts over sixty rolling seconds never sees more than we count, and at least 60/62
 * of a limit can be used.
 */
const SLICES = 62;

/** How long an amount counts, in ms. */
export const WINDOW_MS = SLICES * SLICE_MS;

/** The sum of the last minute: an amount drops out 61 to 62 seconds after its time. A clock that goes back adds to the newest slice. */
export class RollingSum {
  readonly #slices = new Float64Array(SLICES);
  /** The newest slice, in seconds since the Unix epoch. */
  #newest = 0;
  #total = 0;

  total(nowMs: number): number {
    this.#advance(nowMs);
    return this.#total;
  }

  add(amount: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#change(this.#newest, amount);
  }

  /** Undoes `add(amount, atMs)`, unless the amount has dropped out. */
  takeBack(amount: number, atMs: number): void {
    const second = Math.min(Math.floor(atMs / SLICE_MS), this.#newest);
    if (second > this.#newest - SLICES) this.#change(second, -amount);
  }

  /** When at least `amount` of the sum will have dropped out, in ms since the Unix epoch. */
  leftAtMs(amount: number): number {
    let left = 0;
    let second = this.#newest - SLICES + 1;
    for (; second < this.#newest; second += 1) {
      left += this.#slices[slotOf(second)] ?? 0;
      if (left >= amount) break;
    }
    return (second + SLICES) * SLICE_MS;
  }

  #change(second: number, amount: number): void {
    const slot = slotOf(second);
    this.#slices[slot] = (this.#slices[slot] ?? 0) + amount;
    this.#total += amount;
  }

  /** Makes the slice of `nowMs` the newest and drops the slices that are too old. */
  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / SLICE_MS);
    if (second <= this.#newest) return;
    if (second - this.#newest >= SLICES) this.#clear();
    else for (let next = this.#newest + 1; next <= second; next += 1) this.#drop(slotOf(next));
    this.#newest = second;
  }

  #clear(): void {
    this.#slices.fill(0);
    this.#total = 0;
  }

  #drop(slot: number): void {
    this.#total -= this.#slices[slot] ?? 0;
    this.#slices[slot] = 0;
  }
}

function slotOf(second: number): number {
  return second % SLICES;
}
