/** Says how far a batch is, to whoever wants to know. */

import { isThenable } from '../domain/json.ts';
import type { BatchOptions, BatchProgress, BatchResult } from './options.ts';
import type { Clock } from '../time/clock.ts';

export class BatchMeter {
  readonly #onProgress: BatchOptions['onProgress'];
  readonly #failed: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #total: number | undefined;
  readonly #startedAtMs: number;
  #done = 0;
  #failures = 0;
  #costUsd = 0;

  /** `failed` is told of what `onProgress` throws. */
  constructor(
    { onProgress, total }: BatchOptions,
    { clock, failed }: { readonly clock: Clock; readonly failed: (error: unknown) => void },
  ) {
    this.#onProgress = onProgress;
    this.#failed = failed;
    this.#clock = clock;
    this.#total = total;
    this.#startedAtMs = clock.now();
  }

  ended({ ok, costUsd }: BatchResult<unknown>, running: number): void {
    this.#done += 1;
    if (!ok) this.#failures += 1;
    this.#costUsd += costUsd ?? 0;
    try {
      const returned = this.#onProgress?.(this.#progress(running));
      if (isThenable(returned)) Promise.resolve(returned).catch(this.#failed);
    } catch (error) {
      this.#failed(error);
    }
  }

  #progress(running: number): BatchProgress {
    const elapsedMs = this.#clock.now() - this.#startedAtMs;
    const callsPerMs = elapsedMs > 0 ? this.#done / elapsedMs : 0;
    const left = this.#total === undefined ? undefined : Math.max(0, this.#total - this.#done);
    return {
      done: this.#done,
      failed: this.#failures,
      running,
      total: this.#total,
      elapsedMs,
      callsPerSecond: callsPerMs * 1_000,
      remainingMs: left === undefined || (left > 0 && callsPerMs === 0) ? undefined : left && left / callsPerMs,
      costUsd: this.#costUsd,
    };
  }
}
