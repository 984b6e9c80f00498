/** Days, months and hours of time zones, also where clocks change. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Calendar } from '../../src/domain/calendar.ts';

const HOUR_MS = 3_600_000;
const at = (iso: string) => Date.parse(iso);
const iso = ({ startMs, endMs }: { startMs: number; endMs: number }) =>
  [startMs, endMs].map((ms) => new Date(ms).toISOString().slice(0, 16));

test.each([
  ['UTC', '2026-07-01T23:59', '2026-07-01T00:00', '2026-07-02T00:00'],
  ['Asia/Tokyo', '2026-07-01T15:00', '2026-07-01T15:00', '2026-07-02T15:00'],
  ['America/Los_Angeles', '2026-07-01T06:59', '2026-06-30T07:00', '2026-07-01T07:00'],
  ['Asia/Kolkata', '2026-07-01T18:30', '2026-07-01T18:30', '2026-07-02T18:30'],
  // Clocks are put forward: 23 hours.
  ['Europe/Berlin', '2026-03-29T12:00', '2026-03-28T23:00', '2026-03-29T22:00'],
  // Clocks are put back: 25 hours.
  ['Europe/Berlin', '2026-10-25T12:00', '2026-10-24T22:00', '2026-10-25T23:00'],
  // The hour from midnight on does not exist: the day begins at 1 o'clock.
  ['Africa/Cairo', '2026-04-24T12:00', '2026-04-23T22:00', '2026-04-24T21:00'],
  // The date of 2011-12-30 did not exist on Samoa.
  ['Pacific/Apia', '2011-12-30T12:00', '2011-12-30T10:00', '2011-12-31T10:00'],
])('%s: the day of %s', (timeZone, time, start, end) => {
  expect(iso(new Calendar(timeZone).periodAt('day', at(`${time}Z`)))).toEqual([start, end]);
});

test.each([
  ['UTC', '2026-12-31T23:00', '2026-12-01T00:00', '2027-01-01T00:00'],
  ['Europe/Berlin', '2026-12-31T23:00', '2026-12-31T23:00', '2027-01-31T23:00'],
  // From winter to summer time.
  ['Europe/Berlin', '2026-03-15T00:00', '2026-02-28T23:00', '2026-03-31T22:00'],
])('%s: the month of %s', (timeZone, time, start, end) => {
  expect(iso(new Calendar(timeZone).periodAt('month', at(`${time}Z`)))).toEqual([start, end]);
});

test.each([
  ['Europe/Berlin', '2026-03-29T01:15', '2026-03-29T01:00', '2026-03-29T02:00'],
  ['Asia/Kolkata', '2026-07-01T12:15', '2026-07-01T11:30', '2026-07-01T12:30'],
  ['Asia/Kolkata', '2026-07-01T12:45', '2026-07-01T12:30', '2026-07-01T13:30'],
])('%s: the hour of %s', (timeZone, time, start, end) => {
  expect(iso(new Calendar(timeZone).periodAt('hour', at(`${time}Z`)))).toEqual([start, end]);
});

describe.each([
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'America/Santiago',
  'Asia/Kathmandu',
])('%s', (timeZone) => {
  test('days follow one another without gaps, and contain their times', () => {
    const calendar = new Calendar(timeZone);
    const written = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
    const time = fc.integer({ min: at('2020-01-01'), max: at('2035-01-01') });
    fc.assert(
      fc.property(time, (atMs) => {
        const day = calendar.dayOf(atMs);
        expect(new Date(day * 24 * HOUR_MS).toISOString().slice(0, 10)).toBe(written.format(atMs));
        const { startMs, endMs } = calendar.periodAt('day', atMs);
        expect(startMs <= atMs && atMs < endMs).toBe(true);
        expect([calendar.dayOf(startMs), calendar.dayOf(startMs - 1)]).toEqual([day, day - 1]);
        expect(calendar.periodAt('day', endMs).startMs).toBe(endMs);
      }),
      { numRuns: 30 },
    );
  });
});
