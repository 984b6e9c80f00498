/** What calls are planned from: made once, for every call reads it. */

import type { DispatchParts } from '../call/call-services.ts';
import type { PlanningState } from '../call/plan-call.ts';
import type { KillSwitch } from '../routing/kill-switch.ts';
import type { ResolvedOptions } from './resolve-options.ts';
import type { Affinity } from '../routing/affinity.ts';
import { createBucketer } from '../routing/bucket.ts';
import type { Traffic } from '../routing/traffic.ts';

/** What plans follow. */
export interface PlanningInput {
  readonly traffic: Traffic;
  readonly affinity: Affinity;
  readonly killSwitch: KillSwitch;
}

/** Follows `traffic` as its split changes. */
export function planningState(
  { home, segments, random, salt }: ResolvedOptions,
  { upstreams, budgets, fallbacksAfter, taskRoutes, estimateCostUsd, isPriced, toolRuns }: DispatchParts,
  { traffic, affinity, killSwitch }: PlanningInput,
): PlanningState {
  return {
    upstreams,
    home,
    segments,
    random,
    fallbacksAfter,
    taskRoutes,
    estimateCostUsd,
    isPriced,
    affinity,
    budgets,
    toolRuns,
    bucketOf: createBucketer(salt),
    isDisabled: (nowMs) => killSwitch.isOn(nowMs),
    rollouts: traffic.rollouts,
    get stable() {
      return traffic.stable;
    },
    get ranges() {
      return traffic.ranges;
    },
  };
}
