/** The observed shares of both sides, which weigh a rollout's calls, and the check for a sample ratio mismatch. */

import type { Arm } from '../stats/arm.ts';
import { createRealisedShare, type RealisedShare } from '../stats/realised-share.ts';
import { createSampleRatioCheck, type SampleRatioCheck } from '../stats/sample-ratio.ts';
import type { TrafficInForce } from '../routing/traffic-in-force.ts';
import type { SharesOfSplit } from '../routing/traffic.ts';

type SegmentInForce = TrafficInForce['segments'][number];

/** At most this many keys are counted. A broken split shows after fewer. */
const MAX_KEYS = 4_096;

/**
 * Calls of a segment are split by a share of their own, so each segment has its own observed share. Nothing of this is stored: shares
 * observed by another process would mislead for longer than the first guess does, and keys should not be written down.
 */
export class ShareCheck {
  #byWeight: RealisedShare | undefined;
  readonly #bySegment = new Map<SegmentInForce, RealisedShare>();
  /** Of segments and tasks that send their calls to the canary. */
  readonly #byGroup = new WeakMap<object, RealisedShare>();
  #ratio: SampleRatioCheck | undefined;
  #intended: Readonly<Record<Arm, number>> = { canary: 0, stable: 1 };
  readonly #keys = new Set<string>();

  /** 0–1. At 1 the canary gets a different share of calls than the split assigns to it. */
  get ratioEvidence(): number {
    return this.#ratio?.evidence ?? 0;
  }

  /** Counts a call that is about to be sent and returns its share; `undefined` if the split left no choice. */
  assigned(arm: Arm, key: string | undefined, segment: SegmentInForce | undefined): number | undefined {
    const observed = segment ? this.#bySegment.get(segment) : this.#byWeight;
    if (!observed) return undefined;
    const { share } = observed;
    observed.assigned(arm);
    if (!segment) this.#countRatio(arm, key);
    return share;
  }

  /** The same for a call that is compared within its segment or task, where the canary's share is `intended`. */
  compared(group: object, arm: Arm, intended: number): number {
    let observed = this.#byGroup.get(group);
    if (!observed) this.#byGroup.set(group, (observed = createRealisedShare(intended)));
    const { share } = observed;
    observed.assigned(arm);
    return share;
  }

  /** Sets the shares that the split assigns. A changed share starts a new count. */
  intend({ canary, stable, stableOfRest }: SharesOfSplit, segments: readonly SegmentInForce[]): void {
    if (canary !== this.#intended.canary || stable !== this.#intended.stable) {
      this.#intended = { canary, stable };
      const share = pairShare(canary, stable);
      this.#byWeight = share === undefined ? undefined : createRealisedShare(share);
      this.reset();
    }
    for (const segment of this.#bySegment.keys()) if (!segments.includes(segment)) this.#bySegment.delete(segment);
    for (const segment of segments) {
      const share = pairShare(segment.weight, (1 - segment.weight) * stableOfRest);
      if (share !== undefined && !this.#bySegment.has(segment)) {
        this.#bySegment.set(segment, createRealisedShare(share));
      }
    }
  }

  /** Restarts the ratio check: the shares changed, or a person has resumed the rollout. */
  reset(): void {
    const { canary, stable } = this.#intended;
    this.#ratio = pairShare(canary, stable) === undefined ? undefined : createSampleRatioCheck({ canary, stable });
    this.#keys.clear();
  }

  /** A key counts once. If a few keys made most of the calls, counting calls would say nothing about the split. */
  #countRatio(arm: Arm, key: string | undefined): void {
    if (key !== undefined) {
      if (this.#keys.size >= MAX_KEYS || this.#keys.has(key)) return;
      this.#keys.add(key);
    }
    this.#ratio?.observe(arm);
  }
}

/** The canary's share of the calls of both sides; `undefined` if one side gets no calls. */
function pairShare(canary: number, stable: number): number | undefined {
  return canary > 0 && stable > 0 ? canary / (canary + stable) : undefined;
}
