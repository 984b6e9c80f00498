/** A sample of all rows in which each pair of values occurs. */

import { faultOf, type Row, SHARES } from './rows.ts';

type Column = keyof Row;
const COLUMNS: readonly Column[] = ['fault', 'onset', 'weight', 'feature'];

/** The cost of a row: about how many calls it makes. */
const costOf = (row: Row): number => (row.onset + 40 + (faultOf(row).tellsAfterMs ? 60 : 0)) / SHARES[row.weight];

/** The pairs of values of a row. */
function pairsOf(row: Row): readonly string[] {
  return COLUMNS.flatMap((one, index) =>
    COLUMNS.slice(index + 1).map((other) => `${one}=${row[one]} ${other}=${row[other]}`),
  );
}

/** Takes the row with the most new pairs for its cost, until each pair of values is in a row. */
export function covering(rows: readonly Row[]): readonly Row[] {
  const open = new Set(rows.flatMap(pairsOf));
  const candidates = rows.map((row) => ({ row, pairs: pairsOf(row), cost: costOf(row) }));
  const taken: Row[] = [];
  while (open.size > 0) {
    let best = { row: rows[0]!, worth: 0 };
    for (const { row, pairs, cost } of candidates) {
      const worth = pairs.filter((pair) => open.has(pair)).length / (cost + 200);
      if (worth > best.worth) best = { row, worth };
    }
    taken.push(best.row);
    for (const pair of pairsOf(best.row)) open.delete(pair);
  }
  return taken;
}
