/** Formats numbers and tables for people. */

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
