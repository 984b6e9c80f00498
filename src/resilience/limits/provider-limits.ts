/** The limits of one model at one provider, as its answers tell them. */

import type { Clock } from '../../time/clock.ts';
import type { ResponseHeaders } from '../retry-after.ts';
import { MinuteLimiter } from './minute-limiter.ts';
import { type AdvertisedQuota, advertisedIn } from './rate-limit-headers.ts';

/** What was known when a request left. */
export interface SentRequest {
  readonly requests: Sent;
  readonly tokens: Sent;
}

/** Providers limit every model by itself. */
export class ProviderLimits {
  readonly #clock: Clock;
  readonly #requests = new AdvertisedLimit();
  readonly #tokens = new AdvertisedLimit();
  /** Until then nothing of it limits anything. */
  #wasTold = false;
  /** Answers in a row that told nothing, and those of them that were not read. */
  #silent = 0;
  #unread = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `undefined` when a request of so many tokens may leave; else when it may, as far as is known. */
  blockedUntilMs(tokens: number, nowMs: number): number | undefined {
    if (!this.#wasTold) return undefined;
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

  /** An answer has come. Looking for headers that are not there costs more than all else here, and providers tell always, never, or where they refuse. */
  observe(sent: SentRequest, headers: ResponseHeaders, isRefusal = false): void {
    if (!isRefusal && this.#skips()) return;
    const nowMs = this.#clock.now();
    const { requests, tokens } = advertisedIn(headers, nowMs);
    this.#silent = requests || tokens ? 0 : this.#silent + 1;
    this.#wasTold ||= this.#silent === 0;
    if (requests) this.#requests.hear(sent.requests, requests, nowMs);
    if (tokens) this.#tokens.hear(sent.tokens, tokens, nowMs);
  }

  #skips(): boolean {
    if (this.#silent < SILENT_ANSWERS) return false;
    this.#unread = (this.#unread + 1) % READ_ONE_IN;
    return this.#unread !== 0;
  }
}

/** After so many answers in a row that told nothing only some are read. */
const SILENT_ANSWERS = 16;
const READ_ONE_IN = 8;

/** The later of two times, of which each may be none. */
export function latest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}

/** What is left as the provider counts, and what a limit that it named leaves by our own count. */
class AdvertisedLimit {
  readonly #allowance = new RemainingQuota();
  readonly #limiter = new MinuteLimiter(Infinity);

  blockedUntilMs(points: number, nowMs: number): number | undefined {
    return latest(this.#allowance.blockedUntilMs(points, nowMs), this.#limiter.blockedUntilMs(points, nowMs));
  }

  send(points: number): Sent {
    this.#limiter.hold(points);
    return this.#allowance.send(points);
  }

  cancel(points: number): void {
    this.#limiter.hold(-points);
    this.#allowance.cancel(points);
  }

  end(points: number, used: number, nowMs: number): void {
    this.#limiter.settle(points, used, nowMs);
    this.#allowance.end(points);
  }

  /** A limit of unknown period is not one per minute; what is left of it counts all the same. */
  hear(sent: Sent, told: AdvertisedQuota, nowMs: number): void {
    if (told.perMinute && told.limit !== undefined) this.#limiter.perMinute = told.limit;
    this.#allowance.hear(sent, told, nowMs);
  }
}

/* PART: What a provider said is left of a limit, as long as that says something. */

/** What was known when something was sent. */
export interface Sent {
  /** All points sent so far, its own among them. */
  readonly upTo: number;
  /** Points under way then: the provider may have counted them before or after it. */
  readonly underWay: number;
}

/** What is told without saying for how long is believed for a minute. */
const PERIOD_MS = 60_000;

/**
 * Of what the provider says is left, all is taken off that it may not have counted when it said so: what was under way when
 * the answered request left, and what has left since. So many calls at once cannot share the same rest. The request that left
 * last knows best: others, of this process or another, may have used up what an older one was told.
 */
export class RemainingQuota {
  #sent = 0;
  #underWay = 0;
  /** So many points may have been sent in all, until the limit is full again. */
  #ceiling = Infinity;
  #untilMs = Infinity;
  #limit: number | undefined;
  /** What the request that is believed was sent after. */
  #believed = 0;

  /** `undefined` when `points` may be sent; else when they may at the latest, in ms since the Unix epoch. */
  blockedUntilMs(points: number, nowMs: number): number | undefined {
    if (nowMs >= this.#untilMs) this.#refill(nowMs);
    // What is larger than the whole limit may go where all of it is left.
    const asked = Math.min(points, this.#limit ?? points);
    return this.#sent + asked <= this.#ceiling ? undefined : this.#untilMs;
  }

  send(points: number): Sent {
    const underWay = this.#underWay;
    this.#sent += points;
    this.#underWay += points;
    return { upTo: this.#sent, underWay };
  }

  /** What was sent has ended. */
  end(points: number): void {
    this.#underWay -= points;
  }

  /** It was not sent after all; nothing else has been meanwhile. */
  cancel(points: number): void {
    this.#sent -= points;
    this.#underWay -= points;
  }

  /** An answer tells what is left. */
  hear(sent: Sent, { remaining, limit, resetMs = PERIOD_MS }: AdvertisedQuota, nowMs: number): void {
    if (sent.upTo < this.#believed) return;
    this.#believed = sent.upTo;
    this.#limit = limit ?? Math.max(remaining, this.#limit ?? 0);
    this.#ceiling = sent.upTo + remaining - sent.underWay;
    this.#untilMs = nowMs + resetMs;
  }

  /** All of the limit is there again, but for what is under way. */
  #refill(nowMs: number): void {
    this.#ceiling = this.#sent + (this.#limit ?? Infinity) - this.#underWay;
    this.#untilMs = nowMs + PERIOD_MS;
  }
}
