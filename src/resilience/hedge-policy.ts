/** Whether and when a second upstream is asked beside a slow one. */

/** When calls are hedged, over all of them. */
export interface Hedging {
  /** How long an upstream may take before a second one is asked; `undefined` while that is not known. */
  readonly delayMs: (upstream: string, stream: boolean) => number | undefined;
  /** Takes note of whether an upstream took longer than that. */
  readonly took: (upstream: string, long: boolean) => void;
  /** Takes the right to one hedge: not beyond the share of calls, and not while most upstreams take long. */
  readonly admits: () => boolean;
}

/** What hedging is decided by. */
export interface HedgingInput {
  /** A fixed delay in ms, or the p95 of the upstream itself. */
  readonly after: number | 'p95';
  /** Hedges as a share of calls, 0–1. */
  readonly maxShare: number;
  /** How long 95 of 100 attempts take to begin to answer, in ms; `undefined` while there are too few. */
  readonly p95Ms: (upstream: string, stream: boolean) => number | undefined;
}

/** An upstream takes long when more than half of its latest calls did, the latest counting most. */
const LONG = 0.5;
/** Weight of the latest call: after seven calls the half of what was before is forgotten. */
const WEIGHT = 0.1;
/** Counts are halved at so many calls, so that hedges saved up in calm are not spent at once. */
const MEMORY_CALLS = 10_000;

export function createHedging({ after, maxShare, p95Ms }: HedgingInput): Hedging {
  const longShares = new Map<string, number>();
  let calls = 0;
  let hedges = 0;
  return {
    delayMs: (upstream, stream) => {
      calls += 1;
      if (calls >= MEMORY_CALLS) [calls, hedges] = [calls / 2, hedges / 2];
      return after === 'p95' ? p95Ms(upstream, stream) : after;
    },
    took: (upstream, long) => {
      const before = longShares.get(upstream) ?? 0;
      longShares.set(upstream, before + WEIGHT * (Number(long) - before));
    },
    admits: () => {
      const slow = [...longShares.values()].filter((share) => share > LONG).length;
      if (slow * 2 > longShares.size || hedges + 1 > maxShare * calls) return false;
      hedges += 1;
      return true;
    },
  };
}
