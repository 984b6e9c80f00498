/** The limits of one model at one provider, as its answers tell them. */

import type { Clock } from '../../time/clock.ts';
import { Allowance, type Sent } from './allowance.ts';
import { MinuteLimiter, UNLIMITED } from './minute-limiter.ts';
import type { ResponseHeaders } from '../retry-after.ts';
import { toldIn, type Told } from './rate-limit-headers.ts';

/** What was known when a request left. */
export interface SentRequest {
  readonly requests: Sent;
  readonly tokens: Sent;
}

/** Providers limit every model by itself. */
export class ModelLimits {
  readonly #clock: Clock;
  readonly #requests: ToldLimit;
  readonly #tokens: ToldLimit;
  /** Until then nothing of it limits anything. */
  #wasTold = false;
  /** Answers in a row that told nothing, and those of them that were not read. */
  #silent = 0;
  #unread = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#requests = new ToldLimit(clock);
    this.#tokens = new ToldLimit(clock);
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
  hear(sent: SentRequest, headers: ResponseHeaders, isRefusal = false): void {
    if (!isRefusal && this.#skips()) return;
    const nowMs = this.#clock.now();
    const { requests, tokens } = toldIn(headers, nowMs);
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
class ToldLimit {
  readonly #allowance = new Allowance();
  readonly #limiter: MinuteLimiter;

  constructor(clock: Clock) {
    this.#limiter = new MinuteLimiter(UNLIMITED, clock);
  }

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
  hear(sent: Sent, told: Told, nowMs: number): void {
    if (told.perMinute && told.limit !== undefined) this.#limiter.points = told.limit;
    this.#allowance.hear(sent, told, nowMs);
  }
}
