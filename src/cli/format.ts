/** Formats numbers and tables for people. */

/** `'1.5 %'`; `'–'` if unknown. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${Number((share * 100).toPrecision(3))} %`;
}

/** `'812 ms'`, `'12.4 s'`, `'5 min'`, `'4 h'`, `'2.5 d'`; `'–'` if unknown, `'never'` if infinite. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (!Number.isFinite(ms)) return 'never';
  const [unit, size] = UNITS.find(([, least]) => ms >= least) ?? ['ms', 1];
  return `${unit === 'ms' ? Math.round(ms) : Number((ms / size).toPrecision(3))} ${unit}`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** `'$0.0042'`, `'-$1.50'`; `'–'` if unknown. */
export function usd(amount: number | null | undefined): string {
  if (amount === null || amount === undefined) return '–';
  const size = Math.abs(amount);
  const figure = size.toFixed(size >= 1 ? 2 : 4);
  return amount < 0 && Number(figure) > 0 ? `-$${figure}` : `$${figure}`;
}

/** A table in lines, the head first. Columns named in `left` are aligned left, all others right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly string[],
): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return left.includes(head[column] ?? '') ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
