/** What a user writes about kinds of work, and where each is done. No logic. */

import type { Call } from '../domain/call.ts';

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
