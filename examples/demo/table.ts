/** The numbers of every upstream, as a table for people. */

import type { CanaryClient } from '../../src/index.ts';

const COLUMNS = ['upstream', 'weight', 'calls', 'errors', 'p95', 'cost', 'saved', 'breaker'] as const;

/** One line for the heads, one for each upstream. */
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

/** Columns of equal width; the first is a name, the rest are figures. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  );
}

/** `'25.0 %'`, or a dash. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`;
}

/** `'$0.0042'`, or a dash. */
export function usd(amount: number | null | undefined): string {
  return amount === undefined || amount === null ? '–' : `$${amount.toFixed(4)}`;
}
