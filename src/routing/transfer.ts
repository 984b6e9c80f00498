/** Changes the weights of a table while moving as few keys as possible. */

import type { Ranges, Weights } from '../domain/call.ts';
import { sharesOf } from './split.ts';

/**
 * A table with the given `weights` (shares that sum to 1), made from `ranges` by handing over pieces from upstreams
 * that lose to upstreams that gain. No other keys move. The moved share is the total variation distance of the weights,
 * the least possible. The shares are exact within 10⁻¹², after any number of changes.
 *
 * With two upstreams the table stays at two ranges. Over thousands of random changes it stays below 10 ranges with
 * three upstreams, 30 with five and 100 with eight. There is no hard limit: shortening a table would move keys without
 * need, while a long table costs only a few comparisons.
 *
 * A canary that grew from a new table to less than all keys and is rolled back returns every key to the upstream it
 * came from. So does a canary that is lowered in steps, if it had at most half of the keys.
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

/** Sorted by name, so that the field order of a record does not matter. */
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

function handOver(table: Ranges, { index, position, width, to }: Move): Ranges {
  const [end, from] = table[index]!;
  const start = table[index - 1]?.[0] ?? 0;
  const whole = end - start - width <= ROUNDING;
  const first = whole || position === 'start' ? start : position === 'end' ? end - width : (start + end - width) / 2;
  const last = whole || position === 'end' ? end : first + width;
  const parts: Ranges = [
    [first, from],
    [last, to],
    [end, from],
  ];
  return joined([...table.slice(0, index), ...parts, ...table.slice(index + 1)]);
}

/** Rounding can leave a sliver with an upstream whose weight is 0: its neighbour gets it. */
function withoutSlivers(table: Ranges, targets: ReadonlyMap<string, number>): Ranges {
  const owned = table.filter(([, upstream]) => (targets.get(upstream) ?? 0) > 0);
  return joined(owned.map(([end, upstream], index) => [index === owned.length - 1 ? 1 : end, upstream]));
}

/** Removes empty ranges, and joins neighbouring ranges of one upstream. */
function joined(ranges: Ranges): Ranges {
  const filled = ranges.filter(([end], index) => end > (ranges[index - 1]?.[0] ?? 0));
  return filled.filter(([, upstream], index) => upstream !== filled[index + 1]?.[1]);
}

/** What each upstream has too much or too little of: shares above `ROUNDING`. */
interface Imbalance {
  readonly surplus: ReadonlyMap<string, number>;
  readonly need: ReadonlyMap<string, number>;
}

/** A piece of one range that moves to another upstream. */
interface Move {
  /** Index of the range that loses the piece. */
  readonly index: number;
  /** Position of the piece in the range. */
  readonly position: 'start' | 'middle' | 'end';
  /** The width of the piece; the whole range moves if it is no wider. */
  readonly width: number;
  readonly to: string;
}

/** Shares that differ by at most this are equal: a hundred times the rounding error of a double near 1. */
const ROUNDING = 1e-14;

/**
 * The next piece to hand over; `undefined` when the table is in balance. Pieces that touch their gainer come first, the
 * narrowest range first among them, so that fragments are used up before new ones are made.
 */
function nextMove(table: Ranges, imbalance: Imbalance): Move | undefined {
  if (imbalance.surplus.size === 0 || imbalance.need.size === 0) return undefined;
  const spans = spansOf(table);
  const donors = spans.filter(({ upstream }) => imbalance.surplus.has(upstream));
  return slide(donors, spans, imbalance) ?? cut(donors, spans, imbalance);
}

interface Span {
  readonly index: number;
  readonly upstream: string;
  readonly width: number;
}

/**
 * Shifts the border between a donor and a gainer. The gainer with the fewest such borders chooses first, then the
 * narrowest ranges are served. A canary that returns to an earlier weight gives its latest gains back to their
 * donors.
 */
function slide(donors: readonly Span[], spans: readonly Span[], imbalance: Imbalance): Move | undefined {
  const borders = donors.flatMap((donor) =>
    ENDS.flatMap((position) => {
      const gainer = neighbour(spans, donor, position);
      return gainer && imbalance.need.has(gainer.upstream) ? [{ donor, position, gainer }] : [];
    }),
  );
  const choices = new Map<string, number>();
  for (const { gainer } of borders) choices.set(gainer.upstream, (choices.get(gainer.upstream) ?? 0) + 1);
  const [best] = borders.toSorted(
    (one, other) =>
      choices.get(one.gainer.upstream)! - choices.get(other.gainer.upstream)! ||
      one.donor.width - other.donor.width ||
      one.gainer.width - other.gainer.width,
  );
  if (best === undefined) return undefined;
  const { donor, position, gainer } = best;
  const to = gainer.upstream;
  return { index: donor.index, position, width: movable(donor.upstream, to, imbalance), to };
}

/**
 * If no donor touches a gainer, takes a piece off an end of the widest range: an outer end of the table, otherwise an
 * end at a border that the same two upstreams also have elsewhere.
 *
 * Without such an end the piece is cut from the middle, which makes two new ends. The last border between two upstreams
 * is kept because a later change would have to cut it again, and canaries raised in turn would pile up ranges.
 */
function cut(donors: readonly Span[], spans: readonly Span[], imbalance: Imbalance): Move | undefined {
  const [to] = imbalance.need.keys();
  const widestFirst = donors.toSorted((one, other) => other.width - one.width);
  const ends = widestFirst.flatMap((donor) =>
    ENDS.map((position) => ({ donor, position, borders: countBorders(spans, donor, position) })),
  );
  const best = ends.find(({ borders }) => borders === 0) ?? ends.find(({ borders }) => borders > 1);
  const donor = best?.donor ?? widestFirst[0];
  if (donor === undefined || to === undefined) return undefined;
  return {
    index: donor.index,
    position: best?.position ?? 'middle',
    width: movable(donor.upstream, to, imbalance),
    to,
  };
}

const ENDS = ['start', 'end'] as const;

function spansOf(table: Ranges): readonly Span[] {
  return table.map(([end, upstream], index) => ({ index, upstream, width: end - (table[index - 1]?.[0] ?? 0) }));
}

function neighbour(spans: readonly Span[], { index }: Span, position: 'start' | 'end'): Span | undefined {
  return spans[position === 'start' ? index - 1 : index + 1];
}

/** How many borders the two upstreams at this end have; 0 at an outer end of the table. */
function countBorders(spans: readonly Span[], donor: Span, position: 'start' | 'end'): number {
  const other = neighbour(spans, donor, position)?.upstream;
  if (other === undefined) return 0;
  return spans.filter(({ index, upstream }) => {
    const next = spans[index + 1]?.upstream;
    return (upstream === donor.upstream && next === other) || (upstream === other && next === donor.upstream);
  }).length;
}

/** The whole need if both are equal up to rounding: the user's own weights give a table with rounder numbers. */
function movable(from: string, to: string, { surplus, need }: Imbalance): number {
  const spare = surplus.get(from) ?? 0;
  const required = need.get(to) ?? 0;
  return spare < required - ROUNDING ? spare : required;
}
