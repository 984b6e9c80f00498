/**
 * The reverse information projection: the member of the null hypothesis that is hardest to distinguish from an
 * alternative.
 */

/** Rates p of the canary and q of stable on the edge of the allowed region: p = `ratio`·q + `add`. */
export interface RateLine {
  /** 1 + the relative margin. */
  readonly ratio: number;
  /** The absolute margin. */
  readonly add: number;
}

/** Bad rates, within (0, 1). */
export interface RatePair {
  readonly canary: number;
  readonly stable: number;
}

/**
 * The pair on `line` with the least Kullback–Leibler divergence from `alternative`, if a call is the canary's with
 * probability `share`. The likelihood ratio against it is an e-variable for the whole half plane beyond the line
 * (Grünwald, de Heide, Koolen 2024; Turner, Ly, Grünwald 2024 for two rates).
 */
export function projectRates(alternative: RatePair, share: number, line: RateLine): RatePair {
  const { ratio, add } = line;
  if (ratio === 1 && add === 0) {
    const mean = share * alternative.canary + (1 - share) * alternative.stable;
    return { canary: mean, stable: mean };
  }
  // The slope of the divergence increases with q, from below 0 to above 0.
  let low = Math.max(0, -add / ratio);
  let high = Math.min(1, (1 - add) / ratio);
  for (let round = 0; round < BISECTIONS; round++) {
    const stable = (low + high) / 2;
    if (slopeAt(stable, alternative, share, line) < 0) low = stable;
    else high = stable;
  }
  const stable = (low + high) / 2;
  return { canary: ratio * stable + add, stable };
}

/** Enough to reach the last bit of a double. */
const BISECTIONS = 54;

function slopeAt(q: number, alternative: RatePair, share: number, { ratio, add }: RateLine): number {
  const p = ratio * q + add;
  const ofCanary = (p - alternative.canary) / (p * (1 - p));
  const ofStable = (q - alternative.stable) / (q * (1 - q));
  return share * ratio * ofCanary + (1 - share) * ofStable;
}
