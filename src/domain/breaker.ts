/** The states of a circuit breaker. */

export type BreakerState =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly untilMs: number }
  | { readonly state: 'halfOpen'; readonly successes: number };

/** Why a breaker changed its state. */
export type BreakerReason =
  'errorRate' | 'consecutive' | 'probeFailed' | 'openForElapsed' | 'probesSucceeded' | 'reset';
