/** What a caller has read so far. */

import type { PlannedCall } from './plan.ts';

/** Takes down each text while it comes: what was read before an error counts too. */
export interface Reading {
  readonly planned: PlannedCall;
  /** One for each reader of the answer. */
  readonly texts: string[];
}

/** Whether the caller took all that came, or left. */
export type Taken = 'whole' | 'left';
