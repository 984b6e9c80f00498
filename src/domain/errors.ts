/** Errors of our own. All else that a caller sees is the SDK's error of the last attempt. */

import { APIConnectionTimeoutError, OpenAIError } from 'openai';
import type { AttemptRecord, TimeoutPhase } from './attempt.ts';
import type { Requirement } from './call.ts';
import type { RolloutPhase, RolloutVerb } from './rollout.ts';
import type { BudgetPeriod, Usage } from './usage.ts';

/** An option that cannot be right. The message names the option, the rule and the value. */
export class ConfigError extends OpenAIError {
  readonly code = 'CONFIG';
  /** The option: `canary.upstreams.gemini.timeout`. */
  readonly path: string;

  constructor(path: string, rule: string) {
    super(`${path} ${rule}`);
    this.name = 'ConfigError';
    this.path = path;
  }
}

/** The call may go to one upstream only, and that one is out of service just now. */
export class BreakerOpenError extends OpenAIError {
  readonly code = 'BREAKER_OPEN';
  readonly upstream: string;
  /** When the upstream is asked again, in ms since the Unix epoch. */
  readonly untilMs: number;

  constructor(upstream: string, untilMs: number) {
    super(
      `Upstream ${upstream} is out of service until ${new Date(untilMs).toISOString()}, and the call allows no other.`,
    );
    this.name = 'BreakerOpenError';
    this.upstream = upstream;
    this.untilMs = untilMs;
  }
}

/** The call needs what its upstream cannot do, and there is no other that can be asked. */
export class CapabilityError extends OpenAIError {
  readonly code = 'CAPABILITY';
  readonly upstream: string;
  readonly requirement: Requirement;

  constructor(upstream: string, requirement: Requirement) {
    super(`Upstream ${upstream} cannot serve a call that needs ${requirement}, and there is no other that could.`);
    this.name = 'CapabilityError';
    this.upstream = upstream;
    this.requirement = requirement;
  }
}

/** The time budget of the whole call is used up. `cause` is the failure of the last attempt, if one had ended. */
export class DeadlineError extends OpenAIError {
  readonly code = 'DEADLINE';
  readonly deadlineMs: number;

  constructor(deadlineMs: number, cause?: unknown) {
    super(`The call did not end within its deadline of ${deadlineMs} ms.`);
    this.name = 'DeadlineError';
    this.deadlineMs = deadlineMs;
    if (cause !== undefined) this.cause = cause;
  }
}

/** An upstream was silent for too long. It says in which phase, and how long it was given. */
export class UpstreamTimeoutError extends APIConnectionTimeoutError {
  // The SDK declares it for the codes of providers.
  override readonly code = 'UPSTREAM_TIMEOUT';
  readonly phase: TimeoutPhase;
  readonly budgetMs: number;

  constructor(phase: TimeoutPhase, budgetMs: number) {
    super({ message: `Request timed out: ${WAITED_FOR[phase]} within ${budgetMs} ms.` });
    this.name = 'UpstreamTimeoutError';
    this.phase = phase;
    this.budgetMs = budgetMs;
  }
}

const WAITED_FOR: Readonly<Record<TimeoutPhase, string>> = {
  headers: 'no answer came',
  firstChunk: 'no content came',
  idle: 'no further chunk came',
  deadline: 'the call did not end',
};

/** What had come of an answer before it broke off. */
export interface PartialAnswer {
  /** The upstream that was answering. */
  readonly upstream: string;
  /** The text so far, of the first choice. */
  readonly partialText: string;
  /** The tokens so far. */
  readonly usage: Usage | undefined;
  /** The provider had not told the usage yet: it is estimated by the text. */
  readonly usageEstimated: boolean;
  /** All attempts of the call, the broken one last. */
  readonly attempts: readonly AttemptRecord[];
}

/** A stream broke off. What had come was delivered; it is never completed by another model. `cause` is what happened. */
export class StreamInterruptedError extends OpenAIError implements PartialAnswer {
  readonly code = 'STREAM_INTERRUPTED';
  readonly upstream: string;
  readonly partialText: string;
  readonly usage: Usage | undefined;
  readonly usageEstimated: boolean;
  readonly attempts: readonly AttemptRecord[];

  constructor(partial: PartialAnswer, cause: unknown) {
    const why = cause instanceof Error ? cause.message : 'it ended before the provider said that it was complete';
    super(`The stream of ${partial.upstream} broke off after ${partial.partialText.length} characters: ${why}`);
    this.name = 'StreamInterruptedError';
    this.upstream = partial.upstream;
    this.partialText = partial.partialText;
    this.usage = partial.usage;
    this.usageEstimated = partial.usageEstimated;
    this.attempts = partial.attempts;
    if (cause !== undefined) this.cause = cause;
  }
}

/* PART: Errors of our own for what may not be asked: by the limits of upstreams, and by budgets. */

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

/* PART: The error of a verb that comes at the wrong time. */

/** A verb that makes no sense while its rollout stands where it does. Nothing was changed. */
export class RolloutError extends OpenAIError {
  readonly code = 'ROLLOUT';
  /** The canary of the rollout. */
  readonly upstream: string;
  readonly verb: RolloutVerb;
  readonly phase: RolloutPhase;

  constructor(upstream: string, verb: RolloutVerb, phase: RolloutPhase) {
    super(`${verb}() makes no sense while the rollout to ${upstream} is ${PHASE_TEXTS[phase]}.`);
    this.name = 'RolloutError';
    this.upstream = upstream;
    this.verb = verb;
    this.phase = phase;
  }
}

const PHASE_TEXTS: Readonly<Record<RolloutPhase, string>> = {
  progressing: 'progressing',
  paused: 'paused',
  promoted: 'promoted',
  rolledBack: 'rolled back',
};

/* PART: The error of a call that would cost too much wherever it may go. */

/** The call would cost more than its `maxCostUsd` on every upstream that may serve it. Nothing was sent. */
export class CostCapError extends OpenAIError {
  readonly code = 'COST_CAP';
  /** What the caller allows, in USD. */
  readonly maxCostUsd: number;
  /** The least estimate, in USD, and the upstream that it is for. */
  readonly estimateUsd: number;
  readonly upstream: string;

  constructor({ maxCostUsd, estimateUsd, upstream }: Pick<CostCapError, 'maxCostUsd' | 'estimateUsd' | 'upstream'>) {
    const least = `the least, on ${upstream}, would be about ${dollars(estimateUsd)}`;
    super(`The call may cost ${dollars(maxCostUsd)} at most, and ${least}.`);
    this.name = 'CostCapError';
    this.maxCostUsd = maxCostUsd;
    this.estimateUsd = estimateUsd;
    this.upstream = upstream;
  }
}

/** Costs of calls are fractions of cents. */
function dollars(amountUsd: number): string {
  return `$${Number(amountUsd.toPrecision(3))}`;
}

/* PART: The error of a call whose price nobody knows. */

/** No upstream that may serve the call has a known price, and `onUnknownPrice` is `'reject'`. Nothing was sent. */
export class UnknownPriceError extends OpenAIError {
  readonly code = 'UNKNOWN_PRICE';
  readonly upstream: string;
  readonly model: string | undefined;

  constructor(upstream: string, model: string | undefined) {
    super(`No price is known for ${model ?? '(no model)'} on ${upstream}: set canary.prices.${upstream}.`);
    this.name = 'UnknownPriceError';
    this.upstream = upstream;
    this.model = model;
  }
}
