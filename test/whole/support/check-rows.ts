/** The promise of each row of the matrix. */

import { expect, test } from 'vitest';
import { breakCanary, type BrokenEnd } from './break-canary.ts';
import { covering } from './covering.ts';
import { allRows, boundOf, faultOf, featureOf, type Row } from './rows.ts';

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

/** Declares the tests of each `of`-th row of a sample in which each pair of values occurs. */
export function checkRows(part: number, of: number): void {
  const rows = covering(allRows()).map((row, seed) => ({ ...row, seed }));
  test.each(rows.filter(({ seed }) => seed % of === part))(
    'rolls back: $fault after $onset good calls, at $weight, with $feature',
    async ({ seed, ...row }) => {
      expect(broken(row, await breakCanary(row, seed))).toEqual([]);
    },
  );
}
