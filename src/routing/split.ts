/** The table of a split: built from weights, read by bucket. `transfer.ts` changes it. */

import type { Ranges, Weights } from '../domain/call.ts';

/**
 * Shares in the proportions of `weights`, which sum to 1 within 10⁻¹⁴. `weights` are non-negative numbers with a finite
 * sum above 0. Percentages and fractions, `{ a: 85, b: 15 }` and `{ a: 0.85, b: 0.15 }`, give the same shares to the
 * last bit.
 */
export function normalizeWeights(weights: Weights): Weights {
  const entries = Object.entries(weights);
  const total = entries.reduce((before, [, weight]) => before + weight, 0);
  // The largest numbers round up to infinity.
  const sum = Math.min(decimal(total), Number.MAX_VALUE);
  return Object.fromEntries(entries.map(([upstream, weight]) => [upstream, decimal(weight / sum)]));
}

/**
 * Sets `upstream` to 0 and gives its share to the others in their proportions. If no other upstream has a share,
 * `stable` gets it all, even when `stable` is `upstream`.
 */
export function redistribute(weights: Weights, upstream: string, stable: string): Weights {
  const without = { ...weights, [upstream]: 0 };
  if (Object.values(without).some((weight) => weight > 0)) return normalizeWeights(without);
  return { ...without, [stable]: 1 };
}

/**
 * A new table with one range for each upstream that has a share, in the given order. Upstreams that `order` does not
 * name come last. With stable last, a canary that restarts with a larger weight keeps its keys.
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
  // Rounding must leave no bucket without an upstream.
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
  if (range === undefined) throw new RangeError('The table of a split should have at least one range, got 0');
  return range[1];
}

/** The shares of a table, to 14 decimals: `0.05` and not the `0.05000000000000002` between two range ends. */
export function weightsOf(ranges: Ranges): Weights {
  const shares = [...sharesOf(ranges)];
  return Object.fromEntries(shares.map(([upstream, share]) => [upstream, Number(share.toFixed(14))]));
}

/** The summed widths of a table's ranges, by upstream. */
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
 * The number with 15 significant digits: every decimal number of that length survives in a double (IEEE 754), and
 * different ways of computing a share agree on them.
 */
function decimal(value: number): number {
  return Number(value.toPrecision(15));
}
