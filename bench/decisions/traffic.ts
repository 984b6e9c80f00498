/** Simulated calls: the current weight decides the arm, and the current error rates decide the outcome. */

import type { Arm } from '../../src/stats/arm.ts';
import { seededRandom } from '../../src/testing/seeded-random.ts';

/** The call rate in all simulations that depend on time. */
export const CALLS_PER_SECOND = 100;

/** The weight and error rates at one call. */
export interface Moment {
  weight: number;
  stableRate: number;
  canaryRate: number;
}

/** A simulated call. One object is reused for all, because a simulation makes hundreds of millions. */
export interface SimulatedCall {
  arm: Arm;
  value: number;
  share: number;
}

/** A reproducible source of calls. */
export class Traffic {
  readonly call: SimulatedCall = { arm: 'stable', value: 0, share: 0 };
  readonly #random: () => number;

  constructor(seed: number) {
    // Spreads the seeds: neighbouring seeds would start with similar numbers.
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
