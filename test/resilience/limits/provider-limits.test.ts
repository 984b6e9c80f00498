/** Rate-limit headers count, also after a provider has sent no such headers for long. */

import { expect, test } from 'vitest';
import { ProviderLimits } from '../../../src/resilience/limits/provider-limits.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';

const SILENT = new Headers({ 'content-type': 'application/json' });
const NOTHING_LEFT = new Headers({ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-limit-requests': '60' });

/** Responses of one provider, after each of which the next request may be blocked. */
function world() {
  const clock = new ManualClock();
  const limits = new ProviderLimits(clock);
  const isBlocked = (): boolean => limits.blockedUntilMs(1, clock.now()) !== undefined;
  const answer = (headers: Headers, isRefusal = false): void => {
    const sent = limits.send(1);
    limits.observe(sent, headers, isRefusal);
    limits.end(1, 1, clock.now());
  };
  return { answer, isBlocked };
}

test('reads the first response that advertises a limit', () => {
  const { answer, isBlocked } = world();
  for (let count = 0; count < 15; count += 1) answer(SILENT);
  answer(NOTHING_LEFT);
  expect(isBlocked()).toBe(true);
});

test('after a thousand responses without headers, reads one of the next eight', () => {
  const { answer, isBlocked } = world();
  for (let count = 0; count < 1_000; count += 1) answer(SILENT);
  let advertised = 0;
  while (!isBlocked() && advertised < 100) {
    answer(NOTHING_LEFT);
    advertised += 1;
  }
  expect(advertised).toBeLessThanOrEqual(8);
});

test('reads every response again once one had headers', () => {
  const { answer, isBlocked } = world();
  for (let count = 0; count < 1_000; count += 1) answer(SILENT);
  for (let count = 0; count < 8; count += 1) answer(new Headers({ 'x-ratelimit-remaining-requests': '50' }));
  expect(isBlocked()).toBe(false);
  answer(NOTHING_LEFT);
  expect(isBlocked()).toBe(true);
});

test('always reads a refusal: some providers send headers nowhere else', () => {
  const { answer, isBlocked } = world();
  for (let count = 0; count < 1_000; count += 1) answer(SILENT);
  answer(NOTHING_LEFT, true);
  expect(isBlocked()).toBe(true);
});
