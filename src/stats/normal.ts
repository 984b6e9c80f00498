/** The standard normal distribution. */

/**
 * Φ(z) with an error of at most 10⁻¹²: the series of Marsaglia (2004) in the middle, a continued fraction in the tails.
 */
export function normalCdf(z: number): number {
  if (z > 0) return 1 - normalCdf(-z);
  if (z < -38) return 0;
  return z < -5 ? tail(-z) : 0.5 + series(z);
}

/** Φ⁻¹(p) for p within (0, 1), by bisection. */
export function normalQuantile(p: number): number {
  let low = -40;
  let high = 40;
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** φ(z). */
function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

function series(z: number): number {
  let term = z;
  let sum = z;
  for (let n = 3; Math.abs(term) > 1e-17; n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return sum * density(z);
}

function tail(z: number): number {
  let fraction = z;
  for (let n = 60; n > 0; n--) fraction = z + n / fraction;
  return density(z) / fraction;
}
