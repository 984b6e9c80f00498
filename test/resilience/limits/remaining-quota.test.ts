/** The remaining quota that a provider advertises. */

import { expect, test } from 'vitest';
import { RemainingQuota } from '../../../src/resilience/limits/provider-limits.ts';

const ADVERTISED = { limit: 10, resetMs: 60_000, perMinute: true };

test('blocks nothing before a limit is advertised', () => {
  expect(new RemainingQuota().blockedUntilMs(1_000_000, 0)).toBeUndefined();
});

test('allows the remaining quota, and no more, until the limit resets', () => {
  const quota = new RemainingQuota();
  const sent = quota.send(1);
  quota.end(1);
  quota.observe(sent, { ...ADVERTISED, remaining: 2 }, 1_000);
  for (let call = 0; call < 2; call += 1) {
    expect(quota.blockedUntilMs(1, 1_000)).toBeUndefined();
    quota.send(1);
    quota.end(1);
  }
  expect(quota.blockedUntilMs(1, 1_000)).toBe(61_000);
  expect(quota.blockedUntilMs(1, 61_000)).toBeUndefined();
});

test('subtracts requests sent after the answered one, and those in flight before it', () => {
  const quota = new RemainingQuota();
  quota.send(1);
  const sent = quota.send(1);
  quota.send(1);
  quota.observe(sent, { ...ADVERTISED, remaining: 3 }, 0);
  expect(quota.blockedUntilMs(1, 0)).toBeUndefined();
  quota.send(1);
  expect(quota.blockedUntilMs(1, 0)).toBe(60_000);
});

test('ignores a late response to an older request', () => {
  const quota = new RemainingQuota();
  const older = quota.send(1);
  const newer = quota.send(1);
  quota.observe(newer, { ...ADVERTISED, remaining: 0 }, 0);
  quota.observe(older, { ...ADVERTISED, remaining: 9 }, 0);
  expect(quota.blockedUntilMs(1, 0)).toBe(60_000);
});

test('allows no more than the limit after a reset', () => {
  const quota = new RemainingQuota();
  const sent = quota.send(1);
  quota.end(1);
  quota.observe(sent, { ...ADVERTISED, remaining: 0 }, 0);
  for (let call = 0; call < 10; call += 1) {
    expect(quota.blockedUntilMs(1, 60_000)).toBeUndefined();
    quota.send(1);
  }
  expect(quota.blockedUntilMs(1, 60_000)).toBe(120_000);
});

test('does not subtract a cancelled request', () => {
  const quota = new RemainingQuota();
  const sent = quota.send(1);
  quota.observe(sent, { ...ADVERTISED, remaining: 1 }, 0);
  quota.send(1);
  quota.cancel(1);
  expect(quota.blockedUntilMs(1, 0)).toBeUndefined();
});

test('allows an amount above the whole limit when all of it remains', () => {
  const quota = new RemainingQuota();
  const sent = quota.send(1);
  quota.end(1);
  quota.observe(sent, { ...ADVERTISED, remaining: 9 }, 0);
  expect(quota.blockedUntilMs(50, 0)).toBe(60_000);
  expect(quota.blockedUntilMs(50, 60_000)).toBeUndefined();
});
