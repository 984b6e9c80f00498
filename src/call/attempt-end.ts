/** What the end of an attempt means to those who wait for it. */

import type { AttemptEnd } from '../upstream/attempt-types.ts';

/** Who brings credentials of its own that are refused has made a mistake of its own, and is not served on another's bill. */
export function withCallersCredentials(end: AttemptEnd): AttemptEnd {
  const { failure } = end;
  if (failure?.kind !== 'auth') return end;
  return { ...end, failure: { ...failure, outcome: 'neutral', breakerOutcome: 'neutral', tryNext: false } };
}

/** The tokens that an attempt used. An estimate is no better than the one that its place was given by. */
export function tokensOf({ usage, usageEstimated }: AttemptEnd): number | undefined {
  return usage && !usageEstimated ? usage.inputTokens + usage.outputTokens : undefined;
}
