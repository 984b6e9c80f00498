/** Reads recorded traffic: when calls arrive, their size and their user. */

import { readFile } from 'node:fs/promises';
import { UsageError } from '../usage-error.ts';

/** One call of a trace. */
export interface Arrival {
  /** Since the first call. */
  readonly afterMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly user: string | undefined;
}

/**
 * Reads a CSV file with the columns TIMESTAMP (ISO 8601, or seconds), ContextTokens, GeneratedTokens and optionally User. This is the
 * format of the Azure traces (https://github.com/Azure/AzurePublicDataset).
 *
 * @throws UsageError if the file cannot be read, or has another format
 */
export async function readTrace(file: string): Promise<readonly Arrival[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`Cannot read the trace ${file}`, { cause: error });
  });
  const [header = '', ...lines] = text.trim().split(/\r?\n/);
  const columns = header.split(',').map((name) => name.trim().toLowerCase());
  const indexOf = (name: string): number => columns.indexOf(name.toLowerCase());
  const [time, input, output] = [indexOf('TIMESTAMP'), indexOf('ContextTokens'), indexOf('GeneratedTokens')];
  if (Math.min(time, input, output) < 0) {
    throw new UsageError(`${file} should have the columns TIMESTAMP, ContextTokens and GeneratedTokens, got ${header}`);
  }
  const user = indexOf('User');
  const rows = lines.map((line, index) => {
    const cells = line.split(',');
    const row = {
      atMs: timeOf(cells[time] ?? ''),
      inputTokens: Number(cells[input]),
      outputTokens: Number(cells[output]),
    };
    if (Object.values(row).every(Number.isFinite)) return { ...row, user: cells[user]?.trim() };
    throw new UsageError(`${file}: line ${index + 2} should contain a time and two numbers, got ${line}`);
  });
  const [first] = rows;
  if (!first) throw new UsageError(`${file} has no calls`);
  return rows.map(({ atMs, ...size }) => ({ afterMs: Math.max(0, atMs - first.atMs), ...size }));
}

/** Times without a zone are in UTC, and may have more digits than `Date` accepts. */
function timeOf(cell: string): number {
  const text = cell.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const iso = text.replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1');
  return Date.parse(/[Z+]/.test(iso) ? iso : `${iso}Z`);
}
