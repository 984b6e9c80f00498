/** What a user writes under `canary.rollout`. */

import type { Duration } from '../domain/duration.ts';
import type { SegmentCondition, StepRequirements } from '../domain/rollout.ts';
import type { GuardOptions } from '../stats/analysis-types.ts';

/** Moves calls from stable to a canary, step by step, for as long as the evidence allows it. */
export interface RolloutOptions<UpstreamName extends string = string> {
  /** The canary: an upstream other than stable, without a weight of its own. */
  readonly to: UpstreamName;
  /** In order; weights rise. `presets` has some that others use. */
  readonly steps: readonly RolloutStepOptions[];
  /**
   * What may not become worse: `errorRate`, `latencyP50`, `latencyP95`, `latencyP99`, `firstChunkP95`, `latency` (the whole
   * distribution), `costPerCall`, `quality`, or a metric of your own that `canary.record(call, { metric: value })` feeds. Each has a
   * `margin` over stable's (relative for latency and cost, absolute for the others), an absolute `max`, or both.
   * @default { errorRate: {} }
   */
  readonly guardrails?: Readonly<Record<string, GuardOptions>> | undefined;
  /** The probability that a canary as good as stable is rolled back, over the whole run. @default 0.01, shared by all rollouts */
  readonly alpha?: number | undefined;
  /**
   * `'sequential'`: by evidence that holds however often it is looked at. `'threshold'`: over the calls judged in the step, once its `minCalls` of
   * the canary are judged, a guardrail beyond stable by more than its margin, or beyond its `max`, rolls back, and anything else passes; margins that are
   * left out are 0.05 for rates and scores and 0.2 for latency and cost. Simple, as most tools do it, and blind to chance: it rolls back many
   * healthy canaries, and lets a doubled error rate pass that is within the margin. `alpha` does not bind it.
   * @default 'sequential'
   */
  readonly judge?: 'sequential' | 'threshold' | undefined;
  /** `false` begins no step by itself: each waits for a `promote()`. @default true */
  readonly auto?: boolean | undefined;
  /** `'replaceStable'` gives stable's place to a canary that is promoted; needs a last weight of 1. @default 'keep' */
  readonly onComplete?: 'keep' | 'replaceStable' | undefined;
  /** Mixed into the hash of keys, so that rollouts choose independently. @default `to` */
  readonly salt?: string | undefined;
}

/** One step: a shadow share, a segment or a weight, and what must be so before the next one begins. */
export type RolloutStepOptions = StepTrafficOptions & {
  /** How long the step must hold, counted while it progresses. @default 0; for a weight of 1 `'5m'` */
  readonly hold?: Duration | undefined;
  /** Judged canary calls that the step needs; none for a shadow. @default 0; where thresholds judge 20 */
  readonly minCalls?: number | undefined;
  readonly require?: StepRequirements | undefined;
};

type StepTrafficOptions =
  /** Copies of this share of calls go to the canary, 0–1; callers get stable's answers. */
  | { readonly shadow: number; readonly segment?: undefined; readonly weight?: undefined }
  /** Calls with these attributes go to the canary, in this and in all later steps; `weight` takes a part of them. @default all */
  | { readonly segment: SegmentCondition; readonly weight?: number | undefined; readonly shadow?: undefined }
  /** This share of calls goes to the canary, 0–1. At 1 stable keeps 1 % until the rollout is promoted, to compare with. */
  | { readonly weight: number; readonly segment?: undefined; readonly shadow?: undefined };

/* PART: Steps that others have used, ready to be taken or changed. */

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
