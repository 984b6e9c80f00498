/** The hour, day or month of the UTC calendar that holds a moment. */

import type { BudgetPeriod } from '../domain/budget.ts';

/** From `startMs` up to `endMs`, in ms since the Unix epoch. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export function periodAt(per: BudgetPeriod, atMs: number): Period {
  switch (per) {
    case 'hour':
      return spanAt(atMs, HOUR_MS);
    case 'day':
      return spanAt(atMs, DAY_MS);
    case 'month':
      return monthAt(new Date(atMs));
    default:
      return per satisfies never;
  }
}

/** Days of Unix time are all of one length. */
function spanAt(atMs: number, lengthMs: number): Period {
  const startMs = Math.floor(atMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

function monthAt(date: Date): Period {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}
