/** Errors of our own for what may not be asked: by the limits of upstreams, and by budgets. */

import { OpenAIError } from 'openai';

/** Every upstream that could serve the call is full by its limits, and there is no queue to wait in, or it was waited in vain. */
export class RateLimitedError extends OpenAIError {
  readonly code = 'RATE_LIMITED';
  /** The upstream that may be asked again soonest. */
  readonly upstream: string;
  /** When that may be, in ms since the Unix epoch: at the earliest. */
  readonly retryAtMs: number;

  constructor(upstream: string, retryAtMs: number) {
    super(`Upstream ${upstream} is full until ${new Date(retryAtMs).toISOString()}, and no other can serve the call.`);
    this.name = 'RateLimitedError';
    this.upstream = upstream;
    this.retryAtMs = retryAtMs;
  }
}
