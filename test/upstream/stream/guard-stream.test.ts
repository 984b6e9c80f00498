/** How a stream is held back, committed and left. */

import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../src/testing/index.ts';
import { guardStream } from '../../../src/upstream/stream/guard-stream.ts';
import type { ReaderGuard, StreamEnd, StreamStage } from '../../../src/upstream/stream/guarded-reader.ts';
import { SilenceLimit } from '../../../src/upstream/stream/silence-limit.ts';

type Step = string | Error | Promise<string>;

/** A stream of steps, built like the SDK's: it aborts its own controller when its reader leaves. */
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

interface ReportedEnd {
  readonly how: StreamEnd;
  readonly stage: StreamStage;
}

/** Commits at the first capitalized word, hides `(…)`, and throws what `errorFor` returns at the end. */
function guarded(steps: readonly Step[], { errorFor = (): unknown => undefined, ...options }: GuardOptions = {}) {
  const stream = new FakeStream(steps);
  const clock = new ManualClock();
  const seen: unknown[] = [];
  const ends: ReportedEnd[] = [];
  const guard: ReaderGuard = {
    see: (chunk) => void seen.push(chunk),
    hides: (chunk) => String(chunk).startsWith('('),
    isCommitted: () => seen.some((chunk) => /^[A-Z]/.test(String(chunk))),
    onEnd: (how, stage) => {
      ends.push({ how, stage });
      return errorFor(how);
    },
    silence: new SilenceLimit(clock, 1_000, () => undefined),
    holds: true,
    drains: false,
    ...options,
  };
  return { stream, clock, seen, ends, ready: guardStream(stream, guard) };
}

type GuardOptions = Partial<ReaderGuard> & { readonly errorFor?: (how: StreamEnd) => unknown };

async function rest(iterator: AsyncIterator<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for (let step = await iterator.next(); !step.done; step = await iterator.next()) values.push(step.value);
  return values;
}

test('reads up to the commitment, and gives all chunks in order', async () => {
  const { stream, ready, ends } = guarded(['a', 'b', 'C', 'd']);
  await ready;
  expect(stream.read).toBe(3);
  expect(await rest(stream.iterator())).toEqual(['a', 'b', 'C', 'd']);
  expect(ends).toEqual([{ how: { kind: 'done' }, stage: 'committed' }]);
});

test('gives a stream as it is that ends before its commitment without an error', async () => {
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
])('rejects with the guard’s error when the stream %s before its commitment', async (_name, steps, kind) => {
  const error = new Error('Not whole.');
  const { ready, ends } = guarded(steps, { errorFor: () => error });
  await expect(ready).rejects.toBe(error);
  expect(ends).toMatchObject([{ how: { kind }, stage: 'held' }]);
});

test('throws the guard’s error once at the end of a committed stream', async () => {
  const error = new Error('Not whole.');
  const { stream, ready } = guarded(['A', 'b'], { errorFor: () => error });
  await ready;
  const iterator = stream.iterator();
  await iterator.next();
  await iterator.next();
  await expect(iterator.next()).rejects.toBe(error);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('throws the stream’s own error without an error of the guard', async () => {
  const error = new Error('Cut.');
  const { stream, ready } = guarded(['A', error]);
  await ready;
  const iterator = stream.iterator();
  await iterator.next();
  await expect(iterator.next()).rejects.toBe(error);
});

test('hides chunks before the commitment and after it, and still shows them to the guard', async () => {
  const { stream, ready, seen } = guarded(['(a)', 'b', 'C', '(d)', '(e)', 'f']);
  await ready;
  expect(await rest(stream.iterator())).toEqual(['b', 'C', 'f']);
  expect(seen).toEqual(['(a)', 'b', 'C', '(d)', '(e)', 'f']);
});

test('keeps the order of concurrent reads', async () => {
  const { stream, ready } = guarded(['a', 'B', '(c)', 'd', '(e)', 'f']);
  await ready;
  const iterator = stream.iterator();
  const results = await Promise.all(Array.from({ length: 6 }, () => iterator.next()));
  expect(results.map(({ value }) => value as unknown)).toEqual(['a', 'B', 'd', 'f', undefined, undefined]);
});

test('gives a second reader the SDK’s error', async () => {
  const { stream, ready } = guarded(['A']);
  await ready;
  await rest(stream.iterator());
  expect(() => stream.iterator()).toThrow('consumed');
});

test('closes the source, aborts and drops held chunks when the reader leaves', async () => {
  const { stream, ready, ends } = guarded(['a', 'b', 'C', 'd']);
  await ready;
  const iterator = stream.iterator();
  await iterator.next();
  expect(await iterator.return!('x')).toEqual({ done: true, value: 'x' });
  expect(stream.returned).toBe(true);
  expect(ends).toEqual([{ how: { kind: 'aborted' }, stage: 'left' }]);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('reports an abort between reads at once, and drops held chunks', async () => {
  const { stream, ready, ends } = guarded(['a', 'B', 'c']);
  await ready;
  stream.controller.abort();
  expect(ends).toEqual([{ how: { kind: 'aborted' }, stage: 'committed' }]);
  expect(await rest(stream.iterator())).toEqual([]);
});

test('drops held chunks of a complete stream on abort', async () => {
  const { stream, ready, ends } = guarded(['a', 'b', 'c']);
  await ready;
  const iterator = stream.iterator();
  await iterator.next();
  stream.controller.abort();
  expect(await rest(iterator)).toEqual([]);
  expect(ends).toEqual([{ how: { kind: 'done' }, stage: 'held' }]);
});

test('throws our own abort after the held chunks', async () => {
  const error = new Error('Time is up.');
  const { stream, ready } = guarded(['a', 'B', 'c'], { errorFor: () => error });
  await ready;
  stream.controller.abort();
  const iterator = stream.iterator();
  expect([(await iterator.next()).value, (await iterator.next()).value]).toEqual(['a', 'B']);
  await expect(iterator.next()).rejects.toBe(error);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('reports an abort during a read when that read ends', async () => {
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

test('drains a stream whose reader leaves, and reports it at its end', async () => {
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

test('reports an error while draining as an abort', async () => {
  const { stream, ready, ends } = guarded(['A', new Error('Cut.')], { drains: true });
  await ready;
  await stream.iterator().return!();
  await setImmediate();
  expect(ends).toEqual([{ how: { kind: 'aborted' }, stage: 'left' }]);
});

test('does not drain a stream that has ended', async () => {
  const { stream, ready, ends } = guarded(['a'], { drains: true });
  await ready;
  await stream.iterator().return!();
  expect(ends).toHaveLength(1);
  expect(stream.returned).toBe(true);
});
