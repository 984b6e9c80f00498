/** The calls that rollouts take before the split. */

import type { AttributeValue } from '../domain/call.ts';
import { matchesCondition } from './segment.ts';
import { NO_TRAFFIC, type TrafficInForce } from './traffic-in-force.ts';

/** One rollout's portion of the calls. */
interface Portion {
  readonly to: string;
  /** The greatest share of calls that the rollout ever takes, 0–1. */
  readonly reserve: number;
  /** The bucket of a key under the rollout's own salt, in [0, 1). */
  readonly bucketOf: (key: string) => number;
}

/** The part of a call that the split reads. */
interface SplitCall {
  readonly key: string | undefined;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** The decision to send a call to a canary. */
interface CanaryChoice {
  readonly upstream: string;
  readonly bucket: number;
}

/** The choice between a canary and stable for a call of a segment or a task. */
interface HoldbackChoice {
  readonly bucket: number;
  readonly isHeldBack: boolean;
}

/**
 * Several rollouts side by side.
 *
 * The first rollout takes the keys whose bucket under its own salt is below its weight, within its reserve. The next
 * rollout chooses with its own salt among the keys beyond that reserve, and so on. A rollout's weight therefore affects
 * its own keys only, raising it moves keys only into it, and every process decides alike without a shared table.
 */
export class RolloutSplit {
  readonly #portions: readonly PortionState[];
  #hasSegments = false;

  /** @param portions in the order of the options; their reserves sum to at most 1 */
  constructor(portions: readonly Portion[]) {
    let left = 1;
    this.#portions = portions.map((portion) => {
      const state = { portion, left, traffic: NO_TRAFFIC };
      left -= portion.reserve;
      return state;
    });
  }

  /** Sets the traffic of a rollout. */
  setTraffic(to: string, traffic: TrafficInForce): void {
    const state = this.#portions.find(({ portion }) => portion.to === to);
    if (state) state.traffic = traffic;
    this.#hasSegments = this.#portions.some((other) => other.traffic.segments.length > 0);
  }

  /** The share of all calls that each rollout takes by weight, 0–1. */
  get weights(): readonly { readonly to: string; readonly weight: number }[] {
    return this.#portions.map(({ portion, traffic }) => ({ to: portion.to, weight: traffic.weight }));
  }

  /** The share of all calls that a rollout takes by weight, 0–1. */
  weightOf(to: string): number {
    return this.#portions.find(({ portion }) => portion.to === to)?.traffic.weight ?? 0;
  }

  /** Whether `upstream` is the canary of a rollout that sends it no calls at all: it is rolled back, or its state is not known. */
  isOut(upstream: string): boolean {
    return this.#portions.some(({ portion, traffic }) => portion.to === upstream && !traffic.serves);
  }

  /** Whether a call that a segment or a task sends to `upstream` stays on stable; `undefined` if such calls are not compared. */
  holdBack(upstream: string, key: string | undefined, random: () => number): HoldbackChoice | undefined {
    const state = this.#portions.find(({ portion }) => portion.to === upstream);
    const { holdback = 0 } = state?.traffic ?? {};
    if (!state || holdback === 0) return undefined;
    const bucket = key === undefined ? random() : state.portion.bucketOf(key);
    return { bucket, isHeldBack: bucket >= 1 - holdback };
  }

  /** The canary that takes the call; `undefined` if no rollout takes it. */
  take(call: SplitCall, random: () => number): CanaryChoice | undefined {
    return this.#byWeight(call, random) ?? (this.#hasSegments ? this.#bySegment(call, random) : undefined);
  }

  #byWeight(call: SplitCall, random: () => number): CanaryChoice | undefined {
    for (const { portion, left, traffic } of this.#portions) {
      if (left <= 0) return undefined;
      const bucket = call.key === undefined ? random() : portion.bucketOf(call.key);
      // Buckets span what earlier rollouts left: of the remaining tenth a weight of 0.05 is a half.
      if (bucket < traffic.weight / left) return { upstream: portion.to, bucket };
      if (bucket < portion.reserve / left) return undefined;
    }
    return undefined;
  }

  #bySegment(call: SplitCall, random: () => number): CanaryChoice | undefined {
    for (const { portion, traffic } of this.#portions) {
      const segment = segmentOf(traffic.segments, call.attributes);
      if (!segment) continue;
      const bucket = call.key === undefined ? random() : portion.bucketOf(call.key);
      if (bucket < segment.weight) return { upstream: portion.to, bucket };
    }
    return undefined;
  }
}

interface PortionState {
  readonly portion: Portion;
  /** The share of keys that earlier rollouts leave. */
  readonly left: number;
  traffic: TrafficInForce;
}

/** The first segment that matches a call. */
export function segmentOf(
  segments: TrafficInForce['segments'],
  attributes: Readonly<Record<string, AttributeValue>>,
): TrafficInForce['segments'][number] | undefined {
  return segments.length === 0 ? undefined : segments.find(({ when }) => matchesCondition(when, attributes));
}
