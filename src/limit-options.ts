/** What a user writes about how much upstreams may be asked, and what that may cost. No logic. */

import type { Duration } from './domain/duration.ts';

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
