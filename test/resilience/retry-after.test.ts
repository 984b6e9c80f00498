import fc from 'fast-check';
import { expect, test } from 'vitest';
import { proseWaitMs, rateLimitWaitMs, retryAfterMs, statedWaitMs } from '../../src/resilience/retry-after.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12);
const HOUR_MS = 3_600_000;

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
  ['milliseconds of Azure', { 'x-ms-retry-after-ms': '250' }, 250],
  ['seconds where the milliseconds are negative', { 'retry-after': '1', 'retry-after-ms': '-1' }, 1000],
  ['a duration', { 'retry-after': '1m30s' }, 90_000],
  ['a time in s since the Unix epoch', { 'retry-after': String(NOW_MS / 1000 + 30) }, 30_000],
  ['a time in ms since the Unix epoch', { 'retry-after': String(NOW_MS + 30_000) }, 30_000],
  ['a time since the Unix epoch where milliseconds belong', { 'retry-after-ms': String(NOW_MS / 1000 + 30) }, 30_000],
  ['an absurd wait', { 'retry-after': '9999999' }, HOUR_MS],
  ['an absurd date', { 'retry-after': 'Thu, 01 Jan 2099 12:00:30 GMT' }, HOUR_MS],
])('reads the header: %s', (_name, headers, waitMs) => {
  expect(retryAfterMs(new Headers(headers), NOW_MS)).toBe(waitMs);
});

test.each([
  ['a negative wait', '-5'],
  ['a date that has passed', 'Thu, 01 Jan 2026 11:00:00 GMT'],
  ['a time since the Unix epoch that has passed', String(NOW_MS / 1000 - 30)],
])('%s counts as none', (_name, value) => {
  expect(retryAfterMs(new Headers({ 'retry-after': value }), NOW_MS)).toBeUndefined();
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
  ['60', 60_000],
  ['0.5', 500],
  [String(NOW_MS / 1000 + 5), 5000],
  [String(NOW_MS + 250), 250],
  ['2026-01-01T12:00:09Z', 9000],
])('a rate limit resets after %s: %d ms', (value, waitMs) => {
  for (const suffix of ['', '-requests', '-tokens']) {
    const headers = new Headers({ [`x-ratelimit-reset${suffix}`]: value });
    expect(rateLimitWaitMs(headers, NOW_MS)).toBe(Math.min(waitMs, HOUR_MS));
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
  const statedMs = 174;
  const reset = { 'x-ratelimit-reset-tokens': '6m0s' };
  expect(rateLimitWaitMs(new Headers({ ...reset, 'retry-after': '1' }), NOW_MS, statedMs)).toBe(1000);
  expect(rateLimitWaitMs(new Headers(reset), NOW_MS, statedMs)).toBe(174);
  expect(rateLimitWaitMs(new Headers(reset), NOW_MS)).toBe(360_000);
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
  ['Your limit resets in 3m25s.', 205_000],
  ['try again in 30 days', HOUR_MS],
])('reads the wait in a message: %s', (message, waitMs) => {
  expect(proseWaitMs(message)).toBeCloseTo(waitMs, 6);
});

const retryInfo = (retryDelay: string) => ({
  details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }],
});

test.each([
  ['RetryInfo', '', retryInfo('34.07s'), 34_070],
  ['RetryInfo in an array', '', [{ error: retryInfo('1.441837906s') }], 1441.837906],
  ['RetryInfo that a relay passes on as a string', '', { metadata: { raw: JSON.stringify(retryInfo('7s')) } }, 7000],
  ['RetryInfo that was rounded down', 'Please retry in 1.441s.', retryInfo('1s'), 1441],
  ['RetryInfo above the message', 'Please retry in 1s.', retryInfo('2s'), 2000],
  ['a message only', 'Please retry in 1s.', { details: [] }, 1000],
  ['an absurd RetryInfo', '', retryInfo('86400s'), HOUR_MS],
])('reads the wait in a body: %s', (_name, message, body, waitMs) => {
  expect(statedWaitMs(message, body)).toBeCloseTo(waitMs, 3);
});

test('finds no wait in a body that states none', () => {
  expect(statedWaitMs('Resource exhausted.', { details: [] })).toBeUndefined();
  expect(statedWaitMs('<html>', undefined)).toBeUndefined();
});

test.each([
  [
    'Anthropic',
    {
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': '2026-01-01T12:00:40Z',
      'anthropic-ratelimit-input-tokens-remaining': '0',
      'anthropic-ratelimit-input-tokens-reset': '2026-01-01T12:00:09Z',
    },
    9000,
  ],
  [
    'Cerebras',
    {
      'x-ratelimit-remaining-requests-day': '12000',
      'x-ratelimit-reset-requests-day': '33011.38',
      'x-ratelimit-remaining-tokens-minute': '0',
      'x-ratelimit-reset-tokens-minute': '11.5',
    },
    11_500,
  ],
  ['OpenRouter', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW_MS + 20_000) }, 20_000],
  ['OpenRouter, a daily limit', { 'x-ratelimit-reset': String(NOW_MS + 12 * HOUR_MS) }, HOUR_MS],
  ['a reset that has passed', { 'x-ratelimit-reset': String(NOW_MS - 20_000) }, undefined],
  [
    'one that is used up beside one that does not say',
    {
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '2s',
    },
    2000,
  ],
])('the limits of %s', (_name, headers, waitMs) => {
  expect(rateLimitWaitMs(new Headers(headers as Record<string, string>), NOW_MS)).toBe(waitMs);
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

test('the wait is 0 to an hour for any headers and message', () => {
  const value = fc.oneof(fc.string({ unit: 'grapheme-ascii' }), fc.double().map(String), fc.date().map(String));
  const name = fc.constantFrom(
    'retry-after',
    'retry-after-ms',
    'x-ms-retry-after-ms',
    'anthropic-ratelimit-tokens-reset',
    'x-ratelimit-reset',
    'x-ratelimit-reset-tokens',
    'date',
  );
  fc.assert(
    fc.property(fc.dictionary(name, value), fc.string(), (headers, message) => {
      const waitMs = rateLimitWaitMs(
        { get: (key) => headers[key] ?? null },
        NOW_MS,
        statedWaitMs(message, { headers }),
      );
      expect(waitMs === undefined || (waitMs >= 0 && waitMs <= HOUR_MS)).toBe(true);
    }),
  );
});
