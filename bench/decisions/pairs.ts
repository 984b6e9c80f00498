/** Simulates the copies of a shadow step: pairs of a copy and its call, judged as pairs and as if they were unrelated. */

import { createGuardrail, type Guardrail } from '../../src/stats/guardrail.ts';
import { metricOf, type MetricName } from '../../src/stats/metric.ts';
import { PairGuard } from '../../src/stats/pair-guard.ts';
import { lognormal, seededRandom } from '../../src/testing/seeded-random.ts';
import { ALPHA } from './scenarios.ts';

/** What makes pairs of values: the copy's and its call's. */
export type PairSource = (random: () => number) => readonly [copy: number, real: number];

/** Failures: `shared` of the pairs fail on both sides (hard inputs, a bad minute), the rest fail on their own. */
export function failures(shared: number, canaryRate: number, stableRate: number): PairSource {
  return (random) => {
    if (random() < shared) return [1, 1];
    return [Number(random() < canaryRate), Number(random() < stableRate)];
  };
}

/** The latency of an answer is that of its length (σ 0.55), and a part of its own on each side (σ 0.25): σ 0.6 on each side. */
export function latencies(factor: number): PairSource {
  return (random) => {
    const length = lognormal(800, 0.55, random);
    return [factor * length * lognormal(1, 0.25, random), length * lognormal(1, 0.25, random)];
  };
}

interface Judged {
  readonly metric: MetricName;
  readonly margin: number;
  readonly direction: 'worse' | 'noWorse';
  /** The permitted probability of a false decision. */
  readonly alpha: number;
  readonly source: PairSource;
}

const MOST_PAIRS = 50_000;

/** How many pairs a decision takes: by pairs, and by the same values as if no two of them belonged together. */
export function pairsUntilDecided(seed: number, judged: Judged, most = MOST_PAIRS): readonly [number, number] {
  return [byPairs(seed, judged, most), unpaired(seed, judged, most)];
}

/** The number of pairs until the decision; `Infinity` if none is made within `most` pairs. */
export function byPairs(seed: number, { metric, margin, direction, alpha, source }: Judged, most = MOST_PAIRS): number {
  const guard = new PairGuard(metricOf(metric), { worse: { margin }, noWorse: { margin } });
  const random = randomOf(seed);
  for (let pairs = 1; pairs <= most; pairs++) {
    guard.observe(...source(random));
    if (guard[direction] >= -Math.log(alpha)) return pairs;
  }
  return Infinity;
}

function unpaired(seed: number, { metric, margin, direction, alpha, source }: Judged, most: number): number {
  const guardrail: Guardrail = createGuardrail({ metric, margin, direction, alpha });
  const random = randomOf(seed);
  for (let pairs = 1; pairs <= most; pairs++) {
    const [copy, real] = source(random);
    guardrail.observe({ arm: 'stable', value: real, share: 0.5 });
    guardrail.observe({ arm: 'canary', value: copy, share: 0.5 });
    if (guardrail.verdict !== 'inconclusive') return pairs;
  }
  return Infinity;
}

/** The copies between an outage and the rollback, after so many good pairs. */
export function copiesOfOutage(seed: number, goodPairs: number, margin: number): number {
  const guard = new PairGuard(metricOf('errorRate'), { worse: { margin }, noWorse: { margin } });
  const random = randomOf(seed);
  const source = failures(0.005, 0.005, 0.005);
  for (let pair = 0; pair < goodPairs; pair++) guard.observe(...source(random));
  for (let copies = 1; copies < MOST_PAIRS; copies++) {
    guard.observe(1, source(random)[1]);
    if (guard.worse >= -Math.log(ALPHA)) return copies;
  }
  return Infinity;
}

const randomOf = (seed: number): (() => number) => seededRandom(Math.imul(seed + 1, 0x9e3779b1));
