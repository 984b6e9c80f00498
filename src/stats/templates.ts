/** The ways in which a distribution can get worse or better, as ratios of the canary's density to stable's per bin. */

import type { Direction } from './arm.ts';
import { normalCdf, normalQuantile } from './normal.ts';

/** The part of the wealth on a template, and its ratio ρ per bin, monotone in badness. */
export interface Template {
  readonly weight: number;
  readonly ratios: readonly number[];
}

/**
 * The templates of a direction. Their number and weights do not depend on `below`.
 *
 * @param below stable's share below each cut, in ascending order
 */
export function templatesOf(direction: Direction, below: readonly number[]): readonly Template[] {
  const edges = [0, ...below.map((share) => Math.min(share, MAX_BELOW)), 1];
  const z = edges.map((edge) => (edge <= 0 ? -40 : edge >= 1 ? 40 : normalQuantile(edge)));
  const sign = direction === 'worse' ? 1 : -1;
  const shifts = SHIFTS.map(([shift, weight]) => ({ weight, ratios: shifted(edges, z, sign * shift) }));
  const tails = TAILS[direction].map(([from, factor, weight]) => ({ weight, ratios: fattened(edges, from, factor) }));
  return [...shifts, ...tails];
}

/** The worst bin is assumed to hold a little of stable's mass, even if no value was seen there. */
const MAX_BELOW = 0.998;

/** Shifts in units of stable's standard deviation, as if it were normal. */
const SHIFTS: readonly (readonly [shift: number, weight: number])[] = [
  [0.2, 0.12],
  [0.45, 0.14],
  [0.9, 0.22],
  [1.8, 0.24],
  [3.5, 0.08],
];

/** The index of the shift by 1.8: twice the latency, at the usual spread. */
export const OUTAGE = 3;

/** Tails: the mass above a quantile, multiplied by a factor. */
const TAILS: Readonly<Record<Direction, readonly (readonly [from: number, factor: number, weight: number])[]>> = {
  worse: [
    [0.9, 2, 0.03],
    [0.9, 4, 0.03],
    [0.95, 3, 0.03],
    [0.95, 10, 0.03],
    [0.99, 4, 0.04],
    [0.99, 10, 0.04],
  ],
  noWorse: [
    [0.9, 0.5, 0.07],
    [0.9, 0.25, 0.07],
    [0.95, 0.25, 0.06],
  ],
};

function shifted(edges: readonly number[], z: readonly number[], shift: number): readonly number[] {
  return z.slice(1).map((to, index) => {
    const from = z[index]!;
    const mass = edges[index + 1]! - edges[index]!;
    // There is no mass between equal cuts. The ratio of the densities there keeps the template monotone.
    if (mass < 1e-9) return Math.exp(shift * to - (shift * shift) / 2);
    return (normalCdf(to - shift) - normalCdf(from - shift)) / mass;
  });
}

function fattened(edges: readonly number[], from: number, factor: number): readonly number[] {
  const begin = edges.find((edge) => edge >= Math.min(from, MAX_BELOW))!;
  const mass = 1 - begin;
  const fat = Math.min(factor * mass, (1 + mass) / 2);
  return edges.slice(0, -1).map((edge) => (edge >= begin ? fat / mass : (1 - fat) / begin));
}
