/** Costs as comma-separated values. */

import type { CostBreakdown, CostRate } from './report.ts';

const COLUMNS = [
  'attempts',
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'costUsd',
  'costPerHour',
  'stableCostUsd',
  'savingsUsd',
  'unpriced',
] as const satisfies readonly (keyof CostRate)[];

/** A header, a line for each row, and one for what is in no row (RFC 4180). */
export function costCsv({ by, rows, other }: Pick<CostBreakdown, 'by' | 'rows' | 'other'>): string {
  const lines = rows.map(({ name, ...row }) => csvLine(name ?? '(none)', row));
  if (other.attempts > 0) lines.push(csvLine('(other)', other));
  return [[by, ...COLUMNS].join(','), ...lines, ''].join('\r\n');
}

function csvLine(name: string, row: CostRate): string {
  return [textCell(name), ...COLUMNS.map((column) => numberCell(row[column]))].join(',');
}

/** Sums of binary fractions end in digits that mean nothing. */
function numberCell(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/**
 * Models are named by whoever answers: what a spreadsheet would take for a formula is made text
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
function textCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
