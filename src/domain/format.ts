/** Numbers and times as people read them, in every place that shows them. */

/** Three digits: `0.0123`, `4.2`. */
export function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** `'1.5 %'`; `'–'` if unknown. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${threeDigits(share * 100)} %`;
}

/** `'812 ms'`, `'12.4 s'`, `'5 min'`, `'4 h'`, `'2.5 d'`; `'–'` if unknown, `'never'` if infinite. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (!Number.isFinite(ms)) return 'never';
  const [unit, size] = UNITS.find(([, least]) => ms >= least) ?? ['ms', 1];
  return `${unit === 'ms' ? Math.round(ms) : threeDigits(ms / size)} ${unit}`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];
