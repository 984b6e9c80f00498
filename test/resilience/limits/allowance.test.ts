/** What is left, as the provider told it. */

import { expect, test } from 'vitest';
import { RemainingQuota } from '../../../src/resilience/limits/provider-limits.ts';

const TOLD = { limit: 10, resetMs: 60_000, perMinute: true };

test('before anything is told, nothing is blocked', () => {
  expect(new RemainingQuota().blockedUntilMs(1_000_000, 0)).toBeUndefined();
});

test('what is left may be sent, and no more, until the limit is full again', () => {
  const allowance = new RemainingQuota();
  const sent = allowance.send(1);
  allowance.end(1);
  allowance.hear(sent, { ...TOLD, remaining: 2 }, 1_000);
  for (let call = 0; call < 2; call += 1) {
    expect(allowance.blockedUntilMs(1, 1_000)).toBeUndefined();
    allowance.send(1);
    allowance.end(1);
  }
  expect(allowance.blockedUntilMs(1, 1_000)).toBe(61_000);
  expect(allowance.blockedUntilMs(1, 61_000)).toBeUndefined();
});

test('what left after the answered request, and what was under way before it, is taken off', () => {
  const allowance = new RemainingQuota();
  allowance.send(1);
  const sent = allowance.send(1);
  allowance.send(1);
  allowance.hear(sent, { ...TOLD, remaining: 3 }, 0);
  expect(allowance.blockedUntilMs(1, 0)).toBeUndefined();
  allowance.send(1);
  expect(allowance.blockedUntilMs(1, 0)).toBe(60_000);
});

test('an answer to an older request, which comes later, is not believed', () => {
  const allowance = new RemainingQuota();
  const older = allowance.send(1);
  const newer = allowance.send(1);
  allowance.hear(newer, { ...TOLD, remaining: 0 }, 0);
  allowance.hear(older, { ...TOLD, remaining: 9 }, 0);
  expect(allowance.blockedUntilMs(1, 0)).toBe(60_000);
});

test('when the limit is full again, it is not more than the limit', () => {
  const allowance = new RemainingQuota();
  const sent = allowance.send(1);
  allowance.end(1);
  allowance.hear(sent, { ...TOLD, remaining: 0 }, 0);
  for (let call = 0; call < 10; call += 1) {
    expect(allowance.blockedUntilMs(1, 60_000)).toBeUndefined();
    allowance.send(1);
  }
  expect(allowance.blockedUntilMs(1, 60_000)).toBe(120_000);
});

test('what was not sent after all is not taken off', () => {
  const allowance = new RemainingQuota();
  const sent = allowance.send(1);
  allowance.hear(sent, { ...TOLD, remaining: 1 }, 0);
  allowance.send(1);
  allowance.cancel(1);
  expect(allowance.blockedUntilMs(1, 0)).toBeUndefined();
});

test('what is larger than the whole limit may go when all of it is left', () => {
  const allowance = new RemainingQuota();
  const sent = allowance.send(1);
  allowance.end(1);
  allowance.hear(sent, { ...TOLD, remaining: 9 }, 0);
  expect(allowance.blockedUntilMs(50, 0)).toBe(60_000);
  expect(allowance.blockedUntilMs(50, 60_000)).toBeUndefined();
});
