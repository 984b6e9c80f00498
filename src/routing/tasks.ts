/** The user's own classifier, made safe for calls: what it does wrong costs a call its task, and at most 50 ms. */

import type { Call } from '../domain/call.ts';
import type { Clock } from '../time/clock.ts';
import { isThenable } from '../domain/json.ts';
import type { TaskOptions } from './task-options.ts';
import { nameOf } from '../events/warnings.ts';

type Classify = NonNullable<TaskOptions['classify']>;

/** The longest that a call waits for the name of its task. */
const PATIENCE_MS = 50;
/** Slow so often in a row, a classifier is left alone for so long. */
const SLOW_IN_A_ROW = 5;
const REST_MS = 60_000;

export class Classifier {
  readonly #classify: Classify;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  #slowInARow = 0;
  #restsUntilMs = -Infinity;

  /** `warn` is told of each kind of failure, as often as it happens. */
  constructor(classify: Classify, clock: Clock, warn: (message: string) => void) {
    this.#classify = classify;
    this.#clock = clock;
    this.#warn = warn;
  }

  /** The task of a call, at once where the classifier is not async. Neither throws nor rejects. */
  taskOf(
    { surface, model, stream, key, attributes }: Call,
    { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal | null | undefined },
  ): string | undefined | Promise<string | undefined> {
    const startedAtMs = this.#clock.now();
    if (startedAtMs < this.#restsUntilMs) return undefined;
    try {
      const said = this.#classify({ surface, model, stream, key, attributes, body });
      if (isThenable(said)) return this.#await(said, signal);
      if (this.#clock.now() - startedAtMs > PATIENCE_MS) return this.#tookLong();
      return this.#named(said);
    } catch (error) {
      return this.#threw(error);
    }
  }

  /** A caller that gives up waits no longer either. */
  #await(said: PromiseLike<unknown>, signal: AbortSignal | null | undefined): Promise<string | undefined> {
    return new Promise((resolve) => {
      const settle = (task: string | undefined): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        resolve(task);
      };
      const onAbort = (): void => settle(undefined);
      let late = false;
      const timer = this.#clock.setTimeout(
        () => {
          late = true;
          settle(this.#tookLong());
        },
        PATIENCE_MS,
        { keepAlive: true },
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      Promise.resolve(said).then(
        (task) => late || settle(this.#named(task)),
        (error: unknown) => settle(this.#threw(error)),
      );
    });
  }

  #named(task: unknown): string | undefined {
    this.#slowInARow = 0;
    return typeof task === 'string' && task !== '' ? task : undefined;
  }

  #threw(error: unknown): undefined {
    this.#warn(`The classifier of tasks threw ${nameOf(error)}`);
  }

  #tookLong(): undefined {
    this.#slowInARow += 1;
    this.#warn(`The classifier of tasks took over ${PATIENCE_MS} ms: it is passed over`);
    if (this.#slowInARow < SLOW_IN_A_ROW) return;
    this.#slowInARow = 0;
    this.#restsUntilMs = this.#clock.now() + REST_MS;
    this.#warn(`The classifier of tasks was slow ${SLOW_IN_A_ROW} times in a row: it is not asked for a minute`);
  }
}
