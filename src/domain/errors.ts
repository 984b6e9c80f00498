/** The library's own errors. Every other error that a caller sees is the SDK's error of the last attempt. */

import { APIConnectionTimeoutError, APIError, OpenAIError } from 'openai';
import type { AttemptRecord, TimeoutPhase } from './attempt.ts';
import type { Requirement } from './call.ts';
import { threeDigits } from './format.ts';
import type { RolloutPhase, RolloutVerb } from './rollout.ts';
import { sdkClass } from './sdk-class.ts';
import type { BudgetPeriod, Usage } from './usage.ts';

const SdkError = sdkClass(OpenAIError);
const SdkAPIError = sdkClass(APIError);
const SdkTimeoutError = sdkClass(APIConnectionTimeoutError);

/** Marks our errors with their code. Of the global registry: a process can load both the ES module and the CommonJS one. */
const CODE: unique symbol = Symbol.for('openai-canary.error') as never;

/** Makes `instanceof Class` also true for errors of another copy of this package. Subclasses keep the ordinary rule. */
function shareAcrossCopies(Class: { readonly prototype: object }, code: string): void {
  Object.defineProperty(Class.prototype, CODE, { value: code });
  Object.defineProperty(Class, Symbol.hasInstance, {
    value(this: unknown, error: unknown): boolean {
      const isOfThisCopy = Function.prototype[Symbol.hasInstance].call(this as () => void, error);
      if (isOfThisCopy || this !== Class || typeof error !== 'object' || error === null) return isOfThisCopy;
      return CODE in error && error[CODE] === code;
    },
  });
}

/** An option is invalid. The message names the option, the rule and the value. */
export class ConfigError extends SdkError {
  static {
    shareAcrossCopies(this, 'CONFIG');
  }

  readonly code = 'CONFIG';
  /** Path of the option: `canary.upstreams.gemini.timeout`. */
  readonly path: string;

  constructor(path: string, rule: string) {
    super(`${path} ${rule}`);
    this.name = 'ConfigError';
    this.path = path;
  }
}

/**
 * The circuit breaker of the only upstream that the call allows is open. Reserved: no call throws it today, since a call that only one upstream can
 * serve is sent even while its breaker is open, as the SDK alone would send it.
 */
export class BreakerOpenError extends SdkError {
  static {
    shareAcrossCopies(this, 'BREAKER_OPEN');
  }

  readonly code = 'BREAKER_OPEN';
  readonly upstream: string;
  /** When the upstream accepts calls again, in ms since the Unix epoch. */
  readonly untilMs: number;

  constructor(upstream: string, untilMs: number) {
    super(
      `The breaker of upstream ${upstream} is open until ${new Date(untilMs).toISOString()}, and the call allows no other upstream.`,
    );
    this.name = 'BreakerOpenError';
    this.upstream = upstream;
    this.untilMs = untilMs;
  }
}

/** The upstream lacks a capability that the call needs, and no other upstream is available. */
export class CapabilityError extends SdkError {
  static {
    shareAcrossCopies(this, 'CAPABILITY');
  }

  readonly code = 'CAPABILITY';
  readonly upstream: string;
  readonly requirement: Requirement;

  constructor(upstream: string, requirement: Requirement) {
    super(
      `Upstream ${upstream} does not support ${requirement}, which the call needs, and no other upstream is available.`,
    );
    this.name = 'CapabilityError';
    this.upstream = upstream;
    this.requirement = requirement;
  }
}

/** The whole call exceeded its deadline. `cause` is the failure of the last attempt that ended, if any. */
export class DeadlineError extends SdkError {
  static {
    shareAcrossCopies(this, 'DEADLINE');
  }

  readonly code = 'DEADLINE';
  readonly deadlineMs: number;

  constructor(deadlineMs: number, cause?: unknown) {
    super(`The call exceeded its deadline of ${deadlineMs} ms.`);
    this.name = 'DeadlineError';
    this.deadlineMs = deadlineMs;
    if (cause !== undefined) this.cause = cause;
  }
}

/** An upstream exceeded a time limit. `phase` names the limit, `budgetMs` its length in ms. */
export class UpstreamTimeoutError extends SdkTimeoutError {
  static {
    shareAcrossCopies(this, 'UPSTREAM_TIMEOUT');
  }

  // The SDK declares `code` for the codes of providers.
  override readonly code = 'UPSTREAM_TIMEOUT';
  readonly phase: TimeoutPhase;
  readonly budgetMs: number;

  constructor(phase: TimeoutPhase, budgetMs: number) {
    super({ message: `Request timed out: ${MISSING[phase]} within ${budgetMs} ms.` });
    this.name = 'UpstreamTimeoutError';
    this.phase = phase;
    this.budgetMs = budgetMs;
  }
}

const MISSING: Readonly<Record<TimeoutPhase, string>> = {
  headers: 'no response',
  firstChunk: 'no content',
  idle: 'no further chunk',
  deadline: 'the call did not end',
};

/** The part of an answer that arrived before it broke off. */
export interface PartialAnswer {
  /** The upstream that answered. */
  readonly upstream: string;
  /** The text of the first choice so far. */
  readonly partialText: string;
  /** The tokens so far; `undefined` when unknown. */
  readonly usage: Usage | undefined;
  /** The provider had not reported the usage yet, so it is estimated from the text. */
  readonly usageEstimated: boolean;
  /** All attempts of the call, the interrupted one last. */
  readonly attempts: readonly AttemptRecord[];
}

/** The headers of a response, as far as errors read them. */
interface ErrorHeaders {
  get(name: string): string | null;
}

/**
 * A stream broke off after a part of it had reached the caller. No other model completes it. `cause` is the failure. `status`, `headers`,
 * `requestID`, `error`, `param` and `type` are those of the SDK's error, where there is one; its `code` is `providerCode`.
 */
export class StreamInterruptedError extends SdkAPIError implements PartialAnswer {
  static {
    shareAcrossCopies(this, 'STREAM_INTERRUPTED');
  }

  // The SDK declares `code` for the codes of providers.
  override readonly code = 'STREAM_INTERRUPTED';
  /** The code in the provider's error; `undefined` if it sent none. */
  readonly providerCode: string | null | undefined;
  readonly upstream: string;
  readonly partialText: string;
  readonly usage: Usage | undefined;
  readonly usageEstimated: boolean;
  readonly attempts: readonly AttemptRecord[];

  /** `headers` are those of the stream's response. */
  constructor(partial: PartialAnswer, cause: unknown, headers?: ErrorHeaders) {
    const why = cause instanceof Error ? cause.message : 'it ended before the provider marked it as complete';
    const reported = cause instanceof APIError ? cause : undefined;
    super(reported?.status, reported?.error, undefined, reported?.headers ?? (headers as Headers | undefined));
    this.message = `The stream from ${partial.upstream} broke off after ${partial.partialText.length} characters: ${why}`;
    this.name = 'StreamInterruptedError';
    this.providerCode = reported?.code;
    this.upstream = partial.upstream;
    this.partialText = partial.partialText;
    this.usage = partial.usage;
    this.usageEstimated = partial.usageEstimated;
    this.attempts = partial.attempts;
    if (cause !== undefined) this.cause = cause;
  }
}

/**
 * Every upstream that could serve the call is at its limits, and there is no queue, or waiting in the queue did not
 * help.
 */
export class RateLimitedError extends SdkError {
  static {
    shareAcrossCopies(this, 'RATE_LIMITED');
  }

  readonly code = 'RATE_LIMITED';
  /** The upstream that is available soonest. */
  readonly upstream: string;
  /** The earliest time at which it is available, in ms since the Unix epoch. */
  readonly retryAtMs: number;

  constructor(upstream: string, retryAtMs: number) {
    super(
      `Upstream ${upstream} is at its limits until ${new Date(retryAtMs).toISOString()}, and no other can serve the call.`,
    );
    this.name = 'RateLimitedError';
    this.upstream = upstream;
    this.retryAtMs = retryAtMs;
  }
}

/** The state of an exhausted budget. */
export interface ExceededBudget {
  readonly name: string;
  readonly per: BudgetPeriod | 'run';
  readonly limitUsd: number;
  /** USD spent in the period; the sum over all keys or upstreams if each has its own amount. */
  readonly spentUsd: number;
  /** USD reserved for attempts in flight, by estimate. */
  readonly reservedUsd: number;
  readonly resetsAtMs: number;
}

/**
 * The rest of a budget is less than the estimated cost of the call, and no upstream outside the budget can serve it.
 */
export class BudgetExceededError extends SdkError {
  static {
    shareAcrossCopies(this, 'BUDGET_EXCEEDED');
  }

  readonly code = 'BUDGET_EXCEEDED';
  readonly budget: string;
  /** `run`: the budget of a `canary.run({ budgetUsd })`. */
  readonly per: BudgetPeriod | 'run';
  readonly limitUsd: number;
  readonly spentUsd: number;
  readonly reservedUsd: number;
  /** When the budget resets, in ms since the Unix epoch; `Infinity` for the budget of a run. */
  readonly resetsAtMs: number;

  constructor({ name, per, limitUsd, spentUsd, reservedUsd, resetsAtMs }: ExceededBudget) {
    const spent = `has $${usd(spentUsd + reservedUsd)} spent or reserved`;
    super(
      per === 'run'
        ? `The budget of $${usd(limitUsd)} of canary.run() ${spent}.`
        : `Budget ${name} of $${usd(limitUsd)} per ${per} ${spent} and resets at ${new Date(resetsAtMs).toISOString()}.`,
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

/** Four significant digits. */
function usd(amount: number): string {
  return String(Number(amount.toPrecision(4)));
}

/** A verb that is not possible in the current phase of its rollout. Nothing was changed. */
export class RolloutError extends SdkError {
  static {
    shareAcrossCopies(this, 'ROLLOUT');
  }

  readonly code = 'ROLLOUT';
  /** The canary of the rollout. */
  readonly upstream: string;
  readonly verb: RolloutVerb;
  readonly phase: RolloutPhase;

  constructor(upstream: string, verb: RolloutVerb, phase: RolloutPhase) {
    super(`${verb}() is not possible while the rollout to ${upstream} is ${PHASE_TEXTS[phase]}.`);
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

/** The estimated cost exceeds `maxCostUsd` on every upstream that may serve the call. Nothing was sent. */
export class CostCapError extends SdkError {
  static {
    shareAcrossCopies(this, 'COST_CAP');
  }

  readonly code = 'COST_CAP';
  /** The caller's limit, in USD. */
  readonly maxCostUsd: number;
  /** The lowest estimate, in USD, and its upstream. */
  readonly estimateUsd: number;
  readonly upstream: string;

  constructor({ maxCostUsd, estimateUsd, upstream }: Pick<CostCapError, 'maxCostUsd' | 'estimateUsd' | 'upstream'>) {
    const cheapest = `the cheapest upstream, ${upstream}, is estimated at ${dollars(estimateUsd)}`;
    super(`The call may cost ${dollars(maxCostUsd)} at most, but ${cheapest}.`);
    this.name = 'CostCapError';
    this.maxCostUsd = maxCostUsd;
    this.estimateUsd = estimateUsd;
    this.upstream = upstream;
  }
}

/** Three significant digits: the cost of a call is a fraction of a cent. */
function dollars(amountUsd: number): string {
  return `$${threeDigits(amountUsd)}`;
}

/** No upstream that may serve the call has a known price, and `onUnknownPrice` is `'reject'`. Nothing was sent. */
export class UnknownPriceError extends SdkError {
  static {
    shareAcrossCopies(this, 'UNKNOWN_PRICE');
  }

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
