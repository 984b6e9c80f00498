/** Formats a report as plain text. */

import type { ProbeReport } from '../domain/probe.ts';

/** One line per check, one per finding, then the totals. */
export function tableOf({
  upstream,
  model,
  checks,
  findings,
  costUsd,
  durationMs,
}: Omit<ProbeReport, 'table'>): string {
  const rows = [
    ['check', 'result', 'time', 'cost', 'evidence'],
    ...checks.map((check) => [check.name, check.status, ms(check.durationMs), usd(check.costUsd), check.evidence]),
    ...findings.map(({ name, status, evidence }) => [name, status, '', '', evidence]),
  ];
  const passed = checks.filter(({ status }) => status === 'pass').length;
  const title = model === undefined ? upstream : `${upstream} (${model})`;
  const totals = `${passed} of ${checks.length} pass, ${findings.length} suspect; ${ms(durationMs)}, ${costUsd === null ? 'cost unknown' : usd(costUsd)}`;
  return [title, ...aligned(rows), totals].join('\n');
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function ms(durationMs: number): string {
  return `${Math.round(durationMs)} ms`;
}

/** An unknown cost is shown as a dash, not as 0. */
function usd(costUsd: number | null): string {
  return costUsd === null ? '–' : `$${costUsd.toFixed(5)}`;
}
