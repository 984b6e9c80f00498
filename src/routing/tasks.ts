/** The user's own classifier, made safe for calls: what it does wrong costs a call its task, and at most 50 ms. */

import type { Call } from '../domain/call.ts';
import { checkFunction, checkKeys, checkNames, checkObject } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { isThenable } from '../domain/json.ts';
import { errorName } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';

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
    this.#warn(`The classifier of tasks threw ${errorName(error)}`);
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

/* PART: What a user writes about kinds of work, and where each is done. No logic. */

/** The view of a call that a classifier gets. */
export interface TaskContext extends Pick<Call, 'surface' | 'model' | 'stream' | 'key' | 'attributes'> {
  /** The request's body, as the caller passed it: to be read only. */
  readonly body: unknown;
}

/** Kinds of work, and the upstreams that do them. */
export interface TaskOptions<UpstreamName extends string = string> {
  /**
   * Names the task of a call that says none itself (`route({ task })`, `canary.run`). One that throws, or takes over 50 ms, is passed over: the
   * call then has no task. One that takes over 50 ms five times in a row is not asked for a minute. What it does before its
   * first `await` cannot be interrupted. @default calls have the task that they name
   */
  readonly classify?: ((call: TaskContext) => string | undefined | PromiseLike<string | undefined>) | undefined;
  /**
   * The upstreams of a task, in order: the first is asked, the others are its fallbacks. Decides after a forced upstream,
   * a run of tools, the owner of an id and the segments, and in place of the split: keys play no part. A task without a route goes where
   * calls without a task go.
   */
  readonly routes: Readonly<Record<string, readonly UpstreamName[]>>;
}

/* PART: Checks tasks. */

/** Tasks, resolved. */
export interface Tasks {
  readonly classify: TaskOptions['classify'];
  readonly routes: ReadonlyMap<string, readonly string[]>;
}

/** @throws ConfigError */
export function resolveTasks(tasks: TaskOptions | undefined, names: readonly string[]): Tasks | undefined {
  if (tasks === undefined) return undefined;
  checkKeys('canary.tasks', tasks, ['classify', 'routes']);
  checkObject('canary.tasks.routes', tasks.routes, 'an object of lists of upstreams');
  const routes = Object.entries(tasks.routes).map(([task, route]): [string, readonly string[]] => {
    const path = `canary.tasks.routes.${task}`;
    const upstreams = checkNames(path, route, names);
    if (upstreams.length === 0) throw new ConfigError(path, 'should name at least one upstream');
    return [task, upstreams];
  });
  return { classify: checkFunction('canary.tasks.classify', tasks.classify), routes: new Map(routes) };
}

/** By task: its upstreams, in order. */
export type TaskRoutes = ReadonlyMap<string, readonly string[]>;
