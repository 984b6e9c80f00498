/** The exact quantile, which the histogram approximates. */

/** Quantile by nearest rank; `percent` 1–100. */
export function exactQuantile(values: readonly number[], percent: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? null;
}
