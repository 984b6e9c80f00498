/** Asks the user's own `compare`, which may take long, fail, or never come back. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock, Timer } from '../time/clock.ts';
import type { ShadowAnswer, ShadowCall } from '../domain/shadow.ts';
import type { Compare, CompareResult } from './options.ts';
import { Slots } from './copy-queue.ts';

/** Comparisons under way at once, and waiting: a judge model is slower than what it judges. */
const MAX_CONCURRENCY = 4;
const MAX_QUEUE = 64;
const TIMEOUT_MS = 30_000;
/** Labels are for counting. */
const MAX_LABELS = 16;
const MAX_LABEL_LENGTH = 64;

export class CustomComparison {
  readonly #compare: Compare;
  readonly #clock: Clock;
  readonly #failed: (error: unknown) => void;
  readonly #slots = new Slots(MAX_CONCURRENCY, MAX_QUEUE);
  readonly #timers = new Set<Timer>();
  readonly #asking = new AsyncLocalStorage<true>();

  /** `failed` is told what `compare` threw. */
  constructor(compare: Compare, clock: Clock, failed: (error: unknown) => void) {
    this.#compare = compare;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** The code that runs is the user's `compare`, or something that it called. */
  get isAsking(): boolean {
    return this.#asking.getStore() === true;
  }

  /** A score of 0–1 and labels; `undefined` where there is none: too many are under way, it failed or took too long. */
  ask(call: ShadowCall, real: ShadowAnswer, shadow: ShadowAnswer): Promise<Required<CompareResult> | undefined> {
    return new Promise((resolve) => {
      const work = async (): Promise<void> =>
        resolve(await this.#inTime(() => this.#asking.run(true, () => this.#compare(call, real, shadow))));
      if (!this.#slots.enter(work)) resolve(undefined);
    });
  }

  close(): void {
    this.#slots.clear();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  async #inTime(compare: () => ReturnType<Compare>): Promise<Required<CompareResult> | undefined> {
    let timer: Timer | undefined;
    try {
      const late = new Promise<never>((_resolve, reject) => {
        const tooLong = (): void => reject(new Error(`it took longer than ${TIMEOUT_MS} ms`));
        timer = this.#clock.setTimeout(tooLong, TIMEOUT_MS);
        this.#timers.add(timer);
      });
      return checked(await Promise.race([compare(), late]));
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      timer?.cancel();
      if (timer) this.#timers.delete(timer);
    }
  }
}

/** What users return is not always what its type says. */
function checked({ score, labels = [] }: CompareResult): Required<CompareResult> {
  if (!(score >= 0 && score <= 1)) throw new RangeError(`its score should be between 0 and 1, got ${String(score)}`);
  return { score, labels: labels.slice(0, MAX_LABELS).map((label) => label.slice(0, MAX_LABEL_LENGTH)) };
}
