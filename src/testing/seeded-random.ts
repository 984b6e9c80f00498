/** Reproducible random numbers. */

/**
 * A generator of uniform numbers in [0, 1), with equal numbers for equal seeds. Uses mulberry32 by Tommy Ettinger (public
 * domain): 32 bits of state, good enough for simulations, unsuitable for secrets.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * One draw from a lognormal distribution with this median. `sigma` is the standard deviation of its logarithm
 * (Box–Muller).
 */
export function lognormal(median: number, sigma: number, random: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  const normal = radius * Math.cos(2 * Math.PI * random());
  return median * Math.exp(sigma * normal);
}
