/** What follows from each failure kind: the one table of it. */

import type { FailureKind, Outcome } from '../domain/outcome.ts';

/** How an attempt may end other than by success. */
export type FailedOutcome = Exclude<Outcome, 'success'>;

export interface FailureRule {
  /** For windows and ledger. */
  readonly outcome: FailedOutcome;
  /** For the breaker. Rate limits, quota and credentials are `neutral` there: they pause the upstream instead. */
  readonly breakerOutcome: FailedOutcome;
  /** The same upstream may be asked again: after a back-off, or after a rate limit's wait where no other can serve. */
  readonly retrySame: boolean;
  /** The next upstream may be asked; after `contextLength` and `contentFilter` only one that is named for these. */
  readonly tryNext: boolean;
}

const TRANSIENT: FailureRule = { outcome: 'failure', breakerOutcome: 'failure', retrySame: true, tryNext: true };
const REFUSED: FailureRule = { outcome: 'failure', breakerOutcome: 'neutral', retrySame: false, tryNext: true };

/** The caller's own fault: no evidence against the upstream, and no better elsewhere. */
export const CALLERS_FAULT: FailureRule = {
  outcome: 'neutral',
  breakerOutcome: 'neutral',
  retrySame: false,
  tryNext: false,
};

/** What follows from a failure of each kind, as long as the answer's first content has not been passed on. */
export const FAILURE_RULES: Readonly<Record<FailureKind, FailureRule>> = {
  connection: TRANSIENT,
  server: TRANSIENT,
  timeout: TRANSIENT,
  malformed: TRANSIENT,
  truncated: TRANSIENT,
  rateLimit: { ...REFUSED, retrySame: true },
  quota: REFUSED,
  auth: REFUSED,
  modelNotFound: { ...CALLERS_FAULT, tryNext: true },
  contextLength: { ...CALLERS_FAULT, tryNext: true },
  contentFilter: { ...CALLERS_FAULT, tryNext: true },
  badRequest: CALLERS_FAULT,
};
