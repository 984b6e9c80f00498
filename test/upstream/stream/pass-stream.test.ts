/** A stream that nothing is asked of is watched in place. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { passStream } from '../../../src/upstream/stream/guard-stream.ts';
import { isStream } from '../../../src/upstream/sdk/types.ts';
import { LoggingGuard } from '../support/logging-guard.ts';
import { sdkStream, sse } from '../support/sdk-stream.ts';

/** Watches a stream of numbers `{ n }`, and hides some. */
async function watched(body: BodyInit, hides: (n: number) => boolean = () => false) {
  const stream = await sdkStream(body);
  const guard = new LoggingGuard((chunk) => hides((chunk as { n: number }).n));
  passStream(stream, guard);
  const log = {
    get seen() {
      return guard.seen.map((chunk) => (chunk as { n: number }).n);
    },
    ends: guard.ends,
  };
  return { stream, log };
}

const NUMBERS = sse({ n: 1 }, { n: 2 }, { n: 3 }, '[DONE]');

async function numbersOf(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const numbers = [];
  for await (const chunk of stream) numbers.push((chunk as { n: number }).n);
  return numbers;
}

test('the reader gets every chunk, and so does the watch', async () => {
  const { stream, log } = await watched(NUMBERS);
  expect(await numbersOf(stream)).toEqual([1, 2, 3]);
  expect(log).toEqual({ seen: [1, 2, 3], ends: [{ kind: 'done' }] });
});

test('a hidden chunk is seen by the watch alone', async () => {
  const { stream, log } = await watched(NUMBERS, (n) => n === 2);
  expect(await numbersOf(stream)).toEqual([1, 3]);
  expect(log.seen).toEqual([1, 2, 3]);
});

test('a stream whose last chunk is hidden ends as it would without it', async () => {
  const { stream, log } = await watched(NUMBERS, (n) => n === 3);
  expect(await numbersOf(stream)).toEqual([1, 2]);
  expect(log.ends).toEqual([{ kind: 'done' }]);
});

test('both branches of tee() get all chunks in order, also around a hidden one', async () => {
  const { stream, log } = await watched(NUMBERS, (n) => n === 2);
  const [one, other] = stream.tee();
  expect(await Promise.all([numbersOf(one), numbersOf(other)])).toEqual([
    [1, 3],
    [1, 3],
  ]);
  expect(log).toEqual({ seen: [1, 2, 3], ends: [{ kind: 'done' }] });
});

test('toReadableStream() is watched, too', async () => {
  const { stream, log } = await watched(NUMBERS, (n) => n === 2);
  expect(await new Response(stream.toReadableStream()).text()).toBe('{"n":1}\n{"n":3}\n');
  expect(log.ends).toEqual([{ kind: 'done' }]);
});

test('several pulls at once are answered in order', async () => {
  const { stream } = await watched(NUMBERS, (n) => n === 2);
  const iterator = stream[Symbol.asyncIterator]();
  const pulls = await Promise.all([iterator.next(), iterator.next(), iterator.next()]);
  expect(pulls.map(({ value, done }) => [(value as { n: number } | undefined)?.n, done])).toEqual([
    [1, false],
    [3, false],
    [undefined, true],
  ]);
});

test('pulls at once stay in order also over a generator, which older versions of the SDK have', async () => {
  const stream = {
    controller: new AbortController(),
    iterator: async function* (): AsyncGenerator {
      yield* [{ n: 1 }, { n: 2 }, { n: 3 }];
    } as () => AsyncIterator<unknown>,
  };
  passStream(stream, new LoggingGuard((chunk) => (chunk as { n: number }).n === 2));
  const iterator = stream.iterator();
  const pulls = await Promise.all([iterator.next(), iterator.next(), iterator.next()]);
  expect(pulls.map(({ value }) => (value as { n: number } | undefined)?.n)).toEqual([1, 3, undefined]);
});

test('a reader that breaks has aborted, once', async () => {
  const { stream, log } = await watched(NUMBERS);
  for await (const chunk of stream) {
    void chunk;
    break;
  }
  await setImmediate();
  expect(log).toEqual({ seen: [1], ends: [{ kind: 'aborted' }] });
  expect(stream.controller.signal.aborted).toBe(true);
});

test('an abort of a stream that nobody reads ends it', async () => {
  const { stream, log } = await watched(NUMBERS);
  stream.controller.abort();
  expect(log).toEqual({ seen: [], ends: [{ kind: 'aborted' }] });
});

test('an error within the stream is told, not the abort that the SDK makes of it', async () => {
  const { stream, log } = await watched(sse({ n: 1 }, { error: { message: 'Overloaded.' } }));
  await expect(numbersOf(stream)).rejects.toThrow('Overloaded.');
  expect(log.seen).toEqual([1]);
  expect(log.ends).toMatchObject([{ kind: 'error', error: { message: 'Overloaded.' } }]);
});

test('a second reader gets the SDK’s own error, of which the watch hears nothing', async () => {
  const { stream, log } = await watched(NUMBERS);
  await numbersOf(stream);
  await expect(numbersOf(stream)).rejects.toThrow(/iterate/);
  expect(log.ends).toEqual([{ kind: 'done' }]);
});

test('only a stream is a stream', async () => {
  expect(isStream(await sdkStream(NUMBERS))).toBe(true);
  for (const value of [undefined, null, 'text', {}, { controller: {} }, { iterator: 1, controller: {} }]) {
    expect(isStream(value)).toBe(false);
  }
});
