/** A length of time as a user writes it. */

/** Milliseconds, or a number with its unit: `'250ms'`, `'30s'`, `'5m'`, `'4h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** In ms; `undefined` for what is no length of time. Longer or shorter than makes sense is for others to say. */
export function durationMs(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : null;
  if (!match?.[1] || !match[2]) return undefined;
  return Number(match[1]) * (MS_PER_UNIT[match[2]] ?? Number.NaN);
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
