/** Simulates a complete rollout in steps, decided by evidence or by a threshold. */

import { createAnalysis } from '../../src/stats/analysis.ts';
import { CALLS_PER_SECOND, Traffic } from './traffic.ts';

const WEIGHTS = [0.01, 0.05, 0.25, 0.5] as const;
const LONGEST_S = 2 * 3_600;

/** How a rollout ended. */
export interface StagedEnd {
  readonly promoted: boolean;
  readonly afterS: number;
  /** The failures beyond those that stable would have had. */
  readonly excessFailures: number;
}

/** Decides by evidence, which is evaluated on each failure of the canary and each second. */
export function stagedByEvidence(seed: number, stableRate: number, canaryRate: number): StagedEnd {
  const traffic = new Traffic(seed);
  const analysis = createAnalysis({ guardrails: { errorRate: {} }, weight: WEIGHTS[0] });
  const exposed = { calls: 0 };
  let step = 0;
  for (let index = 1; index < LONGEST_S * CALLS_PER_SECOND; index++) {
    const { arm, value, share } = traffic.next({ weight: WEIGHTS[step]!, stableRate, canaryRate });
    const isCanary = arm === 'canary';
    analysis.observe({ arm, share, values: { errorRate: value } });
    if (isCanary) exposed.calls += 1;
    const isTick = index % CALLS_PER_SECOND === 0;
    if (!isTick && !(isCanary && value === 1)) continue;
    const afterS = index / CALLS_PER_SECOND;
    const excessFailures = exposed.calls * (canaryRate - stableRate);
    if (analysis.verdict === 'fail') return { promoted: false, afterS, excessFailures };
    if (!isTick || analysis.verdict !== 'pass') continue;
    step += 1;
    if (step === WEIGHTS.length) return { promoted: true, afterS, excessFailures };
    analysis.startStep(WEIGHTS[step]!);
  }
  return { promoted: false, afterS: LONGEST_S, excessFailures: exposed.calls * (canaryRate - stableRate) };
}

/**
 * Decides by a threshold: steps of ten minutes, and a rollback if the canary's error rate of the last five minutes,
 * evaluated every 30 s, is above `threshold`.
 */
export function stagedByThreshold(seed: number, stableRate: number, canaryRate: number, threshold: number): StagedEnd {
  const traffic = new Traffic(seed);
  const looks: { calls: number; bad: number }[] = [];
  let exposed = 0;
  for (let look = 0; look < WEIGHTS.length * LOOKS_PER_STEP; look++) {
    const weight = WEIGHTS[Math.floor(look / LOOKS_PER_STEP)]!;
    const counts = { calls: 0, bad: 0 };
    for (let index = 0; index < S_PER_LOOK * CALLS_PER_SECOND; index++) {
      const { arm, value } = traffic.next({ weight, stableRate, canaryRate });
      if (arm === 'stable') continue;
      counts.calls += 1;
      counts.bad += value;
    }
    exposed += counts.calls;
    looks.push(counts);
    const recent = looks.slice(-LOOKS_PER_WINDOW);
    const calls = recent.reduce((sum, one) => sum + one.calls, 0);
    const bad = recent.reduce((sum, one) => sum + one.bad, 0);
    const end = { afterS: (look + 1) * S_PER_LOOK, excessFailures: exposed * (canaryRate - stableRate) };
    if (bad > threshold * calls) return { promoted: false, ...end };
  }
  const afterS = WEIGHTS.length * LOOKS_PER_STEP * S_PER_LOOK;
  return { promoted: true, afterS, excessFailures: exposed * (canaryRate - stableRate) };
}

const S_PER_LOOK = 30;
const LOOKS_PER_STEP = 20;
const LOOKS_PER_WINDOW = 10;
