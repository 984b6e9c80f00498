/** What a user writes about how much upstreams may be asked, and what that may cost. No logic. */

import type { BudgetPeriod } from '../../domain/usage.ts';
import type { Duration } from '../../domain/duration.ts';

/** Where calls wait for an upstream that is full, first come, first served. */
export interface QueueOptions {
  /** The longest wait; the call's deadline holds besides. @default '30s' */
  readonly maxWait?: Duration | undefined;
  /** The most calls that wait at a time; further ones pass the upstream over. @default 1000 */
  readonly maxLength?: number | undefined;
}

/**
 * How much an upstream may be asked. A full one is passed over; with a `queue` it is waited for. What the provider says of its limits in
 * the headers of its answers is heeded besides: `{}` heeds that alone. Attempts are counted, so retries and hedges, too.
 */
export interface LimitsOptions {
  /** Requests per minute, over any sixty seconds. @default no limit */
  readonly rpm?: number | undefined;
  /**
   * Tokens per minute, over any sixty seconds: an attempt holds its estimated input and the output that it allows (1,024 where
   * it sets no limit), and what it really used from its end on. @default no limit
   */
  readonly tpm?: number | undefined;
  /** Attempts under way at a time, streams until they end. @default no limit */
  readonly concurrency?: number | undefined;
  /** @default none: a full upstream is passed over */
  readonly queue?: QueueOptions | undefined;
}

/**
 * How much may be spent in a period. Before an attempt its cost is held by estimate (its input, and all the output that it allows);
 * when it has ended, what it did cost is paid. Where nobody tells that within an hour, the estimate stands. Retries, hedges and
 * shadows are paid, too.
 */
export interface BudgetOptions<UpstreamName extends string = string> {
  /** For events, errors and the snapshot. */
  readonly name: string;
  /** The hour, day or month of the UTC calendar. */
  readonly per: BudgetPeriod;
  /** USD, above 0. */
  readonly limitUsd: number;
  /**
   * `'key'`: each key has the amount for itself (the 10,000 latest are known; calls without a key are free, and a conversation is none). `'upstream'`: so has
   * each upstream. Or for one of them alone. @default one amount for all calls
   */
  readonly scope?: 'key' | 'upstream' | { readonly key: string } | { readonly upstream: UpstreamName } | undefined;
  /**
   * `'reject'`: an upstream that a call could not pay is passed over; where there is no other, the call fails with
   * `BudgetExceededError`. @default 'alert': `budget` events alone
   */
  readonly onExceeded?: 'alert' | 'reject' | undefined;
}
