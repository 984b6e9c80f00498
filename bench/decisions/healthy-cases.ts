/** Canaries as good as stable: at most 1 % may be rolled back, even during incidents that hit both sides. */

import { meanOf, percent, yesIf, type Case } from './case.ts';
import { falseRollbacks, heavyTenants } from './scenarios.ts';
import type { Moment } from './traffic.ts';

const RUNS = 400;
/** With a weight of 25 %, these include 100,000 canary calls. */
const CALLS = 400_000;
/** 100 calls per second. */
const CALLS_PER_HOUR = 360_000;

export const healthyCases: readonly Case[] = [
  ...[0.005, 0.01, 0.02, 0.05].map((rate) =>
    healthy(
      `false rollback at ${percent(rate)} errors`,
      CALLS,
      steady({ weight: 0.25, stableRate: rate, canaryRate: rate }),
    ),
  ),
  healthy('false rollback, 1 % → 20 % on both for 10 min', CALLS_PER_HOUR, commonMode()),
  healthy('false rollback, drift 0.5 → 3 %, weight 1 → 25 %', CALLS_PER_HOUR, drift()),
  {
    runs: RUNS,
    run: (seed) => heavyTenants(seed, CALLS / 2),
    report: (results) => {
      const [realised, nominal] = [0, 1].map((column) => meanOf(results.map((result) => result[column]!)));
      return {
        case: `false rollback, 300 heavy tenants (by the nominal share: ${percent(nominal!)})`,
        ours: percent(realised!),
        target: '≤ 1 %',
        reached: yesIf(realised! <= 0.01),
      };
    },
  },
];

function healthy(name: string, calls: number, momentAt: (call: number) => Moment): Case {
  return {
    runs: RUNS,
    run: (seed) => falseRollbacks(seed, calls, momentAt),
    report: (results) => {
      const shares = [0, 1, 2, 3, 4].map((column) => meanOf(results.map((result) => result[column]!)));
      const [above1, above5, zTest, threeStrikes] = shares.slice(1).map(percent);
      return {
        case: name,
        ours: percent(shares[0]!),
        target: '≤ 1 %',
        reached: yesIf(shares[0]! <= 0.01),
        '> 1 %': above1!,
        '> 5 %': above5!,
        'peeked z-test': zTest!,
        'three strikes': threeStrikes!,
      };
    },
  };
}

function steady(moment: Moment): () => Moment {
  return () => moment;
}

function commonMode(): (call: number) => Moment {
  const usual = { weight: 0.05, stableRate: 0.01, canaryRate: 0.01 };
  const incident = { weight: 0.05, stableRate: 0.2, canaryRate: 0.2 };
  return (call) => (call >= CALLS_PER_HOUR / 3 && call < CALLS_PER_HOUR / 2 ? incident : usual);
}

function drift(): (call: number) => Moment {
  const moment: Moment = { weight: 0, stableRate: 0, canaryRate: 0 };
  const weights = [0.01, 0.05, 0.1, 0.25];
  return (call) => {
    const progress = call / CALLS_PER_HOUR;
    moment.weight = weights[Math.floor(progress * weights.length)]!;
    moment.stableRate = 0.005 + 0.025 * progress;
    moment.canaryRate = moment.stableRate;
    return moment;
  };
}
