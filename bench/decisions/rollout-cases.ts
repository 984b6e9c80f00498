/** Promotions: a canary that is worse by the margin is not promoted, and a good one is promoted soon. */

import { meanOf, medianOf, percent, yesIf, type Case } from './case.ts';
import { falsePromotion } from './scenarios.ts';
import { stagedByEvidence, stagedByThreshold, type StagedEnd } from './staged.ts';

const STABLE_RATE = 0.01;

export const rolloutCases: readonly Case[] = [
  ...(
    [
      [0.01, 0.1],
      [0.05, 0.04],
      [0.25, 0.008],
      [0.5, 0.004],
    ] as const
  ).map(([weight, margin]) => atTheMargin(weight, margin)),
  staged(
    'as good',
    1,
    '≥ 99 % promoted, about 290 s',
    (ends) => promotedShare(ends) >= 0.99 && medianTime(ends) <= 290,
  ),
  staged('× 2', 2, 'none, about 190 s and 23 failures', (ends) => {
    return promotedShare(ends) === 0 && medianTime(ends) <= 190 && meanExcess(ends) <= 23;
  }),
  staged('× 10', 10, 'none, within 45 s', (ends) => promotedShare(ends) === 0 && medianTime(ends) <= 45),
  staged('an outage', 100, 'none, within 2 s', (ends) => promotedShare(ends) === 0 && medianTime(ends) <= 2.2),
];

function atTheMargin(weight: number, margin: number): Case {
  const runs = 2_000;
  const moment = { weight, stableRate: STABLE_RATE, canaryRate: STABLE_RATE + margin };
  // After more calls a wrong promotion is even rarer, because the evidence falls.
  const canaryCalls = Math.min(8_000, 60 / margin);
  const limit = 0.05 + 2 * Math.sqrt((0.05 * 0.95) / runs);
  return {
    runs,
    run: (seed) => [falsePromotion(seed, moment, canaryCalls)],
    report: (results) => {
      const share = meanOf(results.flat());
      return {
        case: `false promotion, worse by ${percent(margin)} at a weight of ${percent(weight)}`,
        ours: percent(share),
        target: '≤ 5 % (± 1)',
        reached: yesIf(share <= limit),
      };
    },
  };
}

function staged(
  name: string,
  factor: number,
  toReach: string,
  isReached: (ends: readonly StagedEnd[]) => boolean,
): Case {
  const canaryRate = Math.min(1, STABLE_RATE * factor);
  return {
    runs: 400,
    run: (seed) => {
      const ours = stagedByEvidence(seed, STABLE_RATE, canaryRate);
      const others = [0.01, 0.05].map((threshold) => stagedByThreshold(seed, STABLE_RATE, canaryRate, threshold));
      return [
        Number(ours.promoted),
        ours.afterS,
        ours.excessFailures,
        ...others.map(({ promoted }) => Number(promoted)),
      ];
    },
    report: (results) => {
      const ends = results.map(([promoted, afterS, excessFailures]): StagedEnd => {
        return { promoted: promoted === 1, afterS: afterS!, excessFailures: excessFailures! };
      });
      const [above1, above5] = [3, 4].map((column) => percent(meanOf(results.map((result) => result[column]!))));
      const time = `median ${medianTime(ends).toFixed(1)} s, ${meanExcess(ends).toFixed(1)} failures`;
      return {
        case: `1 → 5 → 25 → 50 → 100 %, errors ${name}: promoted`,
        ours: `${percent(promotedShare(ends))}, ${time}`,
        target: toReach,
        reached: yesIf(isReached(ends)),
        '> 1 %': above1!,
        '> 5 %': above5!,
      };
    },
  };
}

function promotedShare(ends: readonly StagedEnd[]): number {
  return meanOf(ends.map(({ promoted }) => Number(promoted)));
}

function medianTime(ends: readonly StagedEnd[]): number {
  return medianOf(ends.map(({ afterS }) => afterS));
}

function meanExcess(ends: readonly StagedEnd[]): number {
  return meanOf(ends.map(({ excessFailures }) => excessFailures));
}
