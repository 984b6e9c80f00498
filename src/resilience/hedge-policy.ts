/** Decides whether and when a second upstream is tried beside a slow one. */

/** What hedging depends on. */
export interface HedgingInput {
  /** A fixed delay in ms, or the p95 of the upstream itself. */
  readonly after: number | 'p95';
  /** Hedges as a share of calls, 0–1. */
  readonly maxShare: number;
  /** The time in ms within which 95 of 100 attempts begin to answer; `undefined` while there are too few samples. */
  readonly p95Ms: (upstream: string, stream: boolean) => number | undefined;
}

/** Hedging over all calls of a client. */
export class Hedging {
  readonly #input: HedgingInput;
  /** By upstream: the share of its latest calls that were slow, 0–1, the latest weighing most. */
  readonly #slowShares = new Map<string, number>();
  #calls = 0;
  #hedges = 0;

  constructor(input: HedgingInput) {
    this.#input = input;
  }

  /** How long an upstream may take before a second one is tried, in ms; `undefined` while that is unknown. Counts the call. */
  delayMs(upstream: string, stream: boolean): number | undefined {
    this.#calls += 1;
    if (this.#calls >= MEMORY_CALLS) [this.#calls, this.#hedges] = [this.#calls / 2, this.#hedges / 2];
    const { after, p95Ms } = this.#input;
    return after === 'p95' ? p95Ms(upstream, stream) : after;
  }

  /** Records whether an upstream took longer than its delay. */
  recordLatency(upstream: string, isSlow: boolean): void {
    const before = this.#slowShares.get(upstream) ?? 0;
    this.#slowShares.set(upstream, before + WEIGHT * (Number(isSlow) - before));
  }

  /** Takes the right to one hedge: not beyond `maxShare`, and not while most upstreams are slow. */
  admits(): boolean {
    const slow = [...this.#slowShares.values()].filter((share) => share > SLOW_SHARE).length;
    if (slow * 2 > this.#slowShares.size || this.#hedges + 1 > this.#input.maxShare * this.#calls) return false;
    this.#hedges += 1;
    return true;
  }
}

/** An upstream is slow when more than this share of its latest calls was. */
const SLOW_SHARE = 0.5;

/** Weight of the latest call: seven calls halve the weight of everything before them. */
const WEIGHT = 0.1;

/** At this many calls all counts are halved, so that hedges saved up in calm times are not spent at once. */
const MEMORY_CALLS = 10_000;
