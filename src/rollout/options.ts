/** The option `canary.rollout`, and presets of steps. */

import type { Duration } from '../domain/duration.ts';
import type { SegmentCondition, StepRequirements } from '../domain/rollout.ts';
import type { GuardOptions } from '../stats/analysis-types.ts';

/** Moves calls from stable to a canary, step by step, as long as the evidence allows it. */
export interface RolloutOptions<UpstreamName extends string = string> {
  /** The canary: an upstream other than stable that has no entry in `weights`. */
  readonly to: UpstreamName;
  /** The steps in order, with rising weights. `presets` has ready-made ones. */
  readonly steps: readonly RolloutStepOptions[];
  /**
   * The metrics that may not get worse: `errorRate`, `latencyP50`, `latencyP95`, `latencyP99`, `firstChunkP95`, `latency` (the whole
   * distribution), `costPerCall`, `quality`, or a custom metric that `canary.record(call, { metric: value })` feeds. Each has a
   * `margin` over stable (relative for latency and cost, absolute for the others), an absolute `max`, or both. `max: 'target'` is the
   * canary's `targetLatency`.
   * @default { errorRate: {} }
   */
  readonly guardrails?: Readonly<Record<string, RolloutGuardOptions>> | undefined;
  /**
   * The probability that a canary as good as stable is rolled back during the whole run.
   * @default 0.01, divided by the number of rollouts
   */
  readonly alpha?: number | undefined;
  /**
   * - `'sequential'`: a sequential test, whose evidence stays valid however often it is checked.
   * - `'threshold'`: compares the numbers of the step, once `minCalls` canary calls are judged. A guardrail that is worse than stable by more
   *   than its margin, or beyond its `max`, rolls back; anything else passes. The default margins are 0.05 for rates and scores, 0.2 for latency
   *   and cost. Most tools work this way. It ignores chance: it rolls back many healthy canaries, and passes a doubled error rate that is within
   *   the margin. It does not use `alpha`.
   *
   * @default 'sequential'
   */
  readonly judge?: 'sequential' | 'threshold' | undefined;
  /** With `false` each step waits for a `promote()`. @default true */
  readonly auto?: boolean | undefined;
  /** `'replaceStable'` makes a promoted canary the new stable; requires a last weight of 1. @default 'keep' */
  readonly onComplete?: 'keep' | 'replaceStable' | undefined;
  /** Part of the hash of keys, so that rollouts choose their keys independently. @default `to` */
  readonly salt?: string | undefined;
  /**
   * The share of the calls that `segments` and `tasks` send to the canary that stays on stable while the rollout runs, 0–0.5, by key. Without
   * it these calls cannot be judged. It begins after the first 100 such calls; of a task only where its route names stable. With 0 none stay.
   * @default 0.1
   */
  readonly holdback?: number | undefined;
  /**
   * Times of the week in which no step begins by itself and nothing is promoted by itself. A rollback is possible at any time, and so is each
   * verb of a person.
   * @default none
   * @example [{ days: ['fri'], from: '14:00', timeZone: 'Europe/Berlin' }, { days: ['sat', 'sun'], timeZone: 'Europe/Berlin' }]
   */
  readonly freeze?: readonly FreezeOptions[] | undefined;
}

/** A time of the week. */
export interface FreezeOptions {
  /** The days on which it starts. @default every day */
  readonly days?: readonly ('mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun')[] | undefined;
  /** `'00:00'` to `'23:59'`. @default '00:00' */
  readonly from?: string | undefined;
  /** `'00:00'` to `'24:00'`; a time before `from` is one of the next day. @default '24:00' */
  readonly to?: string | undefined;
  /** An IANA time zone, such as `'Europe/Berlin'`. @default 'UTC' */
  readonly timeZone?: string | undefined;
}

/** The limits of one metric of a rollout. */
export interface RolloutGuardOptions extends Omit<GuardOptions, 'max'> {
  /** An absolute limit; `'target'`, for latencies, is the `targetLatency` of the canary. With `max` alone, the canary is not compared with stable. @default none */
  readonly max?: number | 'target' | undefined;
  /**
   * Shows the evidence of the guardrail and decides nothing by it: it neither rolls back nor holds back a step. An `alert` named
   * `dryRun:<canary>:<metric>` says when it alone would have rolled back. Shadow steps are not judged by it.
   * @default false
   */
  readonly dryRun?: boolean | undefined;
}

/** One step: a shadow share, a segment or a weight, and the conditions for the next step. */
export type RolloutStepOptions = StepTrafficOptions & {
  /** The minimum duration of the step; time in pause does not count. @default 0; for a weight of 1 `'5m'` */
  readonly hold?: Duration | undefined;
  /** The minimum number of judged canary calls in the step; of judged copies in a shadow step. @default 0; with `judge: 'threshold'` 20 */
  readonly minCalls?: number | undefined;
  readonly require?: StepRequirements | undefined;
};

type StepTrafficOptions =
  /**
   * Copies of this share of calls go to the canary, 0–1, and callers get stable's answers. `{ from, to }` raises the share while the copies do
   * well. The step is judged by the guardrails, in pairs of a copy and the first attempt of its call: a canary that fails its copies gets no
   * caller. A guardrail whose values the application records is judged from the next step on; `quality` already here with `shadow.compare`.
   */
  | { readonly shadow: number | ShadowRaise; readonly segment?: undefined; readonly weight?: undefined }
  /**
   * Calls with these attributes go to the canary, in this and all later steps. With `weight` only that share of them. Of whole segments
   * stable keeps 10 % for comparison until the rollout is promoted. @default all
   */
  | { readonly segment: SegmentCondition; readonly weight?: number | undefined; readonly shadow?: undefined }
  /** This share of calls goes to the canary, 0–1. At 1 stable keeps 1–20 % for comparison until the rollout is promoted, as much as a proof within the hold takes. */
  | { readonly weight: number; readonly segment?: undefined; readonly shadow?: undefined };

/**
 * A share of copied calls that raises itself: it doubles after each 30 copies that did well, and falls back to `from` while the evidence speaks
 * against the canary or the canary is out of service. The step ends at `to`.
 */
export interface ShadowRaise {
  /** The first share of calls, above 0, up to 1. */
  readonly from: number;
  /** The last share of calls, above `from`, up to 1. */
  readonly to: number;
}

/** The steps of an Argo Rollouts canary: 10, 25, 50, 100 %. */
const argo = [
  { weight: 0.1, hold: '10m' },
  { weight: 0.25, hold: '15m' },
  { weight: 0.5, hold: '30m' },
  { weight: 1 },
] as const satisfies readonly RolloutStepOptions[];

/** 10, 25, 50, 75, 100 %, an hour each. */
const gradual = [
  { weight: 0.1, hold: '1h' },
  { weight: 0.25, hold: '1h' },
  { weight: 0.5, hold: '1h' },
  { weight: 0.75, hold: '1h' },
  { weight: 1, hold: '1h' },
] as const satisfies readonly RolloutStepOptions[];

/** A week in five phases, each with more calls and stricter requirements than the one before. */
const fivePhase = [
  { weight: 0.01, hold: '4h', minCalls: 1_000, require: { maxErrorRate: 0.05, minLatencyImprovement: 0 } },
  { weight: 0.05, hold: '12h', minCalls: 10_000, require: { maxErrorRate: 0.03, minLatencyImprovement: 0.1 } },
  { weight: 0.25, hold: '24h', minCalls: 50_000, require: { maxErrorRate: 0.02, minLatencyImprovement: 0.15 } },
  { weight: 0.5, hold: '48h', minCalls: 100_000, require: { maxErrorRate: 0.015, minLatencyImprovement: 0.2 } },
  { weight: 1, hold: '72h', minCalls: 500_000, require: { maxErrorRate: 0.01, minLatencyImprovement: 0.25 } },
] as const satisfies readonly RolloutStepOptions[];

/** A shadow, then a segment of users who opted in (attribute `plan`), then a share of all calls, then all calls. */
const fourPhase = [
  { shadow: 0.05, hold: '1d' },
  { segment: { plan: ['premium', 'beta'] }, hold: '1d' },
  { weight: 0.05, hold: '1d' },
  { weight: 0.25, hold: '1d' },
  { weight: 1 },
] as const satisfies readonly RolloutStepOptions[];

/** 5, 15, 30, 50, 100 %, five minutes each: for traffic of at least 100 calls per second. */
const quick = [
  { weight: 0.05, hold: '5m' },
  { weight: 0.15, hold: '5m' },
  { weight: 0.3, hold: '5m' },
  { weight: 0.5, hold: '5m' },
  { weight: 1, hold: '5m' },
] as const satisfies readonly RolloutStepOptions[];

/**
 * Steps for `canary.rollout.steps`. The holds exist so that a step covers a night or a Monday; the evidence alone needs far less
 * time.
 */
export const stepPresets = { argo, fivePhase, fourPhase, gradual, quick } as const;
