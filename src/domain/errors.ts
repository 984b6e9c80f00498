/** Errors of our own. All else that a caller sees is the SDK's error of the last attempt. */

import { APIConnectionTimeoutError, OpenAIError } from 'openai';
import type { AttemptRecord } from './attempt.ts';
import type { TimeoutPhase } from './outcome.ts';
import type { Requirement } from './requirement.ts';
import type { Usage } from './usage.ts';

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
