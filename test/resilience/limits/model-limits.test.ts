/** What answers tell of limits counts, also that of a provider that told nothing for long. */

import { expect, test } from 'vitest';
import { ProviderLimits } from '../../../src/resilience/limits/provider-limits.ts';
import { ManualClock } from '../../../src/testing/manual-clock.ts';

const SILENT = new Headers({ 'content-type': 'application/json' });
const NOTHING_LEFT = new Headers({ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-limit-requests': '60' });

/** Answers of one provider, after each of which the next request may leave or not. */
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

test('the first answer that tells of a limit is heard', () => {
  const { answer, isBlocked } = world();
  for (let count = 0; count < 15; count += 1) answer(SILENT);
  answer(NOTHING_LEFT);
  expect(isBlocked()).toBe(true);
});

test('a provider that was silent for a thousand answers is heard within eight', () => {
  const { answer, isBlocked } = world();
  for (let count = 0; count < 1_000; count += 1) answer(SILENT);
  let told = 0;
  while (!isBlocked() && told < 100) {
    answer(NOTHING_LEFT);
    told += 1;
  }
  expect(told).toBeLessThanOrEqual(8);
});

test('once it has told anything every answer is heard again', () => {
  const { answer, isBlocked } = world();
  for (let count = 0; count < 1_000; count += 1) answer(SILENT);
  for (let count = 0; count < 8; count += 1) answer(new Headers({ 'x-ratelimit-remaining-requests': '50' }));
  expect(isBlocked()).toBe(false);
  answer(NOTHING_LEFT);
  expect(isBlocked()).toBe(true);
});

test('a refusal is always heard: some providers tell nowhere else', () => {
  const { answer, isBlocked } = world();
  for (let count = 0; count < 1_000; count += 1) answer(SILENT);
  answer(NOTHING_LEFT, true);
  expect(isBlocked()).toBe(true);
});
