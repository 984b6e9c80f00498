/** The limits of one model at one provider, as the headers of its responses advertise them. */

import type { Clock } from '../../time/clock.ts';
import type { ResponseHeaders } from '../retry-after.ts';
import { MinuteLimiter } from './minute-limiter.ts';
import { type AdvertisedQuota, advertisedIn } from './rate-limit-headers.ts';

/** Our counts when a request was sent. */
export interface SentRequest {
  readonly requests: SentAmount;
  readonly tokens: SentAmount;
}

/** Providers limit each model separately. */
export class ProviderLimits {
  readonly #clock: Clock;
  readonly #requests = new AdvertisedLimit();
  readonly #tokens = new AdvertisedLimit();
  /** Nothing is limited before the first response that advertises a limit. */
  #isAdvertised = false;
  /** Responses in a row that advertised no limit, and how many of them were skipped. */
  #silent = 0;
  #skipped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `undefined` when a request of `tokens` may be sent; otherwise when it may, as far as is known. */
  blockedUntilMs(tokens: number, nowMs: number): number | undefined {
    if (!this.#isAdvertised) return undefined;
    const untilMs = this.#requests.blockedUntilMs(1, nowMs);
    return latest(untilMs, this.#tokens.blockedUntilMs(tokens, nowMs));
  }

  send(tokens: number): SentRequest {
    return { requests: this.#requests.send(1), tokens: this.#tokens.send(tokens) };
  }

  cancel(tokens: number): void {
    this.#requests.cancel(1);
    this.#tokens.cancel(tokens);
  }

  end(tokens: number, usedTokens: number, nowMs: number): void {
    this.#requests.end(1, 1, nowMs);
    this.#tokens.end(tokens, usedTokens, nowMs);
  }

  /**
   * Called for each response. Providers send rate-limit headers always, never, or only when they refuse, so most responses are
   * skipped after enough without them: the lookup is the expensive part.
   */
  observe(sent: SentRequest, headers: ResponseHeaders, isRefusal = false): void {
    if (!isRefusal && this.#skips()) return;
    const nowMs = this.#clock.now();
    const { requests, tokens } = advertisedIn(headers, nowMs);
    this.#silent = requests || tokens ? 0 : this.#silent + 1;
    this.#isAdvertised ||= this.#silent === 0;
    if (requests) this.#requests.observe(sent.requests, requests, nowMs);
    if (tokens) this.#tokens.observe(sent.tokens, tokens, nowMs);
  }

  #skips(): boolean {
    if (this.#silent < SILENT_RESPONSES) return false;
    this.#skipped = (this.#skipped + 1) % READ_ONE_IN;
    return this.#skipped !== 0;
  }
}

/** After this many responses in a row without a limit, one in `READ_ONE_IN` is read. */
const SILENT_RESPONSES = 16;
const READ_ONE_IN = 8;

/** The later of two optional times. */
export function latest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}

/** One limit: the remaining quota by the provider's count, and the limit that it named by our own count. */
class AdvertisedLimit {
  readonly #quota = new RemainingQuota();
  readonly #limiter = new MinuteLimiter(Infinity);

  blockedUntilMs(amount: number, nowMs: number): number | undefined {
    return latest(this.#quota.blockedUntilMs(amount, nowMs), this.#limiter.blockedUntilMs(amount, nowMs));
  }

  send(amount: number): SentAmount {
    this.#limiter.hold(amount);
    return this.#quota.send(amount);
  }

  cancel(amount: number): void {
    this.#limiter.hold(-amount);
    this.#quota.cancel(amount);
  }

  end(amount: number, used: number, nowMs: number): void {
    this.#limiter.settle(amount, used, nowMs);
    this.#quota.end(amount);
  }

  /** A limit of unknown period does not count as one per minute, but its remaining quota counts. */
  observe(sent: SentAmount, advertised: AdvertisedQuota, nowMs: number): void {
    if (advertised.perMinute && advertised.limit !== undefined) this.#limiter.perMinute = advertised.limit;
    this.#quota.observe(sent, advertised, nowMs);
  }
}

/** Our counts of one limit when an amount was sent. */
export interface SentAmount {
  /** Everything sent so far, this amount included. */
  readonly upTo: number;
  /** What was in flight then: the provider may count it before or after this amount. */
  readonly inFlight: number;
}

/**
 * What remains of a limit, by the latest response. From the quota that a response advertises we subtract everything that the
 * provider may not have counted yet: what was in flight when the answered request was sent, and what was sent after it. So
 * concurrent calls cannot all spend the same remainder. The response to the request that was sent last is the best source: other
 * requests, of this process or another, may have used up what an older one reported.
 */
export class RemainingQuota {
  #sent = 0;
  #inFlight = 0;
  /** How much may be sent in all until the limit is full again. */
  #ceiling = Infinity;
  #untilMs = Infinity;
  #limit: number | undefined;
  /** `upTo` of the request whose response set the ceiling. */
  #sourceUpTo = 0;

  /** `undefined` when `amount` may be sent; otherwise the latest time at which it may, in ms since the Unix epoch. */
  blockedUntilMs(amount: number, nowMs: number): number | undefined {
    if (nowMs >= this.#untilMs) this.#refill(nowMs);
    // An amount above the whole limit may be sent while the whole limit remains.
    const needed = Math.min(amount, this.#limit ?? amount);
    return this.#sent + needed <= this.#ceiling ? undefined : this.#untilMs;
  }

  send(amount: number): SentAmount {
    const inFlight = this.#inFlight;
    this.#sent += amount;
    this.#inFlight += amount;
    return { upTo: this.#sent, inFlight };
  }

  /** The request has ended. */
  end(amount: number): void {
    this.#inFlight -= amount;
  }

  /** Undoes `send(amount)`, to be called before anything else is sent. */
  cancel(amount: number): void {
    this.#sent -= amount;
    this.#inFlight -= amount;
  }

  /** Takes the quota that the response to `sent` advertises, unless a later request has been answered. */
  observe(sent: SentAmount, { remaining, limit, resetMs = PERIOD_MS }: AdvertisedQuota, nowMs: number): void {
    if (sent.upTo < this.#sourceUpTo) return;
    this.#sourceUpTo = sent.upTo;
    this.#limit = limit ?? Math.max(remaining, this.#limit ?? 0);
    this.#ceiling = sent.upTo + remaining - sent.inFlight;
    this.#untilMs = nowMs + resetMs;
  }

  /** The whole limit is available again, less what is in flight. */
  #refill(nowMs: number): void {
    this.#ceiling = this.#sent + (this.#limit ?? Infinity) - this.#inFlight;
    this.#untilMs = nowMs + PERIOD_MS;
  }
}

/** How long a quota without a reset time counts. */
const PERIOD_MS = 60_000;
