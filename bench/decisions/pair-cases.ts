/** Shadow steps: how many copies a decision takes by pairs, against the same values as if no two belonged together. */

import { meanOf, medianOf, percent, yesIf, type Case } from './case.ts';
import { byPairs, copiesOfOutage, failures, latencies, type PairSource, pairsUntilDecided } from './pairs.ts';
import { ALPHA } from './scenarios.ts';

const PROOF_ALPHA = 0.05;
/** 5 % of the calls fail on both sides. */
const SHARED = 0.05;

const worse = { margin: 0, direction: 'worse', alpha: ALPHA } as const;
const proof = { direction: 'noWorse', alpha: PROOF_ALPHA } as const;

export const pairCases: readonly Case[] = [
  falseDecision('false rollback of copies, 5 % fail on both sides and 2 % on one', 0.01, 20_000, {
    ...worse,
    metric: 'errorRate',
    source: failures(SHARED, 0.02, 0.02),
  }),
  falseDecision('false rollback of copies, latency', 0.01, 20_000, {
    ...worse,
    metric: 'latency',
    source: latencies(1),
  }),
  falseDecision('false proof of copies, 4 points worse', 0.05, 2_000, {
    ...proof,
    margin: 0.04,
    metric: 'errorRate',
    source: failures(SHARED, 0.01 + 0.04 / (1 - SHARED), 0.01),
  }),
  falseDecision('false proof of copies, latency × 1.2', 0.05, 2_000, {
    ...proof,
    margin: 0.2,
    metric: 'latency',
    source: latencies(1.2),
  }),
  ...[1.2, 1.5, 2].map((factor) =>
    fewer(`copies until latency × ${factor} is found`, 3, { ...worse, metric: 'latency', source: latencies(factor) }),
  ),
  fewer('copies until latency is proven within 20 %', 3, {
    ...proof,
    margin: 0.2,
    metric: 'latency',
    source: latencies(1),
  }),
  fewer('copies until 1 % × 3 errors are found, nothing shared', 0.8, {
    ...worse,
    metric: 'errorRate',
    source: failures(0, 0.03, 0.01),
  }),
  fewer('copies until 1 % × 3 errors are found, 5 % more shared', 3, {
    ...worse,
    metric: 'errorRate',
    source: failures(SHARED, 0.03, 0.01),
  }),
  fewer('copies until errors are proven within 4 points, 5 % shared', 3, {
    ...proof,
    margin: 0.04,
    metric: 'errorRate',
    source: failures(SHARED, 0.01, 0.01),
  }),
  ...[0, 2_000, 20_000].map((goodPairs) => outage(goodPairs)),
];

interface JudgedSource {
  readonly metric: string;
  readonly margin: number;
  readonly direction: 'worse' | 'noWorse';
  readonly alpha: number;
  readonly source: PairSource;
}

function falseDecision(name: string, alpha: number, pairs: number, judged: JudgedSource): Case {
  const runs = 1_000;
  // At the edge of the hypothesis the bound may be reached, give or take the error of the sample.
  const limit = alpha + 2 * Math.sqrt((alpha * (1 - alpha)) / runs);
  return {
    runs,
    run: (seed) => [Number(byPairs(seed, judged, pairs) <= pairs)],
    report: (results) => {
      const share = meanOf(results.flat());
      return { case: name, ours: percent(share), target: `≤ ${percent(alpha)}`, reached: yesIf(share <= limit) };
    },
  };
}

/** @param times how many times fewer copies pairs take, at least */
function fewer(name: string, times: number, judged: JudgedSource): Case {
  return {
    runs: 200,
    run: (seed) => pairsUntilDecided(seed, judged),
    report: (results) => {
      const [paired, single] = [0, 1].map((column) => medianOf(results.map((result) => result[column]!)));
      return {
        case: name,
        ours: `median ${paired}, unpaired ${single}`,
        target: `unpaired ≥ ${times} times as many`,
        reached: yesIf(single! >= times * paired!),
      };
    },
  };
}

function outage(goodPairs: number): Case {
  return {
    runs: 200,
    run: (seed) => [copiesOfOutage(seed, goodPairs, 0)],
    report: (results) => {
      const measured = medianOf(results.flat());
      return {
        case: `copies of an outage after ${goodPairs} good ones`,
        ours: `median ${measured}`,
        target: '≤ 25',
        reached: yesIf(measured <= 25),
      };
    },
  };
}
