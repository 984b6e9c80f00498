/** Runs the user's `compare`, which may be slow, fail, or never settle. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock, Timer } from '../time/clock.ts';
import type { ShadowAnswer, ShadowCall } from '../domain/shadow.ts';
import type { Compare, CompareResult } from './options.ts';
import { Slots } from './copy-queue.ts';

/** Bounds for concurrent and queued comparisons: a judge model is slower than the calls it compares. */
const MAX_CONCURRENCY = 4;
const MAX_QUEUE = 64;
const TIMEOUT_MS = 30_000;
/** Labels are short names to count by, so their number and length are bounded. */
const MAX_LABELS = 16;
const MAX_LABEL_LENGTH = 64;

export class CustomComparison {
  readonly #compare: Compare;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #slots = new Slots(MAX_CONCURRENCY, MAX_QUEUE);
  readonly #timers = new Set<Timer>();
  readonly #context = new AsyncLocalStorage<true>();

  /** @param onError receives what `compare` throws */
  constructor(compare: Compare, clock: Clock, onError: (error: unknown) => void) {
    this.#compare = compare;
    this.#clock = clock;
    this.#onError = onError;
  }

  /** Whether the running code is the user's `compare` or was called by it. */
  get isRunning(): boolean {
    return this.#context.getStore() === true;
  }

  /** A score of 0–1 and labels; `undefined` if slots and queue are full, or if `compare` failed or timed out. */
  compare(call: ShadowCall, real: ShadowAnswer, shadow: ShadowAnswer): Promise<Required<CompareResult> | undefined> {
    return new Promise((resolve) => {
      const work = async (): Promise<void> =>
        resolve(await this.#withTimeout(() => this.#context.run(true, () => this.#compare(call, real, shadow))));
      if (!this.#slots.submit(work)) resolve(undefined);
    });
  }

  close(): void {
    this.#slots.clear();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  async #withTimeout(compare: () => ReturnType<Compare>): Promise<Required<CompareResult> | undefined> {
    let timer: Timer | undefined;
    try {
      const timeout = new Promise<never>((_resolve, reject) => {
        const onTimeout = (): void => reject(new Error(`it timed out after ${TIMEOUT_MS} ms`));
        timer = this.#clock.setTimeout(onTimeout, TIMEOUT_MS);
        this.#timers.add(timer);
      });
      return checked(await Promise.race([compare(), timeout]));
    } catch (error) {
      this.#onError(error);
      return undefined;
    } finally {
      timer?.cancel();
      if (timer) this.#timers.delete(timer);
    }
  }
}

/** Validates the result, since JavaScript callers may return anything. */
function checked({ score, labels = [] }: CompareResult): Required<CompareResult> {
  if (!(score >= 0 && score <= 1)) throw new RangeError(`its score should be between 0 and 1, got ${String(score)}`);
  return { score, labels: labels.slice(0, MAX_LABELS).map((label) => label.slice(0, MAX_LABEL_LENGTH)) };
}
