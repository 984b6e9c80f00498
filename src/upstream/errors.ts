/** Errors of our own. All else that a caller sees is the SDK's error of the last attempt. */

import { OpenAIError } from 'openai';

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
