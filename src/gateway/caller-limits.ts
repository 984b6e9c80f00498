/** The limits of one caller: requests per minute, requests in flight, and what it may spend. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { Calendar } from '../domain/calendar.ts';
import type { CanaryClient } from '../index.ts';
import type { CallerOptions } from './options.ts';
import { errorResponse, retryAfter } from './error-response.ts';

/** Runs a function within the budget of a caller. */
export type RunWithinBudget = <T>(callback: () => T) => T;

/** What a caller gets: a place, which is to be given back, or a refusal. */
export type Admission =
  | {
      readonly admitted: true;
      readonly run: RunWithinBudget;
      readonly resetsAtMs: number;
      readonly release: () => void;
    }
  | { readonly admitted: false; readonly response: Response };

const MINUTE_MS = 60_000;
const CALENDAR = new Calendar();
const withoutBudget: RunWithinBudget = (callback) => callback();

export class CallerLimits {
  readonly #name: string;
  readonly #client: Pick<CanaryClient, 'canary'>;
  readonly #options: Pick<CallerOptions, 'rpm' | 'concurrency' | 'budget'>;
  /** The times of the latest requests, in a ring of `rpm` entries. */
  readonly #startedAtMs: number[] = [];
  #next = 0;
  #inFlight = 0;
  #budget: { readonly endMs: number; readonly run: RunWithinBudget } = { endMs: -Infinity, run: withoutBudget };

  constructor(
    name: string,
    options: Pick<CallerOptions, 'rpm' | 'concurrency' | 'budget'>,
    client: Pick<CanaryClient, 'canary'>,
  ) {
    this.#name = name;
    this.#options = options;
    this.#client = client;
  }

  admit(nowMs: number): Admission {
    const { rpm = Infinity, concurrency = Infinity } = this.#options;
    if (this.#inFlight >= concurrency) return this.#refused(`${concurrency} requests in flight`, nowMs + 1_000, nowMs);
    if (rpm !== Infinity) {
      const freeAtMs = (this.#startedAtMs[this.#next] ?? -Infinity) + MINUTE_MS;
      if (freeAtMs > nowMs) return this.#refused(`${rpm} requests per minute`, freeAtMs, nowMs);
      this.#startedAtMs[this.#next] = nowMs;
      this.#next = (this.#next + 1) % rpm;
    }
    this.#inFlight += 1;
    let isOpen = true;
    const release = (): void => {
      if (isOpen) this.#inFlight -= 1;
      isOpen = false;
    };
    const { run, endMs } = this.#budgetAt(nowMs);
    return { admitted: true, run, resetsAtMs: endMs, release };
  }

  /** All requests of a period belong to one `canary.run()`, whose budget they share. */
  #budgetAt(nowMs: number): { readonly endMs: number; readonly run: RunWithinBudget } {
    const { budget } = this.#options;
    if (!budget || nowMs < this.#budget.endMs) return this.#budget;
    const { endMs } = CALENDAR.periodAt(budget.per, nowMs);
    const run: RunWithinBudget = this.#client.canary.run({ budgetUsd: budget.limitUsd }, () =>
      AsyncLocalStorage.snapshot(),
    );
    this.#budget = { endMs, run };
    return this.#budget;
  }

  #refused(limit: string, freeAtMs: number, nowMs: number): Admission {
    const message = `Rate limit reached for ${this.#name}: ${limit}.`;
    const headers = retryAfter(freeAtMs, nowMs);
    return {
      admitted: false,
      response: errorResponse({ status: 429, message, type: 'rate_limit_error', code: 'rate_limit_exceeded', headers }),
    };
  }
}
