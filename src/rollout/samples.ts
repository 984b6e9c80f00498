/**
 * The samples of rollouts. A sample is an assigned call: it is opened when the call is planned, and closed by the end of its assignment.
 * This file alone decides which calls are evidence and what each tells; it knows nothing of breakers, pauses or hedges.
 */

import { ineligibleReason, type EligibilityInputs } from '../call/eligibility.ts';
import type { CallPlan } from '../call/call-plan.ts';
import type { AssignmentRecord } from '../domain/assignment.ts';
import type { Call } from '../domain/call.ts';
import { InFlight, type InFlightEntry } from '../domain/in-flight.ts';
import type { Arm } from '../stats/arm.ts';
import type { JudgedOutcome } from './arm-numbers.ts';
import type { OrderedSample } from './sample-order.ts';

/** The part of one call in one rollout, fixed when the call is planned. */
export interface RolloutSample extends OrderedSample {
  readonly rollout: SampledRollout;
  readonly arm: Arm;
  /** The canary's share of the calls of both sides, 0–1. */
  readonly share: number;
  /** The run of the rollout that the call belongs to. */
  readonly run: number;
  /** The call has run for so long that its latency is counted already. */
  overdue: boolean;
}

/** A rollout that is judged by samples. */
interface SampledRollout {
  ended(sample: RolloutSample, record: AssignmentRecord): void;
  /** Called from time to time while the sample is open. */
  running(sample: RolloutSample, ageMs: number): void;
  /** What the application found out about the call. */
  recorded(sample: RolloutSample, values: Readonly<Record<string, number>>): void;
}

/** A call that one or more rollouts are judged by. */
export interface SampledCall {
  readonly atMs: number;
  readonly parts: readonly RolloutSample[];
  /** Set until the assignment has ended. */
  place: InFlightEntry<SampledCall> | undefined;
}

/** The two sides of a rollout. */
interface SidesOfRollout {
  /** The canary. */
  readonly to: string;
  readonly stable: string;
}

/**
 * The side that the split chose for a call; `undefined` if the call is no evidence: it was not split (forced, pinned to an id or a tool run,
 * given by a segment or a task without a choice), or one of the two could not have served it.
 */
export function sideOf(
  { assigned, reason, comparison }: Pick<CallPlan, 'assigned' | 'reason' | 'comparison'>,
  { to, stable }: SidesOfRollout,
  call: Call,
  body: unknown,
  inputs: EligibilityInputs,
): Arm | undefined {
  // Both sides have been found able to serve it.
  if (comparison) return comparison.to !== to ? undefined : assigned === to ? 'canary' : 'stable';
  const isCanary = assigned === to && (reason === 'rollout' || reason === 'split');
  if (!isCanary && !(assigned === stable && reason === 'split')) return undefined;
  if (ineligibleReason(to, call, body, inputs) || ineligibleReason(stable, call, body, inputs)) return undefined;
  return isCanary ? 'canary' : 'stable';
}

/** Whether a segment or a task has sent the call to the canary without a choice. */
export function isRouted({ assigned, reason, comparison }: CallPlan, to: string): boolean {
  return assigned === to && !comparison && (reason === 'segment' || reason === 'task');
}

/**
 * What the end of an assignment tells; `undefined` if it tells nothing: held back by the user's limits, aborted, or the caller's own fault.
 *
 * @param slow longer than any answer of stable. A call that its caller aborted after so long is one of the slowest.
 */
export function outcomeOf(record: AssignmentRecord, slow: { readonly slowMs: number }): JudgedOutcome | undefined {
  const { end, latencyMs, firstChunkMs, stream, costUsd } = record;
  const measured = { latencyMs, firstChunkMs, stream, costUsd };
  const unanswered = { failed: undefined, isSilent: firstChunkMs === undefined };
  switch (end) {
    case 'answered':
      return { ...measured, failed: false };
    case 'failed':
    case 'breaker':
    case 'pause':
    case 'refused':
      return { ...measured, failed: true, reason: end };
    case 'overtaken':
      // It would have taken at least this long. Whether it would have failed is unknown.
      return { ...measured, ...unanswered, firstChunkMs: firstChunkMs ?? latencyMs };
    case 'aborted':
      return latencyMs > slow.slowMs ? { ...measured, ...unanswered, latencyMs: Infinity } : undefined;
    case 'heldBack':
    case 'neutral':
      return undefined;
    default:
      return end satisfies never;
  }
}

/** Limits the memory if calls never end. */
const MAX_CALLS = 50_000;

/** The open samples, in the order in which they were opened. */
export class OpenSamples {
  readonly #calls = new InFlight<SampledCall>();

  open(parts: readonly RolloutSample[], atMs: number): SampledCall {
    const call: SampledCall = { atMs, parts, place: undefined };
    call.place = this.#calls.begin(call);
    if (this.#calls.size > MAX_CALLS && this.#calls.oldest) this.close(this.#calls.oldest);
    return call;
  }

  /** Returns whether the sample was open. */
  close(call: SampledCall): boolean {
    const { place } = call;
    call.place = undefined;
    if (place) this.#calls.end(place);
    return place !== undefined;
  }

  /** Shows samples that have been open for more than `overdueMs` to their rollouts. */
  look(nowMs: number, overdueMs: number): void {
    for (const { atMs, parts } of this.#calls) {
      // The calls are in order of age, so the rest are younger.
      if (nowMs - atMs <= overdueMs) return;
      for (const part of parts) part.rollout.running(part, nowMs - atMs);
    }
  }
}
