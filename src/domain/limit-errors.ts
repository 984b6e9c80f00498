/** Errors of our own for what may not be asked: by the limits of upstreams, and by budgets. */

import { OpenAIError } from 'openai';
import type { BudgetPeriod } from './budget.ts';

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

/** What is needed of a budget to say that it is spent. */
export interface ExceededBudget {
  readonly name: string;
  readonly per: BudgetPeriod;
  readonly limitUsd: number;
  /** USD spent in the period, over all keys or upstreams where each has an amount of its own. */
  readonly spentUsd: number;
  /** USD held by estimate for attempts under way. */
  readonly reservedUsd: number;
  readonly resetsAtMs: number;
}

/** What is left of a budget would not pay for the call, by estimate; no upstream that the budget is not for could serve it. */
export class BudgetExceededError extends OpenAIError {
  readonly code = 'BUDGET_EXCEEDED';
  readonly budget: string;
  readonly per: BudgetPeriod;
  readonly limitUsd: number;
  readonly spentUsd: number;
  readonly reservedUsd: number;
  /** When there is a new amount, in ms since the Unix epoch. */
  readonly resetsAtMs: number;

  constructor({ name, per, limitUsd, spentUsd, reservedUsd, resetsAtMs }: ExceededBudget) {
    const until = new Date(resetsAtMs).toISOString();
    super(
      `Budget ${name} has $${usd(limitUsd)} per ${per}, of which $${usd(spentUsd + reservedUsd)} is spent until ${until}.`,
    );
    this.name = 'BudgetExceededError';
    this.budget = name;
    this.per = per;
    this.limitUsd = limitUsd;
    this.spentUsd = spentUsd;
    this.reservedUsd = reservedUsd;
    this.resetsAtMs = resetsAtMs;
  }
}

/** For people: as many places as it takes to see something. */
function usd(amount: number): string {
  return String(Number(amount.toPrecision(4)));
}
