/** The options of limits, queues and budgets. No logic. */

import type { BudgetPeriod } from '../../domain/usage.ts';
import type { Duration } from '../../domain/duration.ts';

/** A queue in which calls wait for a rate-limited upstream, first come, first served. */
export interface QueueOptions {
  /** The longest wait; the call's deadline also applies. @default '30s' */
  readonly maxWait?: Duration | undefined;
  /** The most calls that wait at a time; further calls skip the upstream. @default 1000 */
  readonly maxLength?: number | undefined;
}

/**
 * The limits of an upstream. Calls skip an upstream that is full; with a `queue` they wait for it. The limits that the provider
 * advertises in its response headers also apply; with `{}` only they do. Each attempt counts, retries and hedges included.
 */
export interface LimitsOptions {
  /** Requests per minute, over any sixty seconds. @default no limit */
  readonly rpm?: number | undefined;
  /**
   * Tokens per minute, over any sixty seconds. While it is in flight, an attempt counts its estimated input and the output that
   * it allows (1,024 where it sets no limit); from its end on it counts its true usage. @default no limit
   */
  readonly tpm?: number | undefined;
  /** Attempts in flight at a time; a stream counts until it ends. @default no limit */
  readonly concurrency?: number | undefined;
  /**
   * The scope of `rpm`, `tpm` and `concurrency`. `'process'`: each process by itself. `'fleet'`: all processes that share the `store` together.
   * Each process takes a small part of a limit in advance, in the background. A call waits where its process's part is used up, for up to three
   * answers of the store and 250 ms for each; a call that gets no part by then goes to another upstream, if one can serve it. While the store
   * does not answer, each process keeps to the limit divided by the number of processes. Without a `store` it is the process itself.
   * @default 'process'
   */
  readonly scope?: 'fleet' | 'process' | undefined;
  /** Lets calls wait for a full upstream. @default no queue: calls skip a full upstream */
  readonly queue?: QueueOptions | undefined;
}

/**
 * The most that may be spent in a period. An attempt reserves its estimated cost first (its input, and all the output that it
 * allows); when it has ended, its true cost is charged. If that is unknown after an hour, the estimate is charged. Retries, hedges
 * and shadows are charged as well.
 */
export interface BudgetOptions<UpstreamName extends string = string> {
  /** Name in events, errors and the snapshot. */
  readonly name: string;
  /** The period: an hour, day or month by the calendar of `canary.timeZone`. */
  readonly per: BudgetPeriod;
  /** The limit in USD, above 0. */
  readonly limitUsd: number;
  /**
   * `'key'`: each key has a budget of its own. The latest 10,000 keys are kept; calls without a key are not charged, and a
   * conversation does not count as a key. `'upstream'`: each upstream has a budget of its own. An object names one key or one
   * upstream. @default one budget for all calls
   */
  readonly scope?: 'key' | 'upstream' | { readonly key: string } | { readonly upstream: UpstreamName } | undefined;
  /**
   * `'reject'`: a call skips an upstream that its budget cannot pay for; where there is no other, it fails with
   * `BudgetExceededError`. `'alert'`: only `budget` events are emitted. @default 'alert'
   */
  readonly onExceeded?: 'alert' | 'reject' | undefined;
}
