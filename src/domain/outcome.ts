/** How an attempt ended, and why. */

/** `neutral` is the caller's own fault (or a content filter): no evidence for or against the upstream. */
export type Outcome = 'success' | 'failure' | 'neutral' | 'aborted';

/** Why an attempt did not succeed. */
export type FailureKind =
  | 'rateLimit'
  | 'quota'
  | 'auth'
  | 'timeout'
  | 'connection'
  | 'server'
  | 'truncated'
  | 'malformed'
  | 'contextLength'
  | 'contentFilter'
  | 'modelNotFound'
  | 'badRequest';

/** Which wait came to its end: for the response, for the first content, for the next chunk, or the call's budget. */
export type TimeoutPhase = 'headers' | 'firstChunk' | 'idle' | 'deadline';

/** All failure kinds, in the order in which tables show them. */
export const FAILURE_KINDS = [
  'rateLimit',
  'quota',
  'auth',
  'timeout',
  'connection',
  'server',
  'truncated',
  'malformed',
  'contextLength',
  'contentFilter',
  'modelNotFound',
  'badRequest',
] as const satisfies readonly FailureKind[];
