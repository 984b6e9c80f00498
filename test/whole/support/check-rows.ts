/** Tests of the rows of the matrix. */

import { expect, test } from 'vitest';
import { breakCanary } from './break-canary.ts';
import { broken } from './promise.ts';
import { covering } from './covering.ts';
import { allRows } from './rows.ts';

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
