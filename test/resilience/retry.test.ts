import { AbortError } from 'p-retry';
import { APIUserAbortError, InternalServerError } from 'openai';
import { expect, test, vi } from 'vitest';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { retryAfter, type RetryInput } from '../../src/resilience/retry.ts';
import { sleep } from '../../src/time/wait.ts';

const failsWith = (error: unknown) => () => Promise.reject(error);

/** Up to five retries without waits, of which the first succeeds. */
const input = (changes: Partial<RetryInput<string>> = {}): RetryInput<string> => ({
  retries: 5,
  again: () => Promise.resolve('second'),
  delayBefore: () => 0,
  sleep: () => Promise.resolve(),
  ...changes,
});

test('retries a failed call', async () => {
  expect(await retryAfter(new Error('one'), input())).toBe('second');
});

test('counts retries from 0 and decides each wait by the error before it', async () => {
  const errors = [new Error('0'), new Error('1'), new Error('2')];
  const seen: unknown[] = [];
  const tried: number[] = [];
  const result = retryAfter(
    errors[0],
    input({
      again: (index) => {
        tried.push(index);
        return index < 2 ? Promise.reject(errors[index + 1]) : Promise.resolve('third');
      },
      delayBefore: (error, index) => {
        seen.push([error, index]);
        return 0;
      },
    }),
  );
  expect(await result).toBe('third');
  expect(tried).toEqual([0, 1, 2]);
  expect(seen).toEqual(errors.map((error, index) => [error, index]));
});

test('does not retry without a wait', async () => {
  const again = vi.fn(() => Promise.resolve('second'));
  const error = new Error('final');
  await expect(retryAfter(error, input({ again, delayBefore: () => undefined }))).rejects.toBe(error);
  expect(again).not.toHaveBeenCalled();
});

test('makes no more retries than allowed and rejects with the last error', async () => {
  let tries = 0;
  const again = () => Promise.reject(new Error(`retry ${(tries += 1)}`));
  await expect(retryAfter(new Error('first'), input({ again, retries: 3 }))).rejects.toThrow('retry 3');
  expect(tries).toBe(3);
});

test.each([0, -1, NaN])('with %s retries, rejects with the first error and asks for no wait', async (retries) => {
  const delayBefore = vi.fn(() => 0);
  const error = new Error('only');
  await expect(retryAfter(error, input({ retries, delayBefore }))).rejects.toBe(error);
  expect(delayBefore).not.toHaveBeenCalled();
});

test('waits on the injected clock before a retry', async () => {
  const clock = new ManualClock();
  const again = vi.fn(() => Promise.resolve('second'));
  const result = retryAfter(
    new Error('one'),
    input({ again, delayBefore: () => 1000, sleep: (delayMs) => sleep(clock, delayMs) }),
  );
  await clock.advance(999);
  expect(again).not.toHaveBeenCalled();
  await clock.advance(1);
  expect(await result).toBe('second');
});

test('an abort while waiting rejects with the SDK’s abort error and ends the retries', async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const again = vi.fn(() => Promise.resolve('second'));
  const result = retryAfter(
    new Error('one'),
    input({ again, delayBefore: () => 1000, sleep: (delayMs) => sleep(clock, delayMs, controller.signal) }),
  );
  const rejection = result.catch((error: unknown) => error);
  await clock.advance(10);
  controller.abort();
  expect(await rejection).toBeInstanceOf(APIUserAbortError);
  await clock.advance(5000);
  expect(again).not.toHaveBeenCalled();
});

const thrown: readonly (readonly [string, unknown])[] = [
  ['an SDK error', new InternalServerError(500, { message: 'down' }, undefined, new Headers())],
  ['a TypeError that is not about the network', new TypeError('x is not a function')],
  ['a TypeError of fetch', new TypeError('fetch failed')],
  ['an AbortError of p-retry', new AbortError(new Error('inner'))],
  ['a frozen error', Object.freeze(new Error('frozen'))],
  ['a string', 'a string'],
  ['undefined', undefined],
];

test.each(thrown)('retries after %s', async (_name, error) => {
  expect(await retryAfter(error, input())).toBe('second');
});

test.each(thrown)('rejects with the very same value, unchanged: %s', async (_name, error) => {
  const describe = () => (error instanceof Error ? Reflect.ownKeys(error) : []);
  const before = describe();
  const again = failsWith(error);
  const result = await retryAfter(error, input({ again, retries: 2 })).catch((caught: unknown) => [caught]);
  expect(result[0]).toBe(error);
  expect(describe()).toEqual(before);
});

test('an error thrown by delayBefore is passed on', async () => {
  const mistake = new Error('mistake');
  const delayBefore = (): number => {
    throw mistake;
  };
  await expect(retryAfter(new Error('one'), input({ delayBefore }))).rejects.toBe(mistake);
});
