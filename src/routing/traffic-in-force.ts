/** Which traffic a rollout's state sends to its canary. */

import type { RolloutState, RolloutStep, SegmentCondition } from '../domain/rollout.ts';

/** What the canary gets. */
export interface TrafficInForce {
  /** Share of all calls, 0–1. */
  readonly weight: number;
  /** Calls with these attributes, and which share of them. */
  readonly segments: readonly { readonly when: SegmentCondition; readonly weight: number }[];
  /** Share of calls of which it gets a copy, 0–1. */
  readonly shadow: number;
}

/** What stable keeps as long as a rollout is judged: with nothing to compare with, nothing can be found out. */
export const HOLDBACK = 0.01;

/** Not a call. */
export const NO_TRAFFIC: TrafficInForce = { weight: 0, segments: [], shadow: 0 };

/** A key that is in the canary stays there from step to step: weights and segments of earlier steps stay in force. */
export function trafficInForce(state: RolloutState, steps: readonly RolloutStep[]): TrafficInForce {
  switch (state.phase) {
    case 'progressing':
    case 'paused': {
      const { weight, segments, shadow } = upTo(steps.slice(0, state.step + 1));
      return {
        weight: withHoldback(state.weight ?? weight),
        segments: segments.map((segment) => ({ ...segment, weight: withHoldback(segment.weight) })),
        shadow,
      };
    }
    case 'promoted':
      return { ...upTo(steps), shadow: 0 };
    case 'rolledBack':
      return NO_TRAFFIC;
    default:
      return state satisfies never;
  }
}

/** The most that a rollout ever takes of all calls, 0–1. */
export function greatestWeight(steps: readonly RolloutStep[]): number {
  return Math.max(0, ...steps.map((step) => (step.kind === 'weight' ? step.weight : 0)));
}

function upTo(steps: readonly RolloutStep[]): TrafficInForce {
  const last = steps.at(-1);
  return {
    weight: greatestWeight(steps),
    segments: steps.flatMap((step) => (step.kind === 'segment' ? [{ when: step.when, weight: step.weight }] : [])),
    shadow: last?.kind === 'shadow' ? last.share : 0,
  };
}

function withHoldback(weight: number): number {
  return Math.min(weight, 1 - HOLDBACK);
}
