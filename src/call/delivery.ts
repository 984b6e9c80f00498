/** What is known of the work that a provider did for an attempt. */

import type { Delivery } from '../domain/attempt.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';

/** A refusal comes before any work; without one, and without content, nobody can tell. */
export function deliveryOf({ failure, partial }: AttemptEnd): Delivery {
  if (!failure) return 'dispatched';
  if (partial) return 'partial';
  return failure.status === undefined ? 'ambiguous' : 'rejected';
}
