/** The traffic that the state of a rollout sends to its canary. */

import type { RolloutState, RolloutStep, SegmentCondition } from '../domain/rollout.ts';

/** The traffic of a canary. */
export interface TrafficInForce {
  /** Share of all calls, 0–1. */
  readonly weight: number;
  /** Attribute conditions, and the share of matching calls. */
  readonly segments: readonly { readonly when: SegmentCondition; readonly weight: number }[];
  /** Share of calls that it gets copies of, 0–1. */
  readonly shadow: number;
  /** Whether segments, tasks and fallbacks may send it calls: not after a rollback, nor before its state is known. */
  readonly serves: boolean;
  /** The share of the calls that segments and tasks send it that stays on stable for comparison, 0–1; absent, none stay. */
  readonly holdback?: number;
}

/**
 * The share that stable keeps at a weight of 1 while a rollout is judged, unless the state of the step says another: without stable's calls
 * there is nothing to compare with. The same share of a whole segment stays on stable.
 */
const DEFAULT_HOLDBACK = 0.1;
/** Stable keeps at least this share of a step. */
const LEAST_HOLDBACK = 0.01;

/** No calls and no copies. */
export const NO_TRAFFIC: TrafficInForce = { weight: 0, segments: [], shadow: 0, serves: false };

/**
 * The traffic of a state. Weights and segments of earlier steps stay in force, so that a key on the canary stays there
 * from step to step.
 */
export function trafficInForce(state: RolloutState, steps: readonly RolloutStep[]): TrafficInForce {
  switch (state.phase) {
    case 'progressing':
    case 'paused': {
      const { weight, segments, shadow } = upTo(steps.slice(0, state.step + 1));
      return {
        // The holdback never takes back what an earlier step gave.
        weight: Math.max(
          withHoldback(state.weight ?? weight, state.holdback),
          state.weight === undefined ? Math.min(greatestWeight(steps.slice(0, state.step)), 1 - LEAST_HOLDBACK) : 0,
        ),
        segments: segments.map((segment) => ({ ...segment, weight: withHoldback(segment.weight) })),
        shadow: shadow === 0 ? 0 : (state.shadowShare ?? shadow),
        serves: true,
      };
    }
    case 'promoted':
      return { ...upTo(steps), shadow: 0, serves: true };
    case 'rolledBack':
      return NO_TRAFFIC;
    default:
      return state satisfies never;
  }
}

/** The greatest share of all calls that a rollout ever takes, 0–1. */
export function greatestWeight(steps: readonly RolloutStep[]): number {
  return Math.max(0, ...steps.map((step) => (step.kind === 'weight' ? step.weight : 0)));
}

function upTo(steps: readonly RolloutStep[]): Omit<TrafficInForce, 'serves'> {
  const last = steps.at(-1);
  return {
    weight: greatestWeight(steps),
    segments: steps.flatMap((step) => (step.kind === 'segment' ? [{ when: step.when, weight: step.weight }] : [])),
    shadow: last?.kind === 'shadow' ? last.share : 0,
  };
}

function withHoldback(weight: number, holdback?: number | null): number {
  return weight > 1 - LEAST_HOLDBACK ? 1 - (holdback ?? DEFAULT_HOLDBACK) : weight;
}
