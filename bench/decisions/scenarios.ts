/** One run of each kind: what happened, as numbers. */

import { createGuardrail, type Guardrail } from '../../src/stats/guardrail.ts';
import { createRealisedShare } from '../../src/stats/realised-share.ts';
import { lognormal, seededRandom } from '../../src/testing/seeded-random.ts';
import { OtherRules } from './rules.ts';
import { Traffic, type Moment } from './traffic.ts';

/** The probability of a false rollback that is asked for. */
export const ALPHA = 0.01;

/** Whether each rule rolled a healthy canary back: ours, above 1 %, above 5 %, peeked z-test, three strikes. */
export type FalseRollbacks = readonly number[];

/** Watches a canary that is as good as stable; `momentAt` says what holds at a call. */
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
 * Whether 300 tenants of very unequal size, each of which keeps its side, make the judge roll back a healthy canary: by the
 * realised share, and by the nominal one.
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
    // The evidence is kept over a restart; the share is found anew.
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
  /** Good calls of the canary's before it gets worse. @default 0 */
  readonly goodCalls?: number;
}

/** How many bad-natured canary calls pass before the rollback; at most 200,000. */
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

/** The same for latencies that are lognormal with this deviation, and the canary's `factor` times as long. */
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

/** Whether a canary that is worse by just the margin is ever found no worse within so many of its calls. */
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
