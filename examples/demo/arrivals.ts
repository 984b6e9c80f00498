/** The arrival times and sizes of the calls. */

import { readFile } from 'node:fs/promises';
import { seededRandom } from '../../src/testing/index.ts';

/** One arriving call. */
export interface Arrival {
  /** Milliseconds since the first call. */
  readonly afterMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Eight seconds of random arrivals, 200 calls per second on average, with the sizes of ordinary conversations. */
export function madeUpArrivals(): readonly Arrival[] {
  const random = seededRandom(7);
  const arrivals: Arrival[] = [];
  for (let afterMs = 0; afterMs < 8_000; afterMs -= Math.log(1 - random()) * (1_000 / 200)) {
    arrivals.push({ afterMs, inputTokens: 200 + random() * 1_800, outputTokens: 20 + random() * 380 });
  }
  return arrivals;
}

/** The first `rows` requests of a recorded trace, replayed `speed` times faster. */
export async function readTrace(
  file: string,
  { rows, speed }: { readonly rows: number; readonly speed: number },
): Promise<readonly Arrival[]> {
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trim().split(/\r?\n/);
  const columns = header.split(',').map((name) => name.trim());
  const [time, input, output] = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'].map((name) => columns.indexOf(name));
  if (time === undefined || input === undefined || output === undefined || Math.min(time, input, output) < 0) {
    throw new Error(`${file} should have the columns TIMESTAMP, ContextTokens and GeneratedTokens, got ${header}`);
  }
  const read = lines.slice(0, rows).map((line) => {
    const cells = line.split(',');
    return { atMs: timeOf(cells[time]), inputTokens: Number(cells[input]), outputTokens: Number(cells[output]) };
  });
  const startMs = read[0]?.atMs ?? 0;
  return read.map(({ atMs, ...size }) => ({ afterMs: (atMs - startMs) / speed, ...size }));
}

/** Parses the time of a trace: UTC, with more fractional digits than `Date` accepts. */
function timeOf(cell: string | undefined): number {
  const text =
    cell
      ?.trim()
      .replace(' ', 'T')
      .replace(/(\.\d{3})\d+/, '$1') ?? '';
  return Date.parse(/[Z+]/.test(text) ? text : `${text}Z`);
}
