/** The shares that a rollout's calls are weighed by, and whether the split keeps to them. */

import type { Arm } from '../stats/arm.ts';
import { createRealisedShare, type RealisedShare } from '../stats/realised-share.ts';
import { createSampleRatioCheck, type SampleRatioCheck } from '../stats/sample-ratio.ts';
import type { TrafficInForce } from '../routing/traffic-in-force.ts';
import type { SharesOfSplit } from '../routing/traffic.ts';

type SegmentInForce = TrafficInForce['segments'][number];

/** Keys that are remembered as counted. A split that is off shows in fewer. */
const MAX_KEYS = 4_096;

/**
 * Calls within a segment are split by another share than the rest, so each has its own. Nothing of it outlives the process: the shares of
 * another process's calls would be wrong here for longer than the first guess is, and keys that were counted are nothing to write down.
 */
export class ShareCheck {
  #byWeight: RealisedShare | undefined;
  readonly #bySegment = new Map<SegmentInForce, RealisedShare>();
  #ratio: SampleRatioCheck | undefined;
  #intended: Readonly<Record<Arm, number>> = { canary: 0, stable: 1 };
  readonly #keys = new Set<string>();

  /** 0–1; at 1 the canary gets another share than the split means it to get. */
  get ratioEvidence(): number {
    return this.#ratio?.evidence ?? 0;
  }

  /** Counts a call that is about to be sent, and gives its share; `undefined` where the split left it no choice. */
  assigned(arm: Arm, key: string | undefined, segment: SegmentInForce | undefined): number | undefined {
    const realised = segment ? this.#bySegment.get(segment) : this.#byWeight;
    if (!realised) return undefined;
    const { share } = realised;
    realised.assigned(arm);
    if (!segment) this.#countRatio(arm, key);
    return share;
  }

  /** Other shares begin anew; the same ones go on. */
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

  /** Begins to count anew: somebody has looked at what was off. */
  reset(): void {
    const { canary, stable } = this.#intended;
    this.#ratio = pairShare(canary, stable) === undefined ? undefined : createSampleRatioCheck({ canary, stable });
    this.#keys.clear();
  }

  /** A key counts once: where few of them make most of the calls, calls say nothing about the split. */
  #countRatio(arm: Arm, key: string | undefined): void {
    if (key !== undefined) {
      if (this.#keys.size >= MAX_KEYS || this.#keys.has(key)) return;
      this.#keys.add(key);
    }
    this.#ratio?.observe(arm);
  }
}

/** The canary's share of the calls of the two; `undefined` where one has none. */
function pairShare(canary: number, stable: number): number | undefined {
  return canary > 0 && stable > 0 ? canary / (canary + stable) : undefined;
}
