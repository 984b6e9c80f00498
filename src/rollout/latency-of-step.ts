/** The p95 latency of one side in a step, for the requirement `maxLatencyP95`. */

import { Sketch, type SketchState } from '../stats/sketch.ts';
import type { JudgedOutcome } from './arm-numbers.ts';

/** Plain data, for a store. */
export interface LatencyOfStepState {
  readonly calls: number;
  readonly sketch: SketchState;
}

export class LatencyOfStep {
  readonly #sketch = new Sketch();
  #calls = 0;

  /** In ms, to within a few percent; `Infinity` if more than 5 % of the calls failed, `null` without calls. */
  get p95(): number | null {
    return this.#calls === 0 ? null : 2 ** this.#sketch.cutAt(0.95, this.#calls).at;
  }

  /** A failed call is slower than any other. */
  add({ failed, latencyMs }: Pick<JudgedOutcome, 'failed' | 'latencyMs'>): void {
    if (failed === undefined) return;
    this.#calls += 1;
    this.#sketch.add(failed ? Infinity : Math.log2(Math.max(0, latencyMs)));
  }

  toJSON(): LatencyOfStepState {
    return { calls: this.#calls, sketch: this.#sketch.toJSON() };
  }

  restore({ calls, sketch }: LatencyOfStepState): void {
    this.#calls = calls;
    this.#sketch.restore(sketch);
  }
}
