/** A canary that breaks, through the public client: every fault, onset, weight and feature. */

import { breakCanary } from '../../test/whole/support/break-canary.ts';
import { broken } from '../../test/whole/support/promise.ts';
import { allRows, boundOf, FAULTS, names, WEIGHTS } from '../../test/whole/support/rows.ts';
import { tenfold } from '../../test/whole/support/tenfold.ts';
import { meanOf, medianOf, yesIf, type Case } from './case.ts';

const FLEET = 8;

/** Errors × 10 in a fleet that shares a store, against one process with the same calls. */
const fleet: Case = {
  runs: 40,
  run: async (seed) => [await tenfold(1, seed), await tenfold(FLEET, seed)],
  report: (results) => {
    const [one, all] = [0, 1].map((column) => meanOf(results.map((result) => result[column]!)));
    return {
      case: `canary calls until the rollback at errors × 10, ${FLEET} processes over one`,
      ours: `${(all! / one!).toFixed(2)} (mean ${all!.toFixed(1)} and ${one!.toFixed(1)})`,
      target: '≤ 1.3',
      reached: yesIf(all! / one! <= 1.3),
    };
  },
};

/** A line of the table has a fault and a weight; its runs are all onsets and features. */
const faultCases: readonly Case[] = names(FAULTS).flatMap((fault) =>
  WEIGHTS.map((weight): Case => {
    const rows = allRows().filter((row) => row.fault === fault && row.weight === weight);
    return {
      runs: rows.length,
      run: async (seed) => {
        const row = rows[seed]!;
        const end = await breakCanary(row, seed);
        return [end.assigned, boundOf(row), end.afterMs, broken(row, end).length];
      },
      report: (results) => {
        const column = (index: number): number[] => results.map((result) => result[index]!);
        const missed = column(3).filter((count) => count > 0).length;
        const assigned = column(0);
        const bounds = column(1);
        return {
          case: `${fault}, at ${weight}: assigned canary calls until the rollback`,
          ours: `median ${medianOf(assigned)}, at most ${Math.max(...assigned)}, ${Math.round(medianOf(column(2)) / 1_000)} s`,
          target: `≤ ${Math.min(...bounds)} to ${Math.max(...bounds)}, by feature`,
          reached: yesIf(missed === 0),
        };
      },
    };
  }),
);

export const wholeCases: readonly Case[] = [...faultCases, fleet];
