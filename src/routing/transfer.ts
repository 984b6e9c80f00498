/** Changes the weights of a table in force, moving as few keys as any scheme can. */

import type { Ranges, Weights } from '../domain/split.ts';
import { nextMove, ROUNDING, type Imbalance, type Move } from './next-move.ts';
import { sharesOf } from './split.ts';

/**
 * The table that gives `weights` (shares that sum to 1), made of `ranges` by handing over pieces from those that lose to
 * those that gain: nobody else's keys move, and what moves is the total variation distance of the weights, the least
 * possible. The shares are met within 10⁻¹², however many changes came before.
 *
 * With two upstreams the table stays at two ranges; over thousands of random changes it stays below 10 ranges with
 * three, 30 with five and 100 with eight. There is no hard limit: to shorten a table moves keys that no weight asked to
 * move, while a long one costs a few comparisons.
 *
 * A canary that grew out of a fresh table, short of all keys, and is rolled back returns every key to the upstream it
 * came from; so does one that is lowered in steps, if it had no more than half of them.
 */
export function transfer(ranges: Ranges, weights: Weights): Ranges {
  const targets = new Map(Object.entries(weights));
  let table = ranges;
  for (;;) {
    const move = nextMove(table, imbalanceOf(table, targets));
    if (move === undefined) return withoutSlivers(table, targets);
    table = handOver(table, move);
  }
}

/** In the order of the names, so that the order of a record's fields decides nothing. */
function imbalanceOf(table: Ranges, targets: ReadonlyMap<string, number>): Imbalance {
  const shares = sharesOf(table);
  const surplus = new Map<string, number>();
  const need = new Map<string, number>();
  for (const upstream of [...new Set([...shares.keys(), ...targets.keys()])].toSorted()) {
    const excess = (shares.get(upstream) ?? 0) - (targets.get(upstream) ?? 0);
    if (excess > ROUNDING) surplus.set(upstream, excess);
    if (excess < -ROUNDING) need.set(upstream, -excess);
  }
  return { surplus, need };
}

function handOver(table: Ranges, { index, place, width, to }: Move): Ranges {
  const [end, from] = table[index]!;
  const start = table[index - 1]?.[0] ?? 0;
  const whole = end - start - width <= ROUNDING;
  const first = whole || place === 'start' ? start : place === 'end' ? end - width : (start + end - width) / 2;
  const last = whole || place === 'end' ? end : first + width;
  const parts: Ranges = [
    [first, from],
    [last, to],
    [end, from],
  ];
  return joined([...table.slice(0, index), ...parts, ...table.slice(index + 1)]);
}

/** Rounding may leave a sliver with an upstream whose weight is 0: its neighbour gets it. */
function withoutSlivers(table: Ranges, targets: ReadonlyMap<string, number>): Ranges {
  const owned = table.filter(([, upstream]) => (targets.get(upstream) ?? 0) > 0);
  return joined(owned.map(([end, upstream], index) => [index === owned.length - 1 ? 1 : end, upstream]));
}

/** Without empty ranges, and with neighbours of one upstream made one. */
function joined(ranges: Ranges): Ranges {
  const filled = ranges.filter(([end], index) => end > (ranges[index - 1]?.[0] ?? 0));
  return filled.filter(([, upstream], index) => upstream !== filled[index + 1]?.[1]);
}
