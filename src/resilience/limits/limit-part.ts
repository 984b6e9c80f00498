/**
 * The part of a shared limit that one process may use without asking: prepaid in the store, where it counts as taken. The process uses it up,
 * and the store refills it in the background.
 */

import type { PartGrant, PartRequest } from '../../domain/store.ts';

/** The store keeps a part for this long without another request, in ms. */
const HELD_MS = 10_000;
/** A process that needs nothing says that it is there this often, in ms. */
const PRESENT_MS = HELD_MS / 2;
/** A part is not used in the last moments of its time: a request must reach the store before. */
const MARGIN_MS = 1_000;
/** How long the last answer of the store is good enough, in ms. */
const PATIENCE_MS = 5_000;
/** The pause before a limit that is used up is asked for again, in ms. */
const DRY_MS = { least: 20, usual: 200, most: 1_000 } as const;

export interface LimitPartInput {
  readonly name: string;
  /** The limit of all processes together. */
  readonly limit: number;
  /** How long a used amount counts, in ms; 0 for a limit of what is held at a time. */
  readonly windowMs: number;
}

/** What `request()` is made with. */
export interface PartAsker {
  readonly source: string;
  readonly nowMs: number;
  /** What this process has used within the window. */
  readonly recent: number;
  /** The process leaves: it gives back all that is not held by attempts in flight. */
  readonly leaves: boolean;
}

export class LimitPart {
  readonly limit: number;
  readonly #input: LimitPartInput;
  /** What the store keeps for this process. */
  #granted = 0;
  #untilMs = 0;
  /** Used since the last request that was answered, and since the start. */
  #uncounted = 0;
  #total = 0;
  /** Held by attempts in flight. */
  #reserved = 0;
  /** Wanted by calls that the part does not cover, and the largest such amount of late. */
  #wanted = 0;
  #largest = 1;
  /** Taken since the last request, or the most that was held at a time; and the same of late. */
  #demand = 0;
  /** One from the start, so that the first call need not wait. */
  #recentDemand = 2;
  #ahead = 0;
  #dryUntilMs = 0;
  #askedAtMs = -Infinity;
  /** This process's share of what was free at the last answer; `undefined` before the first one. */
  #freeShare: number | undefined;
  #answeredAtMs = 0;
  /** The request on its way. */
  #asked:
    { readonly atMs: number; readonly uncounted: number; readonly keeps: number; readonly least: number } | undefined;

  constructor(input: LimitPartInput) {
    this.#input = input;
    this.limit = input.limit;
  }

  /** Whether the part covers `amount`. An amount above the whole limit needs the whole limit. */
  covers(amount: number, nowMs: number): boolean {
    return nowMs < this.#untilMs && Math.min(amount, this.limit) <= this.#rest;
  }

  /** `undefined` if the part covers `amount`, or the store may grant it; otherwise when the store is worth asking again. */
  blockedUntilMs(amount: number, nowMs: number): number | undefined {
    return this.#dryUntilMs <= nowMs || this.covers(amount, nowMs) ? undefined : this.#dryUntilMs;
  }

  /**
   * As `covers`, while the store does not answer: what is left of the part and of what was free, and after a moment what the process's share
   * of the limit comes to over time. So a short outage does not let processes together exceed a limit that they were close to.
   */
  coversAlone(amount: number, nowMs: number, share: number): boolean {
    const { windowMs } = this.#input;
    if (this.#freeShare === undefined || windowMs === 0) return true;
    const aloneMs = Math.max(0, nowMs - this.#answeredAtMs - PATIENCE_MS);
    return Math.min(amount, share) <= this.#rest + this.#freeShare + (share * aloneMs) / windowMs;
  }

  /** Notes that a call wants `amount`, which the part does not cover. */
  want(amount: number): void {
    const needed = Math.min(amount, this.limit);
    this.#wanted += needed;
    this.#largest = Math.max(this.#largest, needed);
  }

  use(amount: number): void {
    this.#uncounted += amount;
    this.#total += amount;
    this.#demand += amount;
  }

  /** Undoes `use(amount)`, if the store has not counted it. */
  takeBack(amount: number): void {
    if (this.#uncounted < amount) return;
    this.#uncounted -= amount;
    this.#total -= amount;
  }

  /** Holds `amount` for an attempt, until `release`. */
  hold(amount: number): void {
    this.#reserved += amount;
    if (this.#input.windowMs > 0) this.#demand += amount;
    else this.#demand = Math.max(this.#demand, this.#reserved);
  }

  /** Releases what was held. `used` of it counts for the length of the window. */
  release(held: number, used: number): void {
    this.#reserved -= held;
    this.#uncounted += used;
    this.#total += used;
  }

  /** Whether the part is so small that it should be refilled early. */
  isLow(nowMs: number): boolean {
    return this.#dryUntilMs <= nowMs && this.#rest < this.#ahead / 2;
  }

  /** Whether the store has to be asked. */
  isDue(nowMs: number): boolean {
    const isInUse = this.#granted > 0 || this.#uncounted > 0 || this.#wanted > 0;
    return isInUse || nowMs - this.#askedAtMs >= PRESENT_MS;
  }

  /**
   * What to ask the store for. Until `answered()`, the process uses at most what it says that it keeps.
   */
  request({ source, nowMs, recent, leaves }: PartAsker): PartRequest {
    const { name, limit, windowMs } = this.#input;
    const ahead = leaves ? 0 : this.#nextAhead();
    const rest = nowMs < this.#untilMs ? Math.max(0, this.#rest) : 0;
    const keeps = this.#reserved + Math.min(rest, ahead);
    const wants = this.#reserved + ahead - keeps;
    const least = Math.min(this.#largest, wants);
    this.#granted = this.#uncounted + keeps;
    this.#asked = { atMs: nowMs, uncounted: this.#uncounted, keeps, least };
    this.#askedAtMs = nowMs;
    this.#wanted = 0;
    this.#largest = 1;
    const forMs = leaves && keeps === 0 ? 0 : HELD_MS;
    return { name, source, limit, windowMs, total: this.#total, recent, keeps, wants, least, forMs };
  }

  /** @param jitter 0–1, so that processes do not all ask again at the same moment */
  answered({ held, free, processes, freeInMs = DRY_MS.usual }: PartGrant, nowMs: number, jitter: number): void {
    const asked = this.#asked;
    if (!asked) return;
    this.#asked = undefined;
    this.#uncounted = Math.max(0, this.#uncounted - asked.uncounted);
    this.#granted = held;
    this.#freeShare = Math.floor(free / Math.max(1, processes));
    this.#answeredAtMs = nowMs;
    this.#untilMs = asked.atMs + HELD_MS - MARGIN_MS;
    const isDry = asked.least > 0 && held - asked.keeps < asked.least;
    const waitMs = Math.min(Math.max(freeInMs, DRY_MS.least), DRY_MS.most) * (1 + jitter / 4);
    this.#dryUntilMs = isDry ? nowMs + waitMs : 0;
  }

  /** Forgets that the limit was used up: the store does not answer, so it may have room again. */
  failed(): void {
    this.#asked = undefined;
    this.#dryUntilMs = 0;
  }

  /** What of the part is not used and not held. */
  get #rest(): number {
    return this.#granted - this.#uncounted - this.#reserved;
  }

  /** What to hold for calls to come: twice what was needed between two requests of late. */
  #nextAhead(): number {
    const { windowMs } = this.#input;
    this.#recentDemand = Math.max(this.#demand, Math.floor(this.#recentDemand / 2));
    this.#demand = windowMs > 0 ? 0 : this.#reserved;
    const expected = windowMs > 0 ? 2 * this.#recentDemand : Math.max(0, 2 * this.#recentDemand - this.#reserved);
    this.#ahead = Math.min(this.#wanted + expected, this.limit);
    return this.#ahead;
  }
}
