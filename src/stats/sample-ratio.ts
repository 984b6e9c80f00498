/**
 * Checks whether the upstreams get the calls that the split intends. A broken split makes every comparison worthless.
 */

import { logGamma } from './log-gamma.ts';

/** The state as plain data, for a store. */
export interface SampleRatioState {
  readonly shares: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

/** A sequential test that may be read after every call. Count keys if keys are sticky, otherwise calls. */
export interface SampleRatioCheck {
  observe(upstream: string, count?: number): void;
  /**
   * 0–1 on a logarithmic scale. At 1 the split is considered broken; the probability of a false alarm is at most 0.001
   * over the whole run.
   */
  readonly evidence: number;
  readonly verdict: 'broken' | 'inconclusive';
  toJSON(): SampleRatioState;
}

/**
 * @param shares the intended shares, any positive numbers by upstream; changed weights need a new check
 * @throws RangeError for a share that is not positive, and for fewer than two shares
 */
export function createSampleRatioCheck(shares: Readonly<Record<string, number>>): SampleRatioCheck {
  return new DirichletCheck(shares);
}

/** Continues a check from `state`. */
export function restoreSampleRatioCheck({ shares, counts }: SampleRatioState): SampleRatioCheck {
  const check = new DirichletCheck(shares);
  for (const [upstream, count] of Object.entries(counts)) check.observe(upstream, count);
  return check;
}

/** Combines two checks by adding their counts. */
export function mergeSampleRatioChecks(one: SampleRatioState, other: SampleRatioState): SampleRatioCheck {
  const check = restoreSampleRatioCheck(one);
  for (const [upstream, count] of Object.entries(other.counts)) check.observe(upstream, count);
  return check;
}

/**
 * The Bayes factor of a Dirichlet prior around the shares π against π (Lindon & Malek 2022):
 * ln e = lnΓ(c) − lnΓ(c+N) + Σ[lnΓ(cπ_i+n_i) − lnΓ(cπ_i) − n_i ln π_i], an e-process.
 */
class DirichletCheck implements SampleRatioCheck {
  readonly #shares = new Map<string, number>();
  readonly #counts = new Map<string, number>();

  constructor(shares: Readonly<Record<string, number>>) {
    const entries = Object.entries(shares);
    if (entries.length < 2) throw new RangeError('shares should name at least two upstreams');
    const total = entries.reduce((sum, [, share]) => sum + share, 0);
    for (const [upstream, share] of entries) {
      if (!(share > 0 && Number.isFinite(share)))
        throw new RangeError(`shares.${upstream} should be above 0, got ${share}`);
      this.#shares.set(upstream, share / total);
      this.#counts.set(upstream, 0);
    }
  }

  get evidence(): number {
    return Math.min(1, Math.max(0, this.#logValue / ALARM));
  }

  get verdict(): 'broken' | 'inconclusive' {
    return this.#logValue >= ALARM ? 'broken' : 'inconclusive';
  }

  observe(upstream: string, count = 1): void {
    const before = this.#counts.get(upstream);
    if (before !== undefined) this.#counts.set(upstream, before + count);
  }

  toJSON(): SampleRatioState {
    return { shares: Object.fromEntries(this.#shares), counts: Object.fromEntries(this.#counts) };
  }

  get #logValue(): number {
    let total = 0;
    let sum = 0;
    for (const [upstream, share] of this.#shares) {
      const count = this.#counts.get(upstream)!;
      total += count;
      const prior = CONCENTRATION * share;
      sum += logGamma(prior + count) - logGamma(prior) - count * Math.log(share);
    }
    return sum + logGamma(CONCENTRATION) - logGamma(CONCENTRATION + total);
  }
}

const CONCENTRATION = 1_000;
/** ln 1000: a false alarm has a probability of at most 0.001. */
const ALARM = Math.log(1_000);
