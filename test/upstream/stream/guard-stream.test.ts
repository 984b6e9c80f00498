/** How a stream is held back, given and left. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../src/testing/index.ts';
import { guardStream } from '../../../src/upstream/stream/guard-stream.ts';
import type { ReaderGuard, StreamEnd, StreamStage } from '../../../src/upstream/stream/guarded-reader.ts';
import { IdleTimeout } from '../../../src/upstream/stream/idle-timeout.ts';

type Step = string | Error | Promise<string>;

/** A stream of steps, as the SDK's is built: it aborts its own controller when its reader leaves. */
class FakeStream {
  readonly controller = new AbortController();
  readonly #steps: Step[];
  /** How many steps have been read. */
  read = 0;
  returned = false;
  #opened = false;

  constructor(steps: readonly Step[]) {
    this.#steps = [...steps];
  }

  iterator = (): AsyncIterator<unknown> => {
    if (this.#opened) throw new RangeError('consumed');
    this.#opened = true;
    return {
      next: async () => {
        const step = await this.#steps.shift();
        if (step === undefined || this.controller.signal.aborted) return { done: true, value: undefined };
        this.read += 1;
        if (step instanceof Error) throw step;
        return { done: false, value: step };
      },
      return: async (value) => {
        this.returned = true;
        this.controller.abort();
        return { done: true, value };
      },
    };
  };
}

interface Told {
  readonly how: StreamEnd;
  readonly stage: StreamStage;
}

/** Commits at the first word that begins with a capital letter, and hides `(…)`; its ends are what `says` says. */
function guarded(steps: readonly Step[], { says = (): unknown => undefined, ...options }: GuardOptions = {}) {
  const stream = new FakeStream(steps);
  const clock = new ManualClock();
  const seen: unknown[] = [];
  const ends: Told[] = [];
  const guard: ReaderGuard = {
    see: (chunk) => void seen.push(chunk),
    hides: (chunk) => String(chunk).startsWith('('),
    isCommitted: () => seen.some((chunk) => /^[A-Z]/.test(String(chunk))),
    onEnd: (how, stage) => {
      ends.push({ how, stage });
      return says(how);
    },
    idle: new IdleTimeout(clock, 1_000, () => undefined),
    drains: false,
    ...options,
  };
  return { stream, clock, seen, ends, ready: guardStream(stream, guard) };
}

type GuardOptions = Partial<ReaderGuard> & { readonly says?: (how: StreamEnd) => unknown };

async function rest(iterator: AsyncIterator<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for (let step = await iterator.next(); !step.done; step = await iterator.next()) values.push(step.value);
  return values;
}

test('a stream is read up to its commitment, and given whole and in order', async () => {
  const { stream, ready, ends } = guarded(['a', 'b', 'C', 'd']);
  await ready;
  expect(stream.read).toBe(3);
  expect(await rest(stream.iterator())).toEqual(['a', 'b', 'C', 'd']);
  expect(ends).toEqual([{ how: { kind: 'done' }, stage: 'committed' }]);
});

test('a stream that ends before its commitment without complaint is given as it is', async () => {
  const { stream, ready, ends } = guarded(['a', 'b']);
  await ready;
  expect(ends).toEqual([{ how: { kind: 'done' }, stage: 'held' }]);
  const iterator = stream.iterator();
  expect(await rest(iterator)).toEqual(['a', 'b']);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test.each<[string, readonly Step[], StreamEnd['kind']]>([
  ['ends', ['a'], 'done'],
  ['throws', ['a', new Error('Cut.')], 'error'],
])('a stream that %s before its commitment rejects with what the guard says', async (_name, steps, kind) => {
  const error = new Error('Not whole.');
  const { ready, ends } = guarded(steps, { says: () => error });
  await expect(ready).rejects.toBe(error);
  expect(ends).toMatchObject([{ how: { kind }, stage: 'held' }]);
});

test('a committed stream ends by what the guard says, once', async () => {
  const error = new Error('Not whole.');
  const { stream, ready } = guarded(['A', 'b'], { says: () => error });
  await ready;
  const iterator = stream.iterator();
  await iterator.next();
  await iterator.next();
  await expect(iterator.next()).rejects.toBe(error);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('where the guard says nothing of an error, the stream throws its own', async () => {
  const error = new Error('Cut.');
  const { stream, ready } = guarded(['A', error]);
  await ready;
  const iterator = stream.iterator();
  await iterator.next();
  await expect(iterator.next()).rejects.toBe(error);
});

test('what the guard hides is seen and not given, before the commitment and after it', async () => {
  const { stream, ready, seen } = guarded(['(a)', 'b', 'C', '(d)', '(e)', 'f']);
  await ready;
  expect(await rest(stream.iterator())).toEqual(['b', 'C', 'f']);
  expect(seen).toEqual(['(a)', 'b', 'C', '(d)', '(e)', 'f']);
});

test('pulls that do not wait for each other keep the order', async () => {
  const { stream, ready } = guarded(['a', 'B', '(c)', 'd', '(e)', 'f']);
  await ready;
  const iterator = stream.iterator();
  const results = await Promise.all(Array.from({ length: 6 }, () => iterator.next()));
  expect(results.map(({ value }) => value as unknown)).toEqual(['a', 'B', 'd', 'f', undefined, undefined]);
});

test('a second reader gets what the SDK says to it', async () => {
  const { stream, ready } = guarded(['A']);
  await ready;
  await rest(stream.iterator());
  expect(() => stream.iterator()).toThrow('consumed');
});

test('a reader that leaves closes the source, has aborted, and gets nothing more of what was held', async () => {
  const { stream, ready, ends } = guarded(['a', 'b', 'C', 'd']);
  await ready;
  const iterator = stream.iterator();
  await iterator.next();
  expect(await iterator.return!('x')).toEqual({ done: true, value: 'x' });
  expect(stream.returned).toBe(true);
  expect(ends).toEqual([{ how: { kind: 'aborted' }, stage: 'left' }]);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('an abort while nothing is awaited is told at once, and takes back what was held', async () => {
  const { stream, ready, ends } = guarded(['a', 'B', 'c']);
  await ready;
  stream.controller.abort();
  expect(ends).toEqual([{ how: { kind: 'aborted' }, stage: 'committed' }]);
  expect(await rest(stream.iterator())).toEqual([]);
});

test('an abort takes back also what was held of a stream that has come whole', async () => {
  const { stream, ready, ends } = guarded(['a', 'b', 'c']);
  await ready;
  const iterator = stream.iterator();
  await iterator.next();
  stream.controller.abort();
  expect(await rest(iterator)).toEqual([]);
  expect(ends).toEqual([{ how: { kind: 'done' }, stage: 'held' }]);
});

test('an abort of ours while nothing is awaited is thrown after what was held', async () => {
  const error = new Error('Time is up.');
  const { stream, ready } = guarded(['a', 'B', 'c'], { says: () => error });
  await ready;
  stream.controller.abort();
  const iterator = stream.iterator();
  expect([(await iterator.next()).value, (await iterator.next()).value]).toEqual(['a', 'B']);
  await expect(iterator.next()).rejects.toBe(error);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('an abort while a chunk is awaited is told by what comes of it', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { stream, ready, ends } = guarded(['A', promise]);
  await ready;
  const iterator = stream.iterator();
  await iterator.next();
  const next = iterator.next();
  stream.controller.abort();
  expect(ends).toEqual([]);
  resolve('b');
  expect((await next).done).toBe(true);
  expect(ends).toEqual([{ how: { kind: 'aborted' }, stage: 'committed' }]);
});

test('a stream that drains is read on when its reader leaves, and told when it has ended', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { stream, ready, seen, ends } = guarded(['A', 'b', promise, 'd'], { drains: true });
  await ready;
  const iterator = stream.iterator();
  await iterator.return!();
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  expect([stream.returned, ends]).toEqual([false, []]);
  resolve('c');
  await setImmediate();
  expect(seen).toEqual(['A', 'b', 'c', 'd']);
  expect(ends).toEqual([{ how: { kind: 'aborted' }, stage: 'left' }]);
});

test('an error of a stream that drains is told as the leaving that it was', async () => {
  const { stream, ready, ends } = guarded(['A', new Error('Cut.')], { drains: true });
  await ready;
  await stream.iterator().return!();
  await setImmediate();
  expect(ends).toEqual([{ how: { kind: 'aborted' }, stage: 'left' }]);
});

test('a stream that has ended is not drained', async () => {
  const { stream, ready, ends } = guarded(['a'], { drains: true });
  await ready;
  await stream.iterator().return!();
  expect(ends).toHaveLength(1);
  expect(stream.returned).toBe(true);
});
