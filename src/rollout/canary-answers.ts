/** The answers of a canary: their p95 latency in the step, and when the latest ones came. */

import { Sketch, type SketchState } from '../stats/sketch.ts';
import type { JudgedOutcome } from './arm-numbers.ts';

/** Plain data, for a store. */
export interface CanaryAnswersState {
  readonly calls: number;
  readonly sketch: SketchState;
  readonly atMs: readonly number[];
}

/** This many of the latest answers are remembered. */
const REMEMBERED = 20;

export class CanaryAnswers {
  #sketch = new Sketch();
  #calls = 0;
  #atMs: number[] = [];

  /** In ms, to within a few percent; `Infinity` if more than 5 % of the calls failed, `null` without calls. */
  get p95(): number | null {
    return this.#calls === 0 ? null : 2 ** this.#sketch.cutAt(0.95, this.#calls).at;
  }

  /** Times of the latest answers, oldest first; at most 20. */
  get atMs(): readonly number[] {
    return this.#atMs;
  }

  /** Counts the end of a call. A failed one is slower than any other, and no answer. */
  add({ failed, latencyMs }: Pick<JudgedOutcome, 'failed' | 'latencyMs'>, atMs: number): void {
    if (failed === undefined) return;
    this.#calls += 1;
    this.#sketch.add(failed ? Infinity : Math.log2(Math.max(0, latencyMs)));
    if (failed) return;
    this.#atMs.push(atMs);
    if (this.#atMs.length > REMEMBERED) this.#atMs.shift();
  }

  /** Latencies are those of one step. */
  startStep(): void {
    this.#sketch = new Sketch();
    this.#calls = 0;
  }

  toJSON(): CanaryAnswersState {
    return { calls: this.#calls, sketch: this.#sketch.toJSON(), atMs: [...this.#atMs] };
  }

  restore({ calls, sketch, atMs }: CanaryAnswersState): void {
    this.#sketch.restore(sketch);
    this.#calls = calls;
    this.#atMs = [...atMs];
  }
}
