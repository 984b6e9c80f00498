/** A stream without checks is watched in place. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { passStream } from '../../../src/upstream/stream/guard-stream.ts';
import { isStream } from '../../../src/upstream/sdk/types.ts';
import { LoggingGuard } from '../support/logging-guard.ts';
import { sdkStream, sse } from '../support/sdk-stream.ts';

/** Watches a stream of numbers `{ n }` and hides some. */
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

test('shows every chunk to the reader and to the guard', async () => {
  const { stream, log } = await watched(NUMBERS);
  expect(await numbersOf(stream)).toEqual([1, 2, 3]);
  expect(log).toEqual({ seen: [1, 2, 3], ends: [{ kind: 'done' }] });
});

test('shows a hidden chunk only to the guard', async () => {
  const { stream, log } = await watched(NUMBERS, (n) => n === 2);
  expect(await numbersOf(stream)).toEqual([1, 3]);
  expect(log.seen).toEqual([1, 2, 3]);
});

test('ends normally when the last chunk is hidden', async () => {
  const { stream, log } = await watched(NUMBERS, (n) => n === 3);
  expect(await numbersOf(stream)).toEqual([1, 2]);
  expect(log.ends).toEqual([{ kind: 'done' }]);
});

test('gives all chunks in order to both branches of tee(), around a hidden one', async () => {
  const { stream, log } = await watched(NUMBERS, (n) => n === 2);
  const [one, other] = stream.tee();
  expect(await Promise.all([numbersOf(one), numbersOf(other)])).toEqual([
    [1, 3],
    [1, 3],
  ]);
  expect(log).toEqual({ seen: [1, 2, 3], ends: [{ kind: 'done' }] });
});

test('watches toReadableStream()', async () => {
  const { stream, log } = await watched(NUMBERS, (n) => n === 2);
  expect(await new Response(stream.toReadableStream()).text()).toBe('{"n":1}\n{"n":3}\n');
  expect(log.ends).toEqual([{ kind: 'done' }]);
});

test('answers concurrent reads in order', async () => {
  const { stream } = await watched(NUMBERS, (n) => n === 2);
  const iterator = stream[Symbol.asyncIterator]();
  const pulls = await Promise.all([iterator.next(), iterator.next(), iterator.next()]);
  expect(pulls.map(({ value, done }) => [(value as { n: number } | undefined)?.n, done])).toEqual([
    [1, false],
    [3, false],
    [undefined, true],
  ]);
});

test('answers concurrent reads in order over a generator, as in older SDKs', async () => {
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

test('aborts once when the reader breaks', async () => {
  const { stream, log } = await watched(NUMBERS);
  for await (const chunk of stream) {
    void chunk;
    break;
  }
  await setImmediate();
  expect(log).toEqual({ seen: [1], ends: [{ kind: 'aborted' }] });
  expect(stream.controller.signal.aborted).toBe(true);
});

test('ends an unread stream on abort', async () => {
  const { stream, log } = await watched(NUMBERS);
  stream.controller.abort();
  expect(log).toEqual({ seen: [], ends: [{ kind: 'aborted' }] });
});

test('reports an error within the stream, not the abort that the SDK makes of it', async () => {
  const { stream, log } = await watched(sse({ n: 1 }, { error: { message: 'Overloaded.' } }));
  await expect(numbersOf(stream)).rejects.toThrow('Overloaded.');
  expect(log.seen).toEqual([1]);
  expect(log.ends).toMatchObject([{ kind: 'error', error: { message: 'Overloaded.' } }]);
});

test('gives a second reader the SDK’s own error, and does not report it', async () => {
  const { stream, log } = await watched(NUMBERS);
  await numbersOf(stream);
  await expect(numbersOf(stream)).rejects.toThrow(/iterate/);
  expect(log.ends).toEqual([{ kind: 'done' }]);
});

test('recognizes a stream', async () => {
  expect(isStream(await sdkStream(NUMBERS))).toBe(true);
  for (const value of [undefined, null, 'text', {}, { controller: {} }, { iterator: 1, controller: {} }]) {
    expect(isStream(value)).toBe(false);
  }
});
