/** Simulates one run of each kind; results are numbers. */

import { createGuardrail, type Guardrail } from '../../src/stats/guardrail.ts';
import { createRealisedShare } from '../../src/stats/realised-share.ts';
import { lognormal, seededRandom } from '../../src/testing/seeded-random.ts';
import { OtherRules } from './rules.ts';
import { Traffic, type Moment } from './traffic.ts';

/** The permitted probability of a false rollback. */
export const ALPHA = 0.01;

/** For each rule, 1 if it rolled back a healthy canary: ours, above 1 %, above 5 %, peeked z-test, three strikes. */
export type FalseRollbacks = readonly number[];

/** Observes a canary that is as good as stable. `momentAt` gives the weight and error rates at a call. */
export function falseRollbacks(seed: number, calls: number, momentAt: (call: number) => Moment): FalseRollbacks {
  const traffic = new Traffic(seed);
  const guardrail = createGuardrail({ metric: 'errorRate', alpha: ALPHA, direction: 'worse' });
  const others = new OtherRules();
  let ours = false;
  for (let index = 0; index < calls; index++) {
    const call = traffic.next(momentAt(index));
    others.observe(call);
    if (ours) continue;
    guardrail.observe(call);
    ours = call.arm === 'canary' && guardrail.verdict === 'fail';
  }
  return [ours, others.above1, others.above5, others.zTest, others.threeStrikes].map(Number);
}

/**
 * Simulates 300 sticky tenants of very unequal size, and a healthy canary. Returns whether the judge rolls it back with the
 * realised share, and with the nominal share.
 */
export function heavyTenants(seed: number, calls: number, restartEvery = Infinity): readonly number[] {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const weight = 0.1;
  const sizes = Array.from({ length: 300 }, () => lognormal(1, 1.5, random));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const canaryShare = sizes.reduce((sum, size) => sum + (random() < weight ? size : 0), 0) / total;
  const options = { metric: 'errorRate', alpha: ALPHA, direction: 'worse' } as const;
  const [byRealised, byNominal] = [createGuardrail(options), createGuardrail(options)];
  const fired = [false, false];
  let realised = createRealisedShare(weight);
  for (let index = 0; index < calls; index++) {
    // A restart keeps the evidence, but the realised share is estimated again from the start.
    if (index % restartEvery === 0) realised = createRealisedShare(weight);
    const arm = random() < canaryShare ? 'canary' : 'stable';
    const value = random() < 0.02 ? 1 : 0;
    byRealised.observe({ arm, value, share: realised.share });
    byNominal.observe({ arm, value, share: weight });
    realised.assigned(arm);
    if (arm === 'stable') continue;
    fired[0] ||= byRealised.verdict === 'fail';
    fired[1] ||= byNominal.verdict === 'fail';
  }
  return fired.map(Number);
}

export interface Regression {
  readonly weight: number;
  readonly stableRate: number;
  readonly canaryRate: number;
  /** Canary calls before the canary gets worse. @default 0 */
  readonly goodCalls?: number;
}

/** The number of canary calls between the regression and the rollback; at most 200,000. */
export function delayOf(seed: number, { weight, stableRate, canaryRate, goodCalls = 0 }: Regression): number {
  const traffic = new Traffic(seed);
  const guardrail = createGuardrail({ metric: 'errorRate', alpha: ALPHA, direction: 'worse' });
  const moment = { weight, stableRate, canaryRate: stableRate };
  for (let seen = 1; seen < goodCalls + MOST_CALLS;) {
    if (seen > goodCalls) moment.canaryRate = canaryRate;
    const call = traffic.next(moment);
    guardrail.observe(call);
    if (call.arm !== 'canary') continue;
    if (seen > goodCalls && guardrail.verdict === 'fail') return seen - goodCalls;
    seen += 1;
  }
  return MOST_CALLS;
}

const MOST_CALLS = 200_000;

/** As `delayOf`, for lognormal latencies with deviation `sigma`. Those of the canary are `factor` times longer. */
export function latencyDelay(seed: number, factor: number, sigma: number, weight: number): number {
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const guardrail = createGuardrail({ metric: 'latency', margin: 0, alpha: ALPHA, direction: 'worse' });
  for (let seen = 0; seen < MOST_CALLS;) {
    const isCanary = random() < weight;
    const value = lognormal(isCanary ? 800 * factor : 800, sigma, random);
    guardrail.observe({ arm: isCanary ? 'canary' : 'stable', value, share: weight });
    if (isCanary) seen += 1;
    if (isCanary && guardrail.verdict === 'fail') return seen;
  }
  return MOST_CALLS;
}

/** 1 if a canary that is worse by exactly the margin passes within `canaryCalls` of its calls, otherwise 0. */
export function falsePromotion(seed: number, moment: Moment, canaryCalls: number): number {
  const margin = moment.canaryRate - moment.stableRate;
  const guardrail: Guardrail = createGuardrail({ metric: 'errorRate', margin, alpha: 0.05, direction: 'noWorse' });
  const traffic = new Traffic(seed);
  for (let seen = 0; seen < canaryCalls;) {
    const call = traffic.next(moment);
    guardrail.observe(call);
    if (call.arm === 'canary') seen += 1;
    if (call.arm === 'canary' && guardrail.verdict === 'pass') return 1;
  }
  return 0;
}
