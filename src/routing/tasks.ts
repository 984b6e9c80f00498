/** Tasks: the options, their check, and the call of the user's classifier. */

import type { Call } from '../domain/call.ts';
import { checkFunction, checkKeys, checkNames, checkObject } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { isThenable } from '../domain/json.ts';
import { errorName } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';

/** The view of a call that a classifier receives. */
export interface TaskContext extends Pick<Call, 'surface' | 'model' | 'stream' | 'key' | 'attributes' | 'maxCostUsd'> {
  /** The request body as the caller passed it. Do not change it. */
  readonly body: unknown;
}

/** Tasks (kinds of work) and the upstreams that serve them. */
export interface TaskOptions<UpstreamName extends string = string> {
  /**
   * Returns the task of a call that does not name one itself through `route({ task })` or `canary.run`.
   *
   * If it throws or takes over 50 ms, the call has no task. If it takes over 50 ms five times in a row, it is not
   * called for a minute. Work before its first `await` cannot be interrupted.
   * @default calls have the task that they name
   */
  readonly classify?: ((call: TaskContext) => string | undefined | PromiseLike<string | undefined>) | undefined;
  /**
   * The upstreams of each task in order: the first one is assigned, the others are its fallbacks.
   *
   * A route decides after a forced upstream, a tool run, the owner of an id and the segments. It replaces the split, so
   * keys play no part. Calls of a task without a route are routed like calls without a task.
   */
  readonly routes: Readonly<Record<string, readonly UpstreamName[]>>;
}

/** The resolved `tasks` options. */
export interface Tasks {
  readonly classify: TaskOptions['classify'];
  readonly routes: TaskRoutes;
}

/** The upstreams of each task, in order. */
export type TaskRoutes = ReadonlyMap<string, readonly string[]>;

/** @throws ConfigError */
export function resolveTasks(tasks: TaskOptions | undefined, names: readonly string[]): Tasks | undefined {
  if (tasks === undefined) return undefined;
  checkKeys('canary.tasks', tasks, ['classify', 'routes']);
  const routes = resolveRoutes('canary.tasks.routes', tasks.routes, names);
  return { classify: checkFunction('canary.tasks.classify', tasks.classify), routes };
}

/** @throws ConfigError */
export function resolveRoutes(option: string, routes: TaskOptions['routes'], names: readonly string[]): TaskRoutes {
  checkObject(option, routes, 'an object of lists of upstreams');
  const entries = Object.entries(routes).map(([task, route]): [string, readonly string[]] => {
    const path = `${option}.${task}`;
    const upstreams = checkNames(path, route, names);
    if (upstreams.length === 0) throw new ConfigError(path, 'should name at least one upstream');
    return [task, upstreams];
  });
  return new Map(entries);
}

type Classify = NonNullable<TaskOptions['classify']>;

/** The longest that a call waits for the name of its task, in ms. */
const TIMEOUT_MS = 50;
/** After this many slow answers in a row the classifier is not called for `REST_MS`. */
const SLOW_IN_A_ROW = 5;
const REST_MS = 60_000;

/** Calls the user's classifier. A failure costs a call its task and at most 50 ms. */
export class Classifier {
  readonly #classify: Classify;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  #slowInARow = 0;
  #restsUntilMs = -Infinity;

  /** @param warn receives a message for every failure */
  constructor(classify: Classify, clock: Clock, warn: (message: string) => void) {
    this.#classify = classify;
    this.#clock = clock;
    this.#warn = warn;
  }

  /** The task of a call: a promise only if the classifier is async. Never throws or rejects. */
  taskOf(
    { surface, model, stream, key, attributes, maxCostUsd }: Call,
    { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal | null | undefined },
  ): string | undefined | Promise<string | undefined> {
    const startedAtMs = this.#clock.now();
    if (startedAtMs < this.#restsUntilMs) return undefined;
    try {
      const result = this.#classify({ surface, model, stream, key, attributes, maxCostUsd, body });
      if (isThenable(result)) return this.#await(result, signal);
      if (this.#clock.now() - startedAtMs > TIMEOUT_MS) return this.#timedOut();
      return this.#nameFrom(result);
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Waits for the task, until the time limit or an abort by the caller. */
  #await(result: PromiseLike<unknown>, signal: AbortSignal | null | undefined): Promise<string | undefined> {
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
          settle(this.#timedOut());
        },
        TIMEOUT_MS,
        { keepAlive: true },
      );
      signal?.addEventListener('abort', onAbort, { once: true });
      Promise.resolve(result).then(
        (task) => late || settle(this.#nameFrom(task)),
        (error: unknown) => settle(this.#failed(error)),
      );
    });
  }

  #nameFrom(task: unknown): string | undefined {
    this.#slowInARow = 0;
    return typeof task === 'string' && task !== '' ? task : undefined;
  }

  #failed(error: unknown): undefined {
    this.#warn(`The task classifier threw ${errorName(error)}`);
  }

  #timedOut(): undefined {
    this.#slowInARow += 1;
    this.#warn(`The task classifier took over ${TIMEOUT_MS} ms: the call has no task`);
    if (this.#slowInARow < SLOW_IN_A_ROW) return;
    this.#slowInARow = 0;
    this.#restsUntilMs = this.#clock.now() + REST_MS;
    this.#warn(`The task classifier was slow ${SLOW_IN_A_ROW} times in a row: it is not called for a minute`);
  }
}
