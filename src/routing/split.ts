/** The table of a split: laid out from weights, read by buckets. `transfer.ts` changes it. */

import type { Ranges, Weights } from '../domain/call.ts';

/**
 * Shares that sum to 1 (within 10⁻¹⁴), in the proportions of `weights`: non-negative numbers with a finite sum above 0.
 * Spelled as percentages or as fractions, `{ a: 85, b: 15 }` or `{ a: 0.85, b: 0.15 }`, they are the same to the last bit.
 */
export function normalizeWeights(weights: Weights): Weights {
  const entries = Object.entries(weights);
  const total = entries.reduce((before, [, weight]) => before + weight, 0);
  // The largest numbers round up to infinity.
  const sum = Math.min(decimal(total), Number.MAX_VALUE);
  return Object.fromEntries(entries.map(([upstream, weight]) => [upstream, decimal(weight / sum)]));
}

/**
 * `upstream` at 0 and its share with the others in proportion to theirs. Where no other has any, `stable` gets all,
 * also back from itself.
 */
export function redistribute(weights: Weights, upstream: string, stable: string): Weights {
  const without = { ...weights, [upstream]: 0 };
  if (Object.values(without).some((weight) => weight > 0)) return normalizeWeights(without);
  return { ...without, [stable]: 1 };
}

/**
 * A fresh table: one range for each upstream with a share, in this order. Upstreams that `order` does not name come
 * last. With stable last, a canary that a restart finds at a larger weight keeps its keys.
 *
 * @param weights shares that sum to 1
 */
export function layOut(weights: Weights, order: readonly string[]): Ranges {
  const shares = new Map(Object.entries(weights));
  const ranges: [end: number, upstream: string][] = [];
  let end = 0;
  for (const upstream of new Set([...order, ...shares.keys()])) {
    const start = end;
    end = Math.min(1, decimal(start + (shares.get(upstream) ?? 0)));
    if (end > start) ranges.push([end, upstream]);
  }
  const last = ranges.at(-1);
  // Rounding leaves no bucket without an upstream.
  if (last !== undefined) last[0] = 1;
  return ranges;
}

/** The upstream of a bucket in [0, 1). */
export function chooseUpstream(ranges: Ranges, bucket: number): string {
  let low = 0;
  let high = ranges.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bucket < ranges[middle]![0]) high = middle;
    else low = middle + 1;
  }
  const range = ranges[low];
  if (range === undefined) throw new RangeError('The table of a split should have a range, got none');
  return range[1];
}

/** The shares that a table gives, to 14 decimals: `0.05` and not the `0.05000000000000002` between two ends. */
export function weightsOf(ranges: Ranges): Weights {
  const shares = [...sharesOf(ranges)];
  return Object.fromEntries(shares.map(([upstream, share]) => [upstream, Number(share.toFixed(14))]));
}

/** The widths of a table's ranges, added up by upstream. */
export function sharesOf(ranges: Ranges): Map<string, number> {
  const shares = new Map<string, number>();
  let start = 0;
  for (const [end, upstream] of ranges) {
    shares.set(upstream, (shares.get(upstream) ?? 0) + (end - start));
    start = end;
  }
  return shares;
}

/**
 * The number with 15 significant digits: all that a double holds of any decimal number (IEEE 754), and short of the
 * digits in which one way of computing a share differs from another.
 */
function decimal(value: number): number {
  return Number(value.toPrecision(15));
}
