/** The part of an answer that a caller has read. */

import type { PlannedCall } from './plan.ts';

/** Records texts while they arrive, so that text before an error is included. */
export interface Reading {
  readonly planned: PlannedCall;
  /** One text per reader of the answer. */
  readonly texts: string[];
}

/** Whether the caller read to the end or left. */
export type Taken = 'whole' | 'left';
