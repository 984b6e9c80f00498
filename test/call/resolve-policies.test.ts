import { describe, expect, test } from 'vitest';
import { resolveBreaker, resolveDispatch } from '../../src/call/resolve-policies.ts';
import { resolveOptions } from '../../src/runtime/resolve-options.ts';
import { refusalOf } from '../support/message-of.ts';

const DURATION = "should be a number of ms or a string like '250ms', '30s', '5m', '4h', '1d'";

describe('retries, time-outs and streams', () => {
  test('have defaults', () => {
    expect(resolveDispatch({})).toEqual({
      attempts: undefined,
      minDelayMs: 500,
      maxRetryAfterMs: 60_000,
      maxDelayMs: 8_000,
      deadlineMs: undefined,
      firstChunkMs: Infinity,
      idleMs: Infinity,
      streamMode: 'committed',
      maxBufferBytes: 4 * 1024 * 1024,
    });
  });

  test('can be set in all', () => {
    const retry = { attempts: 0, minDelay: 0, maxDelay: '1s', maxRetryAfter: '5s' } as const;
    const timeouts = { deadline: '20s', firstChunk: '5s', idle: 900 } as const;
    const stream = { mode: 'buffered', maxBufferBytes: 1_000 } as const;
    expect(resolveDispatch({ retry, timeouts, stream })).toEqual({
      attempts: 0,
      minDelayMs: 0,
      maxDelayMs: 1_000,
      maxRetryAfterMs: 5_000,
      deadlineMs: 20_000,
      firstChunkMs: 5_000,
      idleMs: 900,
      streamMode: 'buffered',
      maxBufferBytes: 1_000,
    });
  });

  test('a minDelay above the default of maxDelay raises maxDelay', () => {
    expect(resolveDispatch({ retry: { minDelay: '20s' } })).toMatchObject({ minDelayMs: 20_000, maxDelayMs: 20_000 });
  });

  test.each([0, 0.5, 1])('accepts the budget %d', (budget) => {
    expect(resolveOptions({ retry: { budget } }, {}).retryShare).toBe(budget);
  });

  test.each([
    [{ attempts: -1 }, 'canary.retry.attempts should be a whole number between 0 and 100, got -1'],
    [{ attempts: 1.5 }, 'canary.retry.attempts should be a whole number between 0 and 100, got 1.5'],
    [{ attempts: 101 }, 'canary.retry.attempts should be a whole number between 0 and 100, got 101'],
    [{ attempts: null }, 'canary.retry.attempts should be a whole number between 0 and 100, got null'],
    [{ budget: 20 }, 'canary.retry.budget should be between 0 and 1, got 20'],
    [{ budget: null }, 'canary.retry.budget should be between 0 and 1, got null'],
    [{ minDelay: '60 sec' }, `canary.retry.minDelay ${DURATION}, got "60 sec"`],
    [{ minDelay: -1 }, `canary.retry.minDelay ${DURATION}, got -1`],
    [{ maxDelay: Number.NaN }, `canary.retry.maxDelay ${DURATION}, got NaN`],
    [{ maxDelay: '' }, `canary.retry.maxDelay ${DURATION}, got ""`],
    [{ minDelay: null }, `canary.retry.minDelay ${DURATION}, got null`],
    [
      { minDelay: '2s', maxDelay: '1s' },
      'canary.retry.minDelay should not be longer than maxDelay (1000 ms), got 2000 ms',
    ],
  ])('rejects retry %j', (retry, message) => {
    expect(refusalOf({ retry })).toBe(message);
  });

  test.each(['deadline', 'firstChunk', 'idle'])('rejects a %s that is not a duration', (name) => {
    const rule = new RegExp(`^canary\\.timeouts\\.${name} should be a number of ms .*, above 0, got `);
    for (const value of [0, -1, '0s', 'soon', Number.NaN, null, '']) {
      expect(refusalOf({ timeouts: { [name]: value } })).toMatch(rule);
    }
  });

  test('accepts the mode of streams instead of an object', () => {
    expect(resolveDispatch({ stream: 'buffered' })).toMatchObject({
      streamMode: 'buffered',
      maxBufferBytes: 4 * 1024 * 1024,
    });
  });

  test.each([
    ['whole', 'canary.stream should be one of committed, buffered, got "whole"'],
    [{ mode: 'whole' }, 'canary.stream.mode should be one of committed, buffered, got "whole"'],
    [{ maxBufferBytes: 0 }, 'canary.stream.maxBufferBytes should be a number, at least 1, got 0'],
  ])('rejects stream %j', (stream, message) => {
    expect(refusalOf({ stream })).toBe(message);
  });
});

describe('a breaker', () => {
  test('has defaults', () => {
    expect(resolveBreaker({})).toEqual({
      errorRate: 0.5,
      windowMs: 30_000,
      minCalls: 20,
      consecutive: 5,
      openForMs: 5_000,
      maxOpenForMs: 15_000,
      probes: 3,
    });
  });

  test('can be set in all', () => {
    const breaker = { errorRate: 0.1, window: '1m', minCalls: 1, consecutive: 2, probes: 1 } as const;
    expect(resolveBreaker({ ...breaker, openFor: '1s', maxOpenFor: 1_000 })).toEqual({
      errorRate: 0.1,
      windowMs: 60_000,
      minCalls: 1,
      consecutive: 2,
      openForMs: 1_000,
      maxOpenForMs: 1_000,
      probes: 1,
    });
  });

  test('raises maxOpenFor with an openFor above its default', () => {
    expect(resolveBreaker({ openFor: '10m' })).toMatchObject({ openForMs: 600_000, maxOpenForMs: 600_000 });
  });

  test('is absent only if it is false', () => {
    expect(resolveOptions({ breaker: false }, {}).breaker).toBeUndefined();
    expect(resolveOptions({ breaker: {} }, {}).breaker).toEqual(resolveBreaker({}));
    expect(resolveOptions({}, {}).breaker).toEqual(resolveBreaker({}));
    expect(refusalOf({ breaker: true })).toBe('canary.breaker should be an object, got true');
  });

  test.each([
    [{ errorRate: 50 }, 'canary.breaker.errorRate should be between 0 and 1, got 50'],
    [{ errorRate: null }, 'canary.breaker.errorRate should be between 0 and 1, got null'],
    [{ window: 0 }, `canary.breaker.window ${DURATION}, above 0, got 0`],
    [{ minCalls: 0 }, 'canary.breaker.minCalls should be a whole number, at least 1, got 0'],
    [{ consecutive: 2.5 }, 'canary.breaker.consecutive should be a whole number, at least 1, got 2.5'],
    [{ consecutive: Infinity }, 'canary.breaker.consecutive should be a whole number, at least 1, got Infinity'],
    [{ probes: 0 }, 'canary.breaker.probes should be a whole number, at least 1, got 0'],
    [{ openFor: '10 s' }, `canary.breaker.openFor ${DURATION}, above 0, got "10 s"`],
    [{ maxOpenFor: -5 }, `canary.breaker.maxOpenFor ${DURATION}, above 0, got -5`],
    [
      { openFor: '10m', maxOpenFor: '5m' },
      'canary.breaker.openFor should not be longer than maxOpenFor (300000 ms), got 600000 ms',
    ],
  ])('rejects %j', (breaker, message) => {
    expect(refusalOf({ breaker })).toBe(message);
  });
});
