/** When calls arrive, and how large they are. */

import { readFile } from 'node:fs/promises';
import { seededRandom } from '../../src/testing/index.ts';

/** One call to be made. */
export interface Arrival {
  /** Since the first one. */
  readonly afterMs: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Eight seconds of 200 calls a second, arriving at random, with the sizes of ordinary conversations. */
export function madeUpArrivals(): readonly Arrival[] {
  const random = seededRandom(7);
  const arrivals: Arrival[] = [];
  for (let afterMs = 0; afterMs < 8_000; afterMs -= Math.log(1 - random()) * (1_000 / 200)) {
    arrivals.push({ afterMs, inputTokens: 200 + random() * 1_800, outputTokens: 20 + random() * 380 });
  }
  return arrivals;
}

/** The first `rows` requests of a recorded trace, `speed` times as fast. */
export async function readTrace(
  file: string,
  { rows, speed }: { readonly rows: number; readonly speed: number },
): Promise<readonly Arrival[]> {
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trim().split(/\r?\n/);
  const columns = header.split(',').map((name) => name.trim());
  const [time, input, output] = ['TIMESTAMP', 'ContextTokens', 'GeneratedTokens'].map((name) => columns.indexOf(name));
  if (time === undefined || input === undefined || output === undefined || Math.min(time, input, output) < 0) {
    throw new Error(`${file} should have the columns TIMESTAMP, ContextTokens and GeneratedTokens, has ${header}`);
  }
  const read = lines.slice(0, rows).map((line) => {
    const cells = line.split(',');
    return { atMs: timeOf(cells[time]), inputTokens: Number(cells[input]), outputTokens: Number(cells[output]) };
  });
  const startMs = read[0]?.atMs ?? 0;
  return read.map(({ atMs, ...size }) => ({ afterMs: (atMs - startMs) / speed, ...size }));
}

/** Traces are in UTC, with more digits than `Date` reads. */
function timeOf(cell: string | undefined): number {
  const text =
    cell
      ?.trim()
      .replace(' ', 'T')
      .replace(/(\.\d{3})\d+/, '$1') ?? '';
  return Date.parse(/[Z+]/.test(text) ? text : `${text}Z`);
}
