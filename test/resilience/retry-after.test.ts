import fc from 'fast-check';
import { expect, test } from 'vitest';
import { proseWaitMs, rateLimitWaitMs, retryAfterMs } from '../../src/resilience/retry-after.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12);
const DAY_MS = 86_400_000;

test.each([
  ['retry-after-ms in milliseconds', { 'retry-after-ms': '174' }, 174],
  ['decimals of a millisecond', { 'retry-after-ms': '174.5' }, 174.5],
  ['retry-after in seconds', { 'retry-after': '33' }, 33_000],
  ['decimals of a second', { 'retry-after': '1.78' }, 1780],
  ['a wait of 0', { 'retry-after': '0' }, 0],
  ['milliseconds before seconds', { 'retry-after': '1', 'retry-after-ms': '900' }, 900],
  ['seconds where the milliseconds are unreadable', { 'retry-after': '1', 'retry-after-ms': 'soon' }, 1000],
  ['a date', { 'retry-after': 'Thu, 01 Jan 2026 12:00:30 GMT' }, 30_000],
  ['a date in the obsolete form', { 'retry-after': 'Thursday, 01-Jan-26 12:00:30 GMT' }, 30_000],
  ['a date that has passed', { 'retry-after': 'Thu, 01 Jan 2026 11:00:00 GMT' }, 0],
  ['a negative wait', { 'retry-after': '-5' }, 0],
  ['an absurd wait', { 'retry-after': '9999999' }, DAY_MS],
  ['an absurd date', { 'retry-after': 'Thu, 01 Jan 2099 12:00:30 GMT' }, DAY_MS],
])('reads the header: %s', (_name, headers, waitMs) => {
  expect(retryAfterMs(new Headers(headers), NOW_MS)).toBe(waitMs);
});

test.each(['soon', '', 'May 5', 'in 5', 'NaN', 'Infinity', '1e3'])('ignores the header %j', (value) => {
  expect(retryAfterMs(new Headers({ 'retry-after': value, 'retry-after-ms': value }), NOW_MS)).toBeUndefined();
});

test('returns no wait without headers', () => {
  expect(retryAfterMs(undefined, NOW_MS)).toBeUndefined();
});

test('a date counts from the date header of the response, so that clocks need not agree', () => {
  const headers = { date: 'Fri, 02 Jan 2026 08:00:00 GMT', 'retry-after': 'Fri, 02 Jan 2026 08:00:07 GMT' };
  expect(retryAfterMs(new Headers(headers), NOW_MS)).toBe(7000);
  expect(retryAfterMs(new Headers(headers))).toBe(7000);
});

test('ignores a date without nowMs and without a date header', () => {
  expect(retryAfterMs(new Headers({ 'retry-after': 'Thu, 01 Jan 2026 12:00:30 GMT' }))).toBeUndefined();
});

test('ignores resets of limits outside of rate limits', () => {
  expect(retryAfterMs(new Headers({ 'x-ratelimit-reset-requests': '120ms' }), NOW_MS)).toBeUndefined();
});

test.each([
  ['1s', 1000],
  ['6m0s', 360_000],
  ['174ms', 174],
  ['1h2m3.5s', 3_723_500],
  ['8.64s', 8640],
  ['1d2h', 93_600_000],
  ['-1s', 0],
  ['60', 60_000],
  ['0.5', 500],
  [String(NOW_MS / 1000 + 5), 5000],
  [String(NOW_MS + 250), 250],
  ['2026-01-01T12:00:09Z', 9000],
])('a rate limit resets after %s: %d ms', (value, waitMs) => {
  for (const suffix of ['', '-requests', '-tokens']) {
    const headers = new Headers({ [`x-ratelimit-reset${suffix}`]: value });
    expect(rateLimitWaitMs(headers, NOW_MS)).toBe(Math.min(waitMs, DAY_MS));
  }
});

test('the later reset of two limits that may be used up counts', () => {
  const headers = new Headers({ 'x-ratelimit-reset-requests': '1s', 'x-ratelimit-reset-tokens': '6s' });
  expect(rateLimitWaitMs(headers, NOW_MS)).toBe(6000);
});

test('a limit with some remaining does not count', () => {
  const headers = {
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': '1s',
    'x-ratelimit-remaining-tokens': '500',
    'x-ratelimit-reset-tokens': '6s',
  };
  expect(rateLimitWaitMs(new Headers(headers), NOW_MS)).toBe(1000);
});

test('where some of both limits remains, the reset of tokens counts: a request may need more than remain', () => {
  const headers = {
    'x-ratelimit-remaining-requests': '499',
    'x-ratelimit-reset-requests': '120ms',
    'x-ratelimit-remaining-tokens': '500',
    'x-ratelimit-reset-tokens': '6s',
  };
  expect(rateLimitWaitMs(new Headers(headers), NOW_MS)).toBe(6000);
});

test('retry-after wins over the message, and the message over the reset of the whole limit', () => {
  const message = 'Please try again in 174ms.';
  const reset = { 'x-ratelimit-reset-tokens': '6m0s' };
  expect(rateLimitWaitMs(new Headers({ ...reset, 'retry-after': '1' }), NOW_MS, message)).toBe(1000);
  expect(rateLimitWaitMs(new Headers(reset), NOW_MS, message)).toBe(174);
  expect(rateLimitWaitMs(new Headers(reset), NOW_MS, 'Slow down.')).toBe(360_000);
});

test.each([
  ['Rate limit reached for gpt-4.1: Limit 30000, Requested 11159. Please try again in 174ms. Visit https://x.y', 174],
  ['Please try again in 9m38.016s. Need more tokens? Upgrade.', 578_016],
  ['Please try again in 1.78s. Visit', 1780],
  ['Please retry after 33 seconds. Please go here', 33_000],
  ['retry in 20 seconds', 20_000],
  ['* Quota exceeded for metric: x, limit: 0\nPlease retry in 38.863719904s.', 38_863.719904],
  ['Try again in 1 minute and 5 seconds', 65_000],
  ['Too many requests, wait 2 minutes.', 120_000],
  ['TRY AGAIN IN 1H', 3_600_000],
  ['please retry your request in 20s', 20_000],
  ['try again in 30 days', DAY_MS],
])('reads the wait in a message: %s', (message, waitMs) => {
  expect(proseWaitMs(message)).toBeCloseTo(waitMs, 6);
});

test.each([
  'Please try again later.',
  'Limit 5 requests per 1 minute.',
  'Try again. The limit is 20 seconds.',
  'Please retry with 3 messages fewer',
  '',
])('finds no wait in a message: %s', (message) => {
  expect(proseWaitMs(message)).toBeUndefined();
});

test('the wait is 0 to a day for any headers and message', () => {
  const value = fc.oneof(fc.string({ unit: 'grapheme-ascii' }), fc.double().map(String), fc.date().map(String));
  const name = fc.constantFrom(
    'retry-after',
    'retry-after-ms',
    'x-ratelimit-reset',
    'x-ratelimit-reset-tokens',
    'date',
  );
  fc.assert(
    fc.property(fc.dictionary(name, value), fc.string(), (headers, message) => {
      const waitMs = rateLimitWaitMs({ get: (key) => headers[key] ?? null }, NOW_MS, message);
      expect(waitMs === undefined || (waitMs >= 0 && waitMs <= DAY_MS)).toBe(true);
    }),
  );
});
