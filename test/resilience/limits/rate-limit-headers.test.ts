/** Rate-limit headers of providers, as recorded and as documented. */

import { expect, test } from 'vitest';
import { advertisedIn, type AdvertisedLimits } from '../../../src/resilience/limits/rate-limit-headers.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

const CASES: readonly { name: string; headers: Record<string, string>; advertised: AdvertisedLimits }[] = [
  {
    name: 'OpenAI, recorded',
    headers: {
      'x-ratelimit-limit-requests': '3500',
      'x-ratelimit-remaining-requests': '3499',
      'x-ratelimit-reset-requests': '17ms',
      'x-ratelimit-limit-tokens': '90000',
      'x-ratelimit-remaining-tokens': '89991',
      'x-ratelimit-reset-tokens': '6m0s',
    },
    advertised: {
      requests: { remaining: 3_499, limit: 3_500, resetMs: 17, perMinute: true },
      tokens: { remaining: 89_991, limit: 90_000, resetMs: 360_000, perMinute: true },
    },
  },
  {
    name: 'Anthropic, recorded',
    headers: {
      date: new Date(NOW_MS).toUTCString(),
      'anthropic-ratelimit-requests-limit': '5',
      'anthropic-ratelimit-requests-remaining': '4',
      'anthropic-ratelimit-requests-reset': new Date(NOW_MS + 12_000).toISOString(),
      'anthropic-ratelimit-tokens-limit': '10000',
      'anthropic-ratelimit-tokens-remaining': '10000',
      'anthropic-ratelimit-tokens-reset': new Date(NOW_MS - 1_000).toISOString(),
    },
    advertised: {
      requests: { remaining: 4, limit: 5, resetMs: 12_000, perMinute: true },
      tokens: { remaining: 10_000, limit: 10_000, resetMs: 0, perMinute: true },
    },
  },
  {
    name: 'Mistral, recorded: no reset',
    headers: {
      'x-ratelimit-limit-req-minute': '60',
      'x-ratelimit-remaining-req-minute': '59',
      'x-ratelimit-limit-tokens-minute': '75000',
      'x-ratelimit-remaining-tokens-minute': '74932',
    },
    advertised: {
      requests: { remaining: 59, limit: 60, resetMs: undefined, perMinute: true },
      tokens: { remaining: 74_932, limit: 75_000, resetMs: undefined, perMinute: true },
    },
  },
  {
    name: 'a relay with a limit of unknown period and a time in ms',
    headers: {
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(NOW_MS + 1_500),
    },
    advertised: { requests: { remaining: 0, limit: 2, resetMs: 1_500, perMinute: false }, tokens: undefined },
  },
  {
    name: 'the names of the draft standard',
    headers: { 'ratelimit-limit': '100', 'ratelimit-remaining': '50', 'ratelimit-reset': '30' },
    advertised: { requests: { remaining: 50, limit: 100, resetMs: 30_000, perMinute: false }, tokens: undefined },
  },
  {
    name: 'a time in seconds',
    headers: { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': String(NOW_MS / 1_000 + 7) },
    advertised: { requests: { remaining: 0, limit: undefined, resetMs: 7_000, perMinute: true }, tokens: undefined },
  },
  {
    name: 'a value that is not a number, and -1 for no limit',
    headers: { 'x-ratelimit-remaining-requests': 'many', 'x-ratelimit-remaining-tokens': '-1' },
    advertised: { requests: undefined, tokens: undefined },
  },
  {
    name: 'a limit of 0',
    headers: { 'x-ratelimit-limit-requests': '0', 'x-ratelimit-remaining-requests': '0' },
    advertised: { requests: undefined, tokens: undefined },
  },
  {
    name: 'a reset in a year',
    headers: { 'ratelimit-remaining': '0', 'ratelimit-reset': '31536000' },
    advertised: {
      requests: { remaining: 0, limit: undefined, resetMs: 86_400_000, perMinute: false },
      tokens: undefined,
    },
  },
  { name: 'no headers', headers: {}, advertised: { requests: undefined, tokens: undefined } },
];

test.each(CASES)('$name', ({ headers, advertised }) => {
  expect(advertisedIn(new Headers(headers), NOW_MS)).toEqual(advertised);
});
