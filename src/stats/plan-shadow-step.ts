/** The plan of a shadow step: how long its copies take to prove a canary, and to show a bad one. */

import { createGuarded } from './guarded.ts';
import type { Limits } from './create-bets.ts';
import { createPairBet, pairsUntil } from './pair-bet.ts';
import { type CaughtRegression, formatDuration, type PlanStepInput, type StepPlan } from './plan-step.ts';

export interface PlanShadowInput extends PlanStepInput {
  /** The share of calls that are copied, 0–1. */
  readonly shadow: number;
  /** The share of calls that the first step with real callers gives the canary; `undefined` if it is not known. */
  readonly opens: number | undefined;
}

/** As a segment, whose share is not known either, in the judge. */
const UNKNOWN_WEIGHT = 0.25;

export function planShadowStep(input: PlanShadowInput): StepPlan {
  const { shadow, opens = UNKNOWN_WEIGHT, holdMs, minCalls, callsPerSecond, errorRate, alpha, promotionAlpha } = input;
  const guarded = createGuarded({ errorRate: {}, ...input.guardrails }, opens).find(
    ({ name }) => name === 'errorRate',
  )!;
  const msOf = (copies: number): number => (copies / (callsPerSecond * shadow)) * 1_000;
  const rates = { stableRate: errorRate, canaryRate: errorRate };
  const proofMs = msOf(copiesUntil('noWorse', guarded.promotionLimits(opens), -Math.log(promotionAlpha), rates));
  const logBound = -Math.log(alpha) - guarded.logShare;
  const caught = (regression: CaughtRegression['regression'], canaryRate: number): CaughtRegression => {
    const copies = copiesUntil('worse', guarded.rollbackLimits, logBound, { stableRate: errorRate, canaryRate });
    return { regression, afterMs: msOf(copies), exposedCalls: 0, exposedFailures: 0 };
  };
  const times = (factor: number): number => Math.min(1, factor * errorRate);
  const timeMs = Math.max(holdMs, msOf(minCalls), proofMs);
  const calls = (timeMs / 1_000) * callsPerSecond;
  return {
    weight: undefined,
    shadow,
    holdback: undefined,
    proofMs,
    timeMs,
    calls,
    canaryCalls: calls * shadow,
    regressions: [caught('×2', times(2)), caught('×3', times(3)), caught('×10', times(10)), caught('outage', 1)],
    warnings: warningsOf(proofMs, holdMs),
  };
}

function copiesUntil(
  direction: 'worse' | 'noWorse',
  { margin, max }: Limits,
  logBound: number,
  rates: Parameters<typeof pairsUntil>[2],
): number {
  // With `max` alone stable's own rate is small beside the limit, which then is close to a margin.
  return pairsUntil(createPairBet(direction, margin ?? max ?? 0), logBound, rates);
}

/** Copies reach no caller, so that a regression which is found late harms nothing: it is no reason to warn. */
function warningsOf(proofMs: number, holdMs: number): readonly string[] {
  if (proofMs === Infinity)
    return ['never advances: a canary as good as stable cannot prove itself against its margin or max'];
  if (holdMs === 0 || proofMs <= holdMs) return [];
  return [
    `needs about ${formatDuration(proofMs)} to prove the canary no worse by its copies, longer than its hold of ${formatDuration(holdMs)}`,
  ];
}
