/** Ways in which a distribution gets worse, or better, told over bins: density of the canary's over stable's. */

import type { Direction } from './arm.ts';
import { normalCdf, normalQuantile } from './normal.ts';

/** How much of the wealth is on a template, and its ratio ρ for each bin; monotone in badness. */
export interface Template {
  readonly weight: number;
  readonly ratios: readonly number[];
}

/** @param below stable's share below each cut, in rising order. How many templates, and their weights, do not depend on it. */
export function templatesOf(direction: Direction, below: readonly number[]): readonly Template[] {
  const edges = [0, ...below.map((share) => Math.min(share, MAX_BELOW)), 1];
  const z = edges.map((edge) => (edge <= 0 ? -40 : edge >= 1 ? 40 : normalQuantile(edge)));
  const sign = direction === 'worse' ? 1 : -1;
  const shifts = SHIFTS.map(([shift, weight]) => ({ weight, ratios: shifted(edges, z, sign * shift) }));
  const tails = TAILS[direction].map(([from, factor, weight]) => ({ weight, ratios: fattened(edges, from, factor) }));
  return [...shifts, ...tails];
}

/** The worst bin is taken to hold a little of stable's, though none was seen. */
const MAX_BELOW = 0.998;

/** In units of stable's deviation, were it normal. */
const SHIFTS: readonly (readonly [shift: number, weight: number])[] = [
  [0.2, 0.12],
  [0.45, 0.14],
  [0.9, 0.22],
  [1.8, 0.24],
  [3.5, 0.08],
];

/** The mass above a quantile, times a factor. */
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
    // Between cuts at one place lies nothing: the ratio of the densities there keeps the template monotone.
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
