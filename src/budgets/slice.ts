/**
 * The part of a shared limit that one process may commit without asking: prepaid in the store, where it counts as spent by all others. The
 * process pays from it, and the store refills it in the background. What a process that dies has not given back stays spent in its period.
 */

/** How many calls of the largest recent estimate a slice pays for, at least, while the limit is far. */
const CALLS_AHEAD = 4;
/** How often a slice is refilled without any demand before it is given back. */
const IDLE_REFILLS = 120;
const ROUNDING = 1e-9;

export class Slice {
  #grantedUsd = 0;
  /** Spent from the slice and not yet known to be in the store. */
  #uncountedUsd = 0;
  /** Estimates of calls that wait for a refill. */
  #wantedUsd = 0;
  /** The largest estimate, and the most that was spent between two refills, of late. */
  #largestUsd = 0;
  #recentUsd = 0;
  #idle = 0;
  #isDry = false;

  /** @param committedUsd what is reserved, with the attempt in question */
  covers(committedUsd: number): boolean {
    return this.#uncountedUsd + committedUsd <= this.#grantedUsd * (1 + ROUNDING);
  }

  spend(costUsd: number): void {
    this.#uncountedUsd += costUsd;
    this.#idle = 0;
  }

  /** Notes that a call of this estimate is about to be made; `waits`: the slice does not cover it. */
  note(estimateUsd: number, waits: boolean): void {
    this.#largestUsd = Math.max(this.#largestUsd, estimateUsd);
    if (waits) this.#wantedUsd += estimateUsd;
    this.#idle = 0;
  }

  /** The last refill got less than it asked for: the limit is nearly spent, and waiting for another one is of no use. */
  get isDry(): boolean {
    return this.#isDry;
  }

  /** Whether the store has to be written for this slice. */
  get needsRefill(): boolean {
    return this.#wantedUsd > 0 || (this.#grantedUsd > 0 && this.#idle >= IDLE_REFILLS);
  }

  /**
   * Asks for the amount that the slice is to have once `countedUsd` of what was spent is in the store. Until `confirm()`, only what both the
   * old and the new amount cover may be committed.
   *
   * @param availableUsd what no process has spent or holds, this one's slice aside
   * @param ends give back all that is not reserved
   */
  refill(availableUsd: number, reservedUsd: number, countedUsd: number, ends: boolean): number {
    const committedUsd = reservedUsd + Math.max(0, this.#uncountedUsd - countedUsd);
    this.#recentUsd = Math.max(countedUsd, this.#recentUsd / 2);
    this.#idle += 1;
    const isIdle = ends || this.#idle > IDLE_REFILLS;
    const restUsd = Math.max(0, availableUsd - committedUsd);
    const demandUsd = isIdle ? 0 : Math.max(this.#wantedUsd, CALLS_AHEAD * this.#largestUsd) + 2 * this.#recentUsd;
    // Near the limit each process takes half of the rest, or what one call needs.
    const shareUsd = Math.min(demandUsd, Math.max(restUsd / 2, this.#largestUsd));
    const sliceUsd = committedUsd + Math.min(restUsd, shareUsd);
    this.#isDry = !isIdle && restUsd < this.#largestUsd * (1 - ROUNDING);
    if (isIdle) this.#largestUsd = 0;
    this.#wantedUsd = 0;
    this.#grantedUsd = Math.min(this.#grantedUsd, sliceUsd + countedUsd);
    return sliceUsd;
  }

  /** The store has the amount that `refill()` asked for, and what was spent. */
  confirm(sliceUsd: number, countedUsd: number): void {
    this.#uncountedUsd = Math.max(0, this.#uncountedUsd - countedUsd);
    this.#grantedUsd = sliceUsd;
  }
}
