/** Simulated calls: an arm by the weight in force, an outcome by the rates in force. */

import type { Arm } from '../../src/stats/arm.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

/** How many calls there are a second, wherever time matters. */
export const CALLS_PER_SECOND = 100;

/** What holds for one call. */
export interface Moment {
  weight: number;
  stableRate: number;
  canaryRate: number;
}

/** The same object for each call: a simulation makes hundreds of millions. */
export interface SimulatedCall {
  arm: Arm;
  value: number;
  share: number;
}

/** A source of calls that repeats with its seed. */
export class Traffic {
  readonly call: SimulatedCall = { arm: 'stable', value: 0, share: 0 };
  readonly #random: () => number;

  constructor(seed: number) {
    // Neighbouring seeds would begin alike.
    this.#random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  }

  next({ weight, stableRate, canaryRate }: Moment): SimulatedCall {
    const isCanary = this.#random() < weight;
    this.call.arm = isCanary ? 'canary' : 'stable';
    this.call.value = this.#random() < (isCanary ? canaryRate : stableRate) ? 1 : 0;
    this.call.share = weight;
    return this.call;
  }
}
