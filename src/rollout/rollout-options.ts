/** What a user writes under `canary.rollout`. */

import type { Duration } from '../domain/duration.ts';
import type { SegmentCondition, StepRequirements } from '../domain/rollout.ts';

/** One step: a shadow share, a segment or a weight, and what must be so before the next one begins. */
export type RolloutStepOptions = StepTrafficOptions & {
  /** How long the step must hold, counted while it progresses. @default 0; for a weight of 1 `'5m'` */
  readonly hold?: Duration | undefined;
  /** Judged canary calls that the step needs; none for a shadow. @default 0 */
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
