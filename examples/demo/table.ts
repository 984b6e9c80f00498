/** A table of the metrics of every upstream. */

import type { CanaryClient } from '../../src/index.ts';

const COLUMNS = ['upstream', 'weight', 'calls', 'errors', 'p95', 'cost', 'saved', 'breaker'] as const;

/** A line of column heads, then one line per upstream. */
export function tableOf(ai: CanaryClient): string[] {
  const { upstreams } = ai.canary.snapshot();
  const spent = ai.canary.costs().upstreams;
  const rows = Object.entries(upstreams).map(([name, window]) => [
    name,
    percent(window.weight),
    String(window.calls),
    percent(window.errorRate),
    window.latencyMs.p95 === null ? '–' : `${Math.round(window.latencyMs.p95)} ms`,
    usd(spent[name]?.costUsd),
    usd(spent[name]?.savingsUsd),
    window.breaker.state,
  ]);
  return aligned([COLUMNS, ...rows]);
}

/** Pads cells to columns: the first is aligned left, all others right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}

/** A share of 0–1 as `'25.0 %'`; a dash for `null`. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`;
}

/** An amount as `'$0.0042'`; a dash if it is unknown. */
export function usd(amount: number | null | undefined): string {
  return amount === undefined || amount === null ? '–' : `$${amount.toFixed(4)}`;
}
