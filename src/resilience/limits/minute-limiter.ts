/** One limit per minute. */

/** Counts what is used within any sixty seconds against a limit, and what is in flight. */
export class MinuteLimiter {
  /** The limit. */
  perMinute: number;
  readonly #sum = new RollingSum();
  /** Points of what is in flight: they begin to age when it has ended. */
  #held = 0;

  constructor(perMinute: number) {
    this.perMinute = perMinute;
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
    const over = aged + this.#held + Math.min(points, this.perMinute) - this.perMinute;
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
}

const SLICE_MS = 1_000;

/**
 * A provider that counts over sixty rolling seconds must never see more than we count: beside the sixty there is the second
 * that has begun, and one for what reached the provider later than it left. So at least 60/62 of a limit can be used.
 */
const SLICES = 62;

/** Amounts leave the sum 61 to 62 seconds after their time. A clock that goes backwards adds to the newest slice. */
export class RollingSum {
  readonly #slices = new Float64Array(SLICES);
  /** Seconds since the Unix epoch. */
  #newest = 0;
  #total = 0;

  total(nowMs: number): number {
    this.#advance(nowMs);
    return this.#total;
  }

  add(points: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#change(this.#newest, points);
  }

  /** Takes back what was added at `atMs`, if it has not left by itself. */
  takeBack(points: number, atMs: number): void {
    const second = Math.min(Math.floor(atMs / SLICE_MS), this.#newest);
    if (second > this.#newest - SLICES) this.#change(second, -points);
  }

  /** When at least `points` of the sum will have left; in ms since the Unix epoch. */
  leftAtMs(points: number): number {
    let left = 0;
    let second = this.#newest - SLICES + 1;
    for (; second < this.#newest; second += 1) {
      left += this.#slices[slotOf(second)] ?? 0;
      if (left >= points) break;
    }
    return (second + SLICES) * SLICE_MS;
  }

  clear(): void {
    this.#slices.fill(0);
    this.#total = 0;
  }

  #change(second: number, points: number): void {
    const slot = slotOf(second);
    this.#slices[slot] = (this.#slices[slot] ?? 0) + points;
    this.#total += points;
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / SLICE_MS);
    if (second <= this.#newest) return;
    if (second - this.#newest >= SLICES) this.clear();
    else for (let next = this.#newest + 1; next <= second; next += 1) this.#expire(slotOf(next));
    this.#newest = second;
  }

  #expire(slot: number): void {
    this.#total -= this.#slices[slot] ?? 0;
    this.#slices[slot] = 0;
  }
}

function slotOf(second: number): number {
  return second % SLICES;
}
