/** The promise of each row of the matrix. */

import type { BrokenEnd } from './break-canary.ts';
import { boundOf, faultOf, featureOf, type Row } from './rows.ts';

/** What a run breaks of the promise; empty if it keeps it. */
export function broken(row: Row, end: BrokenEnd): readonly string[] {
  const { by, assigned, advances, pauses, lost, lostByStable, sentAfter } = end;
  const reachesCallers = featureOf(row).isAlone || faultOf(row).reachesCallers;
  return [
    by === 'evidence' ? [] : `was rolled back by ${by}`,
    assigned <= boundOf(row) ? [] : `took ${assigned} assigned calls, more than ${boundOf(row)}`,
    advances === 0 ? [] : `advanced ${advances} times after the onset`,
    pauses.map((reason) => `was paused: ${reason}`),
    sentAfter === 0 ? [] : `sent the canary ${sentAfter} requests after the rollback`,
    // A caller loses a call only where stable itself fails.
    lost <= lostByStable || reachesCallers ? [] : `lost ${lost} calls, and stable failed ${lostByStable}`,
  ].flat();
}
