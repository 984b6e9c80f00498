/** The days of the account. */

import { addEntry, sumOf, type CostEntry, type Sum } from './sums.ts';
import { TopSums } from './top-sums.ts';

const MS_PER_DAY = 86_400_000;

/** Names that may be any number, and how many of each are kept for a day: 60 kB in all, about. */
export const MAX_NAMES = { model: 32, task: 32, key: 128 } as const;

/** What was spent on one day. */
export class CostDay {
  /** In days since the Unix epoch, UTC. */
  readonly day: number;
  readonly upstream = new Map<string, Sum>();
  readonly model = new TopSums(MAX_NAMES.model);
  readonly task = new TopSums(MAX_NAMES.task);
  readonly key = new TopSums(MAX_NAMES.key);

  constructor(day: number) {
    this.day = day;
  }

  add(entry: CostEntry): void {
    addEntry(sumOf(this.upstream, entry.upstream), entry);
    this.model.add(entry.model, entry);
    this.task.add(entry.task, entry);
    this.key.add(entry.key, entry);
  }
}

export function dayOf(atMs: number): number {
  return Math.floor(atMs / MS_PER_DAY);
}

/** The first moment of a day, in ms since the Unix epoch. */
export function startOf(day: number): number {
  return day * MS_PER_DAY;
}

/** `YYYY-MM-DD`, or `YYYY-MM` for the month. */
export function periodOf(day: number, by: 'day' | 'month'): string {
  return new Date(startOf(day)).toISOString().slice(0, by === 'day' ? 10 : 7);
}
