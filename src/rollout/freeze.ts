/** Freeze windows: times of the week in which no step begins. */

import { checkKeys, checkList, checkOneOf, checkText, formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import type { FreezeOptions } from './options.ts';

/** In the order of the week. */
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;

/** A window with all defaults filled in; plain data, for a store. */
export interface FreezeWindow {
  readonly days: readonly string[];
  /** Minutes since midnight. A window that ends before it starts ends on the next day. */
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly timeZone: string;
}

/** @throws ConfigError */
export function resolveFreeze(
  path: string,
  freeze: readonly FreezeOptions[] | undefined = [],
): readonly FreezeWindow[] {
  checkList(path, freeze, 'a list of times of the week');
  return freeze.map((window, index) => resolveWindow(`${path}[${index}]`, window));
}

function resolveWindow(path: string, window: FreezeOptions): FreezeWindow {
  checkKeys(path, window, ['days', 'from', 'to', 'timeZone']);
  const { days = DAYS, from = '00:00', to = '24:00', timeZone = 'UTC' } = window;
  checkList(`${path}.days`, days, 'a list of days');
  if (days.length === 0) throw new ConfigError(`${path}.days`, 'should name at least one day');
  days.forEach((day, index) => checkOneOf(`${path}.days[${index}]`, day, DAYS));
  const [fromMinute, toMinute] = [minuteOf(`${path}.from`, from), minuteOf(`${path}.to`, to)];
  if (fromMinute === toMinute || fromMinute === DAY_MINUTES)
    throw new ConfigError(`${path}.from`, `should be another time than the end, ${to}, and before 24:00, got ${from}`);
  return { days, fromMinute, toMinute, timeZone: checkTimeZone(`${path}.timeZone`, timeZone) };
}

function minuteOf(path: string, time: string): number {
  const [, hours, minutes] = (typeof time === 'string' && /^(\d\d):(\d\d)$/.exec(time)) || [];
  const minute = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) < 60 && minute <= DAY_MINUTES) return minute;
  throw new ConfigError(path, `should be a time between '00:00' and '24:00', got ${formatValue(time)}`);
}

function checkTimeZone(path: string, timeZone: string): string {
  checkText(path, timeZone, 'a time zone');
  try {
    // Throws for a zone that it does not know.
    void Intl.DateTimeFormat('en-US', { timeZone });
    return timeZone;
  } catch {
    throw new ConfigError(path, `should be a time zone like 'Europe/Berlin' or 'UTC', got ${formatValue(timeZone)}`);
  }
}

/** The window that a time lies in, for people: `Fri 14:00–24:00 (Europe/Berlin)`; `undefined` if it lies in none. */
export function freezeAt(windows: readonly FreezeWindow[], atMs: number): string | undefined {
  const window = windows.find((one) => minutesLeft(one, atMs) > 0);
  if (!window) return undefined;
  const { days, fromMinute, toMinute, timeZone } = window;
  const named = days.length === DAYS.length ? 'every day' : days.map(capitalized).join(', ');
  return `${named} ${timeOf(fromMinute)}–${timeOf(toMinute)} (${timeZone})`;
}

/** The windows of one week can follow each other without a gap. */
const MOST_WINDOWS = 50;

/** The first time from `atMs` on that lies in no window; `null` if there is none within weeks. */
export function thawsAtMs(windows: readonly FreezeWindow[], atMs: number): number | null {
  let timeMs = atMs;
  for (let passed = 0; passed < MOST_WINDOWS; passed++) {
    const left = Math.max(0, ...windows.map((window) => minutesLeft(window, timeMs)));
    if (left === 0) return timeMs;
    timeMs = Math.floor(timeMs / MINUTE_MS + left) * MINUTE_MS;
  }
  return null;
}

/** Minutes until the end of the window, counted from the start of the current minute; 0 outside of it. */
function minutesLeft({ days, fromMinute, toMinute, timeZone }: FreezeWindow, atMs: number): number {
  const { day, minute } = localTime(atMs, timeZone);
  const begins = (index: number): boolean => days.includes(DAYS[(index + DAYS.length) % DAYS.length]!);
  const spansMidnight = toMinute < fromMinute;
  if (begins(day) && minute >= fromMinute && (spansMidnight || minute < toMinute))
    return spansMidnight ? DAY_MINUTES - minute + toMinute : toMinute - minute;
  return spansMidnight && begins(day - 1) && minute < toMinute ? toMinute - minute : 0;
}

function localTime(atMs: number, timeZone: string): { readonly day: number; readonly minute: number } {
  const format = { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const parts = new Intl.DateTimeFormat('en-US', format).formatToParts(atMs);
  const valueOf = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  const day = DAYS.findIndex((name) => name === valueOf('weekday').toLowerCase());
  return { day, minute: Number(valueOf('hour')) * 60 + Number(valueOf('minute')) };
}

const timeOf = (minute: number): string =>
  [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
const capitalized = (day: string): string => day.charAt(0).toUpperCase() + day.slice(1);
