/** Steps that others have used, ready to be taken or changed. */

import type { RolloutStepOptions } from './options.ts';

/** The steps of an Argo Rollouts canary: 10, 25, 50, 100 %. */
const argo = [
  { weight: 0.1, hold: '10m' },
  { weight: 0.25, hold: '15m' },
  { weight: 0.5, hold: '30m' },
  { weight: 1 },
] as const satisfies readonly RolloutStepOptions[];

/** A week in five phases, each with more calls and a stricter demand than the one before. */
const fivePhase = [
  { weight: 0.01, hold: '4h', minCalls: 1_000, require: { maxErrorRate: 0.05, minLatencyImprovement: 0 } },
  { weight: 0.05, hold: '12h', minCalls: 10_000, require: { maxErrorRate: 0.03, minLatencyImprovement: 0.1 } },
  { weight: 0.25, hold: '24h', minCalls: 50_000, require: { maxErrorRate: 0.02, minLatencyImprovement: 0.15 } },
  { weight: 0.5, hold: '48h', minCalls: 100_000, require: { maxErrorRate: 0.015, minLatencyImprovement: 0.2 } },
  { weight: 1, hold: '72h', minCalls: 500_000, require: { maxErrorRate: 0.01, minLatencyImprovement: 0.25 } },
] as const satisfies readonly RolloutStepOptions[];

/** In the shadow first, then for those who agreed to new things (attribute `plan`), then for a part, then for all. */
const fourPhase = [
  { shadow: 0.05, hold: '1d' },
  { segment: { plan: ['premium', 'beta'] }, hold: '1d' },
  { weight: 0.05, hold: '1d' },
  { weight: 0.25, hold: '1d' },
  { weight: 1 },
] as const satisfies readonly RolloutStepOptions[];

/** 5, 15, 30, 50, 100 %, five minutes each: for traffic of a hundred calls a second and more. */
const quick = [
  { weight: 0.05, hold: '5m' },
  { weight: 0.15, hold: '5m' },
  { weight: 0.3, hold: '5m' },
  { weight: 0.5, hold: '5m' },
  { weight: 1, hold: '5m' },
] as const satisfies readonly RolloutStepOptions[];

/**
 * Steps for `canary.rollout.steps`. How long a hold is a matter of whom one wants to have seen it (a night, a Monday): the
 * evidence itself needs far less.
 *
 * @example { to: 'deepseek', steps: presets.quick }
 * @example { to: 'deepseek', steps: [{ shadow: 0.05, hold: '1h' }, ...presets.argo] }
 */
export const presets = { argo, fivePhase, fourPhase, quick } as const;
