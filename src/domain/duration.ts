/** A duration as users write it. */

/** A duration: a number of milliseconds, or a string with a unit: `'250ms'`, `'30s'`, `'5m'`, `'4h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** The duration in ms, or `undefined` if `value` is not a duration. The caller checks the range. */
export function durationMs(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : null;
  if (!match?.[1] || !match[2]) return undefined;
  return Number(match[1]) * (MS_PER_UNIT[match[2]] ?? Number.NaN);
}

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
