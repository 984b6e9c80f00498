/** Which calls rollouts take out of the split. */

import type { AttributeValue } from '../domain/call.ts';
import type { SegmentCondition } from '../domain/rollout.ts';
import { NO_TRAFFIC, type TrafficInForce } from './traffic-in-force.ts';

/** One rollout's part in the split. */
export interface Portion {
  readonly to: string;
  /** The most that it ever takes, 0–1. */
  readonly reserve: number;
  /** The bucket of a key under the rollout's own salt, in [0, 1). */
  readonly bucketOf: (key: string) => number;
}

/** A call, as far as the split looks at it. */
export interface SplitCall {
  readonly key: string | undefined;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** A call that a rollout took. */
export interface Taken {
  readonly upstream: string;
  readonly bucket: number;
}

/**
 * Rollouts side by side. The first takes the keys whose bucket under its own salt is below its weight, out of those below its reserve; the
 * next one chooses by its own salt among the keys beyond that reserve, and so on. So a rollout's weight decides about nobody but its
 * own keys, raising it moves keys only into it, and every process agrees, without a table.
 */
export class RolloutSplit {
  readonly #portions: readonly Place[];
  #hasSegments = false;

  /** @param portions in the order of the options; their reserves sum to at most 1 */
  constructor(portions: readonly Portion[]) {
    let left = 1;
    this.#portions = portions.map((portion) => {
      const place = { portion, left, traffic: NO_TRAFFIC };
      left -= portion.reserve;
      return place;
    });
  }

  /** What a rollout takes from now on. */
  setTraffic(to: string, traffic: TrafficInForce): void {
    const place = this.#portions.find(({ portion }) => portion.to === to);
    if (place) place.traffic = traffic;
    this.#hasSegments = this.#portions.some((other) => other.traffic.segments.length > 0);
  }

  /** What each rollout takes of all calls by weight. */
  get weights(): readonly { readonly to: string; readonly weight: number }[] {
    return this.#portions.map(({ portion, traffic }) => ({ to: portion.to, weight: traffic.weight }));
  }

  /** The share of all calls that a rollout takes by weight, 0–1. */
  weightOf(to: string): number {
    return this.#portions.find(({ portion }) => portion.to === to)?.traffic.weight ?? 0;
  }

  /** `undefined` for a call that no rollout takes. */
  take(call: SplitCall, random: () => number): Taken | undefined {
    return this.#byWeight(call, random) ?? (this.#hasSegments ? this.#bySegment(call, random) : undefined);
  }

  #byWeight(call: SplitCall, random: () => number): Taken | undefined {
    for (const { portion, left, traffic } of this.#portions) {
      if (left <= 0) return undefined;
      const bucket = call.key === undefined ? random() : portion.bucketOf(call.key);
      // Buckets fill what the rollouts before left: of a tenth of them a weight of 0.05 is a half.
      if (bucket < traffic.weight / left) return { upstream: portion.to, bucket };
      if (bucket < portion.reserve / left) return undefined;
    }
    return undefined;
  }

  #bySegment(call: SplitCall, random: () => number): Taken | undefined {
    for (const { portion, traffic } of this.#portions) {
      const segment = segmentOf(traffic.segments, call.attributes);
      if (!segment) continue;
      const bucket = call.key === undefined ? random() : portion.bucketOf(call.key);
      if (bucket < segment.weight) return { upstream: portion.to, bucket };
    }
    return undefined;
  }
}

interface Place {
  readonly portion: Portion;
  /** What the rollouts before leave. */
  readonly left: number;
  traffic: TrafficInForce;
}

/** The first segment that a call belongs to. */
export function segmentOf(
  segments: TrafficInForce['segments'],
  attributes: Readonly<Record<string, AttributeValue>>,
): TrafficInForce['segments'][number] | undefined {
  return segments.length === 0 ? undefined : segments.find(({ when }) => matches(when, attributes));
}

function matches(when: SegmentCondition, attributes: Readonly<Record<string, AttributeValue>>): boolean {
  return Object.entries(when).every(([attribute, wanted]) => {
    const actual = attributes[attribute];
    return typeof wanted === 'object' ? wanted.some((value) => value === actual) : wanted === actual;
  });
}
