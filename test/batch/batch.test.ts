/** Batches: order, concurrency, early end, progress, limits. */

import { describe, expect, test } from 'vitest';
import { RateLimitedError, type BatchCall, type BatchProgress, type BatchResult } from '../../src/index.ts';
import { BODY, ask, watch, within } from '../support/calls.ts';
import { after, chat, failed } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';

/** Calls that a test ends one by one. */
class Gates {
  readonly open: (() => void)[] = [];

  calls(count: number): BatchCall<number>[] {
    return Array.from({ length: count }, (_, index) => () => {
      const { promise, resolve } = Promise.withResolvers<number>();
      this.open.push(() => resolve(index));
      return promise;
    });
  }
}

const turns = async (count = 30): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
};

test('results come in the order of the calls, each with its upstream and cost', async () => {
  const { ai, clock, providers } = setUp();
  providers.script('openai', after(30, chat('first')), after(10, chat('second')), after(20, chat('third')));
  const batch = ai.canary.batch([1, 2, 3].map(() => () => ask(ai)));
  const results = await within(clock, 100, Promise.resolve(batch));
  expect(results.map((result) => result.ok && result.value.choices[0]?.message.content)).toEqual([
    'first',
    'second',
    'third',
  ]);
  expect(results.map(({ index, upstream }) => `${index} ${upstream}`)).toEqual(['0 openai', '1 openai', '2 openai']);
  expect(results[0]?.costUsd).toBeCloseTo(0.00006, 9);
});

test('a failed call gives a result instead of rejecting the batch', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
  providers.script('openai', chat(), failed(400), chat());
  const results = await within(clock, 0, Promise.resolve(ai.canary.batch([1, 2, 3].map(() => () => ask(ai)))));
  expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
  expect(results[1]).toMatchObject({ error: { status: 400 }, upstream: 'openai', costUsd: null });
});

test('upstream and cost cover all requests of a call, including fallbacks', async () => {
  const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 } });
  providers.script('gemini', failed(503), chat());
  const twice = async (): Promise<string> => {
    await ask(ai);
    await ask(ai);
    return 'twice';
  };
  const [result] = await within(clock, 0, Promise.resolve(ai.canary.batch([twice])));
  expect(result).toMatchObject({ ok: true, value: 'twice', upstream: 'gemini' });
  expect(result?.costUsd).toBeCloseTo(0.00012, 9);
});

test('runs at most `concurrency` calls at the same time', async () => {
  const { ai } = setUp();
  const gates = new Gates();
  const batch = watch(Promise.resolve(ai.canary.batch(gates.calls(5), { concurrency: 2 })));
  await turns();
  expect(gates.open).toHaveLength(2);
  gates.open[1]?.();
  await turns();
  expect(gates.open).toHaveLength(3);
  for (let index = 0; index < 5; index += 1) {
    gates.open[index]?.();
    await turns();
  }
  expect(batch.now).toMatchObject({ state: 'resolved', value: [0, 1, 2, 3, 4].map((value) => ({ ok: true, value })) });
});

describe('as an async iterable', () => {
  test('keeps at most four times the concurrency ahead of the reader over 10,000 calls', async () => {
    const { ai } = setUp();
    let begun = 0;
    let read = 0;
    let mostAhead = 0;
    async function* calls(): AsyncGenerator<BatchCall<number>> {
      for (let index = 0; index < 10_000; index += 1) {
        yield async () => {
          begun += 1;
          mostAhead = Math.max(mostAhead, begun - read);
          return index;
        };
      }
    }
    for await (const result of ai.canary.batch(calls(), { concurrency: 8 })) {
      expect(result).toMatchObject({ ok: true, value: read, index: read });
      read += 1;
    }
    expect(read).toBe(10_000);
    expect(mostAhead).toBeLessThanOrEqual(33);
  });

  test('starts when it is read, and takes no more calls than the read-ahead allows', async () => {
    const { ai } = setUp();
    let drawn = 0;
    function* calls(): Generator<BatchCall<number>> {
      for (;;) yield () => (drawn += 1);
    }
    const batch = ai.canary.batch(calls(), { concurrency: 2 });
    await turns();
    expect(drawn).toBe(0);
    const reader = batch[Symbol.asyncIterator]();
    await reader.next();
    await turns(100);
    expect(drawn).toBeLessThanOrEqual(9);
    await reader.return();
  });

  test('aborts running calls and closes the source when the reader stops', async () => {
    const { ai } = setUp();
    const signals: AbortSignal[] = [];
    let isClosed = false;
    function* calls(): Generator<BatchCall<number>> {
      try {
        for (;;) {
          yield ({ index, signal }) => {
            signals.push(signal);
            return index === 0 ? 0 : new Promise<number>(() => undefined);
          };
        }
      } finally {
        isClosed = true;
      }
    }
    for await (const { index } of ai.canary.batch(calls(), { concurrency: 3 })) if (index === 0) break;
    expect(signals.slice(1).length).toBeGreaterThan(0);
    expect(signals.slice(1).every(({ aborted }) => aborted)).toBe(true);
    expect(isClosed).toBe(true);
  });

  test('rethrows an error of the source after the results of its earlier calls', async () => {
    const { ai } = setUp();
    function* calls(): Generator<BatchCall<string>> {
      yield async () => 'only';
      throw new Error('The file ends here');
    }
    const results: BatchResult<string>[] = [];
    const reading = (async () => {
      for await (const result of ai.canary.batch(calls())) results.push(result);
    })();
    await expect(reading).rejects.toThrow('The file ends here');
    expect(results).toMatchObject([{ ok: true, value: 'only' }]);
  });

  test('closes the source if it yields something that is not a function', async () => {
    const { ai } = setUp();
    let isClosed = false;
    function* calls(): Generator<BatchCall<string>> {
      try {
        yield 'no call' as never;
      } finally {
        isClosed = true;
      }
    }
    await expect(ai.canary.batch(calls())).rejects.toThrow('calls[0] should be a function');
    expect(isClosed).toBe(true);
  });
});

describe('ending a batch early', () => {
  test('by its signal gives the results so far, and failures for running calls', async () => {
    const { ai, clock, providers } = setUp();
    providers.script('openai', chat());
    providers.usually('openai', after(1_000, chat()));
    const aborter = new AbortController();
    const call: BatchCall<unknown> = ({ signal }) => ai.chat.completions.create(BODY, { signal });
    const batch = watch(
      Promise.resolve(ai.canary.batch(Array(10).fill(call), { concurrency: 2, signal: aborter.signal })),
    );
    await clock.advance(100);
    aborter.abort();
    await clock.advance(0);
    expect(batch.now).toMatchObject({
      state: 'resolved',
      value: [{ ok: true }, { ok: false, error: { message: 'Request was aborted.' } }, { ok: false }],
    });
    expect(providers.asked).toHaveLength(3);
    expect(clock.pendingTimers).toBe(0);
  });

  test('does not wait for a call that ignores its signal', async () => {
    const { ai } = setUp();
    const aborter = new AbortController();
    const call = (): Promise<number> => new Promise(() => undefined);
    const batch = watch(Promise.resolve(ai.canary.batch([call, call], { signal: aborter.signal })));
    await turns();
    aborter.abort();
    await turns();
    expect(batch.now).toMatchObject({ state: 'resolved', value: [{ ok: false }, { ok: false }] });
  });

  test('by an already aborted signal starts no call', async () => {
    const { ai } = setUp();
    let begun = 0;
    const results = await ai.canary.batch([() => (begun += 1)], { signal: AbortSignal.abort() });
    expect(results).toEqual([]);
    expect(begun).toBe(0);
  });

  test('by the first failure with stopOnError starts no further call and lets running calls end', async () => {
    const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
    providers.script('openai', after(50, chat()), after(10, failed(400)));
    const batch = ai.canary.batch(
      Array(10).fill(() => ask(ai)),
      { concurrency: 2, stopOnError: true },
    );
    const results = await within(clock, 100, Promise.resolve(batch));
    expect(results.map(({ ok }) => ok)).toEqual([true, false]);
    expect(providers.asked).toHaveLength(2);
  });
});

describe('progress', () => {
  test('reports rate, time remaining and cost after each call', async () => {
    const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
    providers.script('openai', chat(), failed(400), chat(), chat());
    const seen: BatchProgress[] = [];
    const call = async (): Promise<void> => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 500));
      await ask(ai);
    };
    const onProgress = (progress: BatchProgress) => seen.push(progress);
    await within(
      clock,
      2_000,
      Promise.resolve(ai.canary.batch([call, call, call, call], { concurrency: 1, onProgress })),
    );
    expect(seen).toMatchObject([
      { done: 1, failed: 0, total: 4, elapsedMs: 500, callsPerSecond: 2, remainingMs: 1_500 },
      { done: 2, failed: 1, elapsedMs: 1_000, callsPerSecond: 2, remainingMs: 1_000 },
      { done: 3, failed: 1 },
      { done: 4, failed: 1, running: 0, remainingMs: 0 },
    ]);
    expect(seen.at(-1)?.costUsd).toBeCloseTo(0.00018, 9);
  });

  test('has no time remaining if the number of calls is unknown', async () => {
    const { ai } = setUp();
    const seen: BatchProgress[] = [];
    function* calls(): Generator<BatchCall<number>> {
      yield () => 1;
      yield () => 2;
    }
    await ai.canary.batch(calls(), { onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ done: 2, total: undefined, remainingMs: undefined });
    await ai.canary.batch(calls(), { total: 2, onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ done: 2, total: 2, remainingMs: 0 });
  });

  test.each([
    ['throws', () => fail()],
    ['rejects', async () => fail()],
  ])('does not affect the batch if onProgress %s, and warns once', async (_, onProgress) => {
    const { ai, events } = setUp();
    const results = await ai.canary.batch([() => 1, () => 2], { onProgress });
    await turns();
    expect(results).toMatchObject([
      { ok: true, value: 1 },
      { ok: true, value: 2 },
    ]);
    expect(events.of('warning')).toMatchObject([{ code: 'batch', message: expect.stringContaining('No screen') }]);
  });
});

test('a call that exceeds the budget fails immediately, and the others continue', async () => {
  const budgets = [{ name: 'daily', per: 'day', limitUsd: 0.000_1, onExceeded: 'reject' }] as const;
  const { ai, clock } = setUp({ client: { maxRetries: 0 }, canary: { budgets } });
  const small = () => ai.chat.completions.create({ ...BODY, max_tokens: 5 });
  const large = () => ai.chat.completions.create({ ...BODY, max_tokens: 5_000 });
  const results = await within(clock, 0, Promise.resolve(ai.canary.batch([small, large])));
  expect(results).toMatchObject([{ ok: true }, { ok: false, error: { code: 'BUDGET_EXCEEDED' }, costUsd: null }]);
});

describe('a call that is refused because all upstreams are full', () => {
  test('is retried when there is a free slot, so limits slow a batch down without failing its calls', async () => {
    const { ai, clock, providers } = setUpCanary({
      client: { maxRetries: 0 },
      upstreams: { gemini: { limits: { rpm: 4 } } },
      canary: { fallbacks: [] },
    });
    const batch = watch(Promise.resolve(ai.canary.batch(Array(10).fill(() => ask(ai)))));
    await clock.advance(1_000);
    expect(providers.asked).toHaveLength(4);
    for (let minute = 0; minute < 4; minute += 1) await clock.advance(60_000);
    const served = batch.now.state === 'resolved' ? batch.now.value : [];
    expect(served.map(({ ok, upstream }) => `${ok} ${upstream}`)).toEqual(Array(10).fill('true gemini'));
    expect(providers.asked).toHaveLength(10);
    expect(clock.pendingTimers).toBe(0);
  });

  test('waits until the time that RateLimitedError names', async () => {
    const { ai, clock } = setUp();
    const startedAtMs = clock.now();
    const call = (): number => {
      if (clock.now() - startedAtMs < 3_000) throw new RateLimitedError('openai', startedAtMs + 3_000);
      return clock.now() - startedAtMs;
    };
    const results = await within(clock, 10_000, Promise.resolve(ai.canary.batch([call])));
    expect(results).toMatchObject([{ ok: true, value: 3_000 }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('is not retried if it has sent a request', async () => {
    const { ai, clock, providers } = setUp();
    const call = async (): Promise<void> => {
      await ask(ai);
      throw new RateLimitedError('openai', clock.now());
    };
    const results = await within(clock, 10_000, Promise.resolve(ai.canary.batch([call])));
    expect(results).toMatchObject([{ ok: false, error: { code: 'RATE_LIMITED' } }]);
    expect(providers.asked).toHaveLength(1);
  });

  test('stops waiting when the batch is aborted', async () => {
    const { ai, clock } = setUp();
    const aborter = new AbortController();
    const call = (): never => {
      throw new RateLimitedError('openai', clock.now() + 60_000);
    };
    const batch = watch(Promise.resolve(ai.canary.batch([call], { signal: aborter.signal })));
    await clock.advance(1_000);
    expect(batch.now.state).toBe('pending');
    aborter.abort();
    await clock.advance(0);
    expect(batch.now).toMatchObject({ state: 'resolved', value: [{ ok: false }] });
    expect(clock.pendingTimers).toBe(0);
  });
});

test('rejects invalid options and calls', async () => {
  const { ai } = setUp();
  const started = Promise.resolve(1);
  // No compiler checks what a caller of JavaScript passes.
  await expect(ai.canary.batch([started as never])).rejects.toThrow(
    'calls[0] should be a function that makes the call, got an object',
  );
  expect(() => ai.canary.batch([], { concurrency: 0 })).toThrow(
    'batch.concurrency should be a whole number, at least 1, got 0',
  );
  expect(() => ai.canary.batch([], { total: -1 })).toThrow('batch.total should be a whole number, at least 0, got -1');
  expect(() => ai.canary.batch([], { concurency: 2 } as object)).toThrow('did you mean concurrency?');
});

function fail(): never {
  throw new Error('No screen');
}

test('a call that the provider refuses for its rate limit is made again, and one that fails for another reason is not', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
  const limited = failed(
    429,
    { message: 'Rate limit reached.', type: 'rate_limit_error' },
    { 'retry-after-ms': '100' },
  );
  providers.script('openai', limited, limited, limited, failed(400));
  const batch = ai.canary.batch([() => ask(ai), () => ask(ai)], { concurrency: 1 });
  const results = Promise.resolve(batch);
  await clock.advance(60_000);
  expect((await results).map(({ ok }) => ok)).toEqual([false, true]);
  expect(providers.sent).toHaveLength(5);
});

test('a call that the provider refuses again and again fails in the end', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
  providers.usually('openai', failed(429, { type: 'rate_limit_error' }, { 'retry-after-ms': '100' }));
  const results = Promise.resolve(ai.canary.batch([() => ask(ai)]));
  await clock.advance(600_000);
  expect((await results)[0]).toMatchObject({ ok: false, error: { status: 429 } });
});
