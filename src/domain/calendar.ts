/** Days, months and hours of a time zone. */

/** From `startMs` up to `endMs`, in ms since the Unix epoch. */
export interface Period {
  readonly startMs: number;
  readonly endMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Time zones are at most 14 hours from UTC, and change by at most a day. */
const MAX_OFFSET_MS = 38 * HOUR_MS;

/** The largest time that a `Date` can have. */
const MAX_TIME_MS = 8.64e15;

/** The calendar of a time zone. A day is the number of days between its date and 1970-01-01. */
export class Calendar {
  /** A name of the IANA database, such as `Europe/Berlin`. */
  readonly timeZone: string;
  readonly #format: Intl.DateTimeFormat | undefined;
  /** The latest day that was asked for: nearly all questions are about today. */
  #today: Period & { readonly day: number } = { day: 0, startMs: 0, endMs: 0 };

  /** @throws RangeError for an unknown time zone */
  constructor(timeZone = 'UTC') {
    this.timeZone = timeZone;
    if (timeZone !== 'UTC') this.#format = new Intl.DateTimeFormat('en-US', { ...PARTS, timeZone });
  }

  /** The day that contains `atMs`. */
  dayOf(atMs: number): number {
    if (!this.#format || !Number.isFinite(atMs)) return Math.floor(atMs / DAY_MS);
    const today = this.#today;
    if (atMs >= today.startMs && atMs < today.endMs) return today.day;
    const day = this.#dateOf(atMs);
    this.#today = { day, startMs: this.startOf(day), endMs: this.startOf(day + 1) };
    return day;
  }

  /** The first moment of a day, in ms since the Unix epoch. It is not always midnight: clocks may be put forward then. */
  startOf(day: number): number {
    if (!this.#format || !Number.isFinite(day)) return day * DAY_MS;
    let before = day * DAY_MS - MAX_OFFSET_MS;
    let after = day * DAY_MS + MAX_OFFSET_MS;
    // Clocks are put forward and back by whole seconds.
    while (after - before > 1_000) {
      const middle = Math.floor((before + after) / 2_000) * 1_000;
      if (this.#dateOf(middle) >= day) after = middle;
      else before = middle;
    }
    return after;
  }

  /** The hour, day or month that contains `atMs`. */
  periodAt(per: 'hour' | 'day' | 'month', atMs: number): Period {
    switch (per) {
      case 'hour':
        return this.#hourAt(atMs);
      case 'day': {
        const day = this.dayOf(atMs);
        return { startMs: this.startOf(day), endMs: this.startOf(day + 1) };
      }
      case 'month':
        return this.monthAt(this.dayOf(atMs));
      default:
        return per satisfies never;
    }
  }

  /** The month that contains a day. */
  monthAt(day: number): Period {
    const date = new Date(day * DAY_MS);
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
    const [first, next] = [Date.UTC(year, month) / DAY_MS, Date.UTC(year, month + 1) / DAY_MS];
    return { startMs: this.startOf(first), endMs: this.startOf(next) };
  }

  /** The hour by the clock on the wall, which begins on the half hour of UTC in some time zones. */
  #hourAt(atMs: number): Period {
    const localMs = atMs + this.#offsetMs(atMs);
    const startMs = atMs - (localMs - Math.floor(localMs / HOUR_MS) * HOUR_MS);
    return { startMs, endMs: startMs + HOUR_MS };
  }

  #dateOf(atMs: number): number {
    return Math.floor((atMs + this.#offsetMs(atMs)) / DAY_MS);
  }

  /** How far the clocks of the time zone are ahead of UTC. */
  #offsetMs(atMs: number): number {
    if (!this.#format || Math.abs(atMs) > MAX_TIME_MS) return 0;
    const seconds = Math.floor(atMs / 1_000) * 1_000;
    const parts = new Map(this.#format.formatToParts(seconds).map(({ type, value }) => [type, Number(value)]));
    const [year = 0, month = 1, day = 1] = [parts.get('year'), parts.get('month'), parts.get('day')];
    const [hour, minute, second] = [parts.get('hour'), parts.get('minute'), parts.get('second')];
    return Date.UTC(year, month - 1, day, hour, minute, second) - seconds;
  }
}

const PARTS = {
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const;
