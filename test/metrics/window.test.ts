import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AttemptRecord, FAILURE_KINDS } from '../../src/domain/attempt.ts';
import { SLICES } from '../../src/metrics/sliding-window.ts';
import { UpstreamWindow } from '../../src/metrics/window.ts';
import { exactQuantile } from './exact-quantile.ts';
import { attemptRecord } from './records.ts';

const HOUR_MS = 3_600_000;
const WINDOW_MS = 8_000;
const SLICE_MS = WINDOW_MS / SLICES;
const USAGE = { inputTokens: 100, outputTokens: 20, cachedInputTokens: 50, reasoningTokens: 5 };

function windowOf(...attempts: readonly Partial<AttemptRecord>[]): UpstreamWindow {
  const window = new UpstreamWindow(WINDOW_MS);
  for (const attempt of attempts) window.attempt(attemptRecord(attempt));
  return window;
}

function priced(costUsd: number): Pick<AttemptRecord, 'usage' | 'cost'> {
  return { usage: USAGE, cost: { costUsd, source: 'table' } };
}

test('an empty window has no rates, no quantiles and no cost', () => {
  const empty = { count: 0, p50: null, p95: null, p99: null };
  expect(windowOf().snapshot(0)).toEqual({
    calls: 0,
    answered: 0,
    unanswered: 0,
    attempts: 0,
    successes: 0,
    failures: 0,
    neutral: 0,
    aborted: 0,
    failuresByKind: {},
    retries: 0,
    fallbacks: 0,
    errorRate: null,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    costUsd: 0,
    unpriced: 0,
    brokenToolCalls: 0,
    savingsUsd: 0,
    costPerHour: 0,
    costPerCall: null,
    costPer1kTokens: null,
    uptime: null,
    quality: null,
    scored: 0,
    latencyMs: empty,
    firstChunkMs: empty,
  });
});

describe('outcomes', () => {
  test('a success counts as attempt and success', () => {
    expect(windowOf({}).snapshot(0)).toMatchObject({ attempts: 1, successes: 1, failures: 0, errorRate: 0 });
  });

  test.each(FAILURE_KINDS)('a failure of kind %s counts as a failure of that kind', (kind) => {
    const snapshot = windowOf({ outcome: 'failure', kind }, {}, {}, {}).snapshot(0);
    expect(snapshot).toMatchObject({ attempts: 4, successes: 3, failures: 1, errorRate: 0.25 });
    expect(snapshot.failuresByKind).toEqual({ [kind]: 1 });
  });

  test('a neutral attempt counts as an attempt, but not for error rate, latency or failure kinds', () => {
    const snapshot = windowOf({ outcome: 'neutral', kind: 'badRequest', firstChunkMs: 5 }).snapshot(0);
    expect(snapshot).toMatchObject({ attempts: 1, neutral: 1, errorRate: null, failuresByKind: {} });
    expect([snapshot.latencyMs.count, snapshot.firstChunkMs.count]).toEqual([0, 0]);
  });

  test('an aborted attempt counts only as aborted, with its tokens and cost', () => {
    const aborted = {
      outcome: 'aborted',
      reason: 'retry',
      firstChunkMs: 5,
      ...priced(0.5),
      stableCostUsd: 0.75,
    } as const;
    expect(windowOf(aborted).snapshot(0)).toEqual({
      ...windowOf().snapshot(0),
      aborted: 1,
      inputTokens: 100,
      outputTokens: 20,
      cachedInputTokens: 50,
      costUsd: 0.5,
      savingsUsd: 0.25,
      costPerHour: (0.5 * HOUR_MS) / SLICE_MS,
      costPerCall: 0.5,
      costPer1kTokens: (0.5 * 1_000) / (USAGE.inputTokens + USAGE.outputTokens),
      uptime: null,
    });
  });

  test('retries and fallbacks are counted by the reason of the attempt', () => {
    const window = windowOf(
      {},
      { reason: 'retry' },
      { reason: 'fallback' },
      { reason: 'fallback', outcome: 'neutral' },
    );
    expect(window.snapshot(0)).toMatchObject({ attempts: 4, retries: 1, fallbacks: 2 });
  });

  test('a call counts as a call and not as an attempt', () => {
    const window = windowOf();
    window.call(0);
    expect(window.snapshot(0)).toMatchObject({ calls: 1, attempts: 0 });
  });
});

test('counts the ends of assigned calls: answered, unanswered, and none for the others', () => {
  const window = windowOf();
  const rest = { upstream: 'openai', atMs: 0, stream: false, latencyMs: 1, firstChunkMs: undefined, costUsd: null };
  const bad = ['failed', 'breaker', 'pause', 'refused'] as const;
  const none = ['overtaken', 'heldBack', 'aborted', 'neutral'] as const;
  for (const end of ['answered', 'answered', ...bad, ...none] as const) window.assignment({ ...rest, end });
  expect(window.snapshot(1)).toMatchObject({ answered: 2, unanswered: 4, attempts: 0 });
});

describe('latency', () => {
  test('covers successes and failures', () => {
    const window = windowOf({ latencyMs: 100 }, { latencyMs: 3_000, outcome: 'failure', kind: 'timeout' });
    const { count, p50, p99 } = window.snapshot(3_000).latencyMs;
    expect(count).toBe(2);
    expect(Math.abs((p50 ?? 0) / 100 - 1)).toBeLessThan(0.02);
    expect(Math.abs((p99 ?? 0) / 3_000 - 1)).toBeLessThan(0.02);
  });

  test('to the first chunk exists only for streams', () => {
    const { latencyMs, firstChunkMs } = windowOf({}, { stream: true, firstChunkMs: 20 }).snapshot(0);
    expect([latencyMs.count, firstChunkMs.count]).toEqual([2, 1]);
    expect(Math.abs((firstChunkMs.p50 ?? 0) / 20 - 1)).toBeLessThan(0.02);
  });

  test('an attempt counts at the time it ended, not when it started', () => {
    const window = windowOf({ startedAtMs: 500, latencyMs: 6_000 });
    expect(window.snapshot(13_999).attempts).toBe(1);
    expect(window.snapshot(14_000).attempts).toBe(0);
  });
});

describe('money', () => {
  test('an attempt without a known price is unpriced and adds no cost', () => {
    const snapshot = windowOf({ usage: USAGE }).snapshot(0);
    expect(snapshot).toMatchObject({ unpriced: 1, costUsd: 0, costPerCall: null, inputTokens: 100 });
  });

  test('an attempt without usage is not unpriced', () => {
    expect(windowOf({ outcome: 'failure', kind: 'server' }).snapshot(0).unpriced).toBe(0);
  });

  test('costPerCall is the mean over attempts with a known cost', () => {
    const window = windowOf(priced(0.5), priced(0.25), { usage: USAGE }, { outcome: 'failure', kind: 'server' });
    expect(window.snapshot(0).costPerCall).toBe(0.375);
  });

  test('savings are the cost on stable minus the actual cost, over attempts where both are known', () => {
    const dearer = { ...priced(0.5), stableCostUsd: 0.25 };
    const cheaper = { ...priced(0.5), stableCostUsd: 2 };
    expect(windowOf(cheaper).snapshot(0).savingsUsd).toBe(1.5);
    expect(windowOf(dearer).snapshot(0).savingsUsd).toBe(-0.25);
    expect(windowOf(priced(0.5), { stableCostUsd: 2 }).snapshot(0).savingsUsd).toBe(0);
  });

  test('costPerHour covers at least one slice', () => {
    expect(windowOf(priced(0.5)).snapshot(100).costPerHour).toBe((0.5 * HOUR_MS) / SLICE_MS);
  });

  test('costPerHour of a window that is not full covers the time since the first record', () => {
    const window = windowOf({ ...priced(0.5), startedAtMs: 900 });
    expect(window.snapshot(5_000).costPerHour).toBe((0.5 * HOUR_MS) / 4_000);
  });

  test('costPerHour is stable at a steady rate once the window is full', () => {
    const window = windowOf();
    for (let atMs = 0; atMs <= 40_000; atMs += 100) {
      window.attempt(attemptRecord({ ...priced(0.25), startedAtMs: atMs, latencyMs: 0 }));
      if (atMs < WINDOW_MS) continue;
      const { costPerHour } = window.snapshot(atMs + 100);
      expect(Math.abs(costPerHour / (2.5 * 3_600) - 1)).toBeLessThan(0.02);
    }
  });

  test('an idle upstream costs exactly 0', () => {
    const window = windowOf(priced(0.1), priced(0.2), priced(0.3));
    expect(window.snapshot(1e6)).toMatchObject({ costUsd: 0, costPerHour: 0, costPerCall: null, savingsUsd: 0 });
  });
});

describe('over any sequence of reads and of records, including late and early ones', () => {
  const step = fc.record({
    passedMs: fc.oneof(fc.nat({ max: 500 }), fc.nat({ max: 3 * WINDOW_MS }), fc.constant(0)),
    lateMs: fc.oneof(
      { weight: 3, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -2_000, max: 2 * WINDOW_MS }) },
    ),
    isRead: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    isCall: fc.boolean(),
    attempt: fc.record({
      outcome: fc.constantFrom('success', 'failure', 'neutral', 'aborted'),
      kind: fc.constantFrom(...FAILURE_KINDS),
      reason: fc.constantFrom('first', 'retry', 'fallback'),
      latencyMs: fc.integer({ min: 1, max: 100_000 }),
      firstChunkMs: fc.option(fc.integer({ min: 1, max: 10_000 }), { nil: undefined }),
      usage: fc.option(fc.constant(USAGE), { nil: undefined }),
      // Eighths of a dollar: their sums are exact in any order.
      cost: fc.oneof(
        fc.constant({ costUsd: null, source: null }),
        fc.nat({ max: 80 }).map((eighths) => ({ costUsd: eighths / 8, source: 'table' as const })),
      ),
      stableCostUsd: fc.option(fc.nat({ max: 80 }).map((eighths) => eighths / 8)),
    }),
  });

  const READING = { passedMs: 0, lateMs: 0, isRead: true, isCall: false, attempt: attemptRecord() };

  test('the numbers equal a naive recount', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const window = windowOf();
        const recorded: { atMs: number; attempt: AttemptRecord | 'call' }[] = [];
        const seen: unknown[] = [];
        const expected: unknown[] = [];
        let nowMs = 1_000_000;
        let newestMs = 0;
        for (const { passedMs, lateMs, isRead, isCall, attempt } of [...steps, READING]) {
          nowMs += passedMs;
          const atMs = nowMs - lateMs;
          newestMs = Math.max(newestMs, isRead ? nowMs : atMs);
          if (isRead) {
            seen.push(comparable(window.snapshot(nowMs)));
            expected.push(recount(recorded, newestMs));
            continue;
          }
          const record = attemptRecord({ ...attempt, startedAtMs: atMs - attempt.latencyMs });
          if (isCall) {
            window.call(atMs);
            window.score(0.5, atMs);
          }
          if (!isCall) window.attempt(record);
          recorded.push({ atMs, attempt: isCall ? 'call' : record });
        }
        expect(seen).toEqual(expected);
        expectQuantiles(window, recorded, newestMs);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  const TOKENS = USAGE.inputTokens + USAGE.outputTokens;

  type Records = readonly { readonly atMs: number; readonly attempt: AttemptRecord | 'call' }[];

  function live(records: Records, newestMs: number): Records {
    const oldestMs = (Math.floor(newestMs / SLICE_MS) - SLICES + 1) * SLICE_MS;
    return records.filter(({ atMs }) => atMs >= oldestMs);
  }

  function attemptsIn(records: Records): readonly AttemptRecord[] {
    return records.flatMap(({ attempt }) => (attempt === 'call' ? [] : [attempt]));
  }

  function recount(records: Records, newestMs: number) {
    const inWindow = live(records, newestMs);
    const all = attemptsIn(inWindow);
    const ended = all.filter(({ outcome }) => outcome !== 'aborted');
    const failed = all.filter(({ outcome }) => outcome === 'failure');
    const succeeded = all.filter(({ outcome }) => outcome === 'success');
    const evidence = failed.length + succeeded.length;
    const withUsage = all.filter(({ usage }) => usage !== undefined);
    const withCost = all.filter(({ cost }) => cost.costUsd !== null);
    const withBoth = withCost.filter(({ usage }) => usage !== undefined);
    const costUsd = sum(withCost, ({ cost }) => cost.costUsd ?? NaN);
    return {
      calls: inWindow.length - all.length,
      scored: inWindow.length - all.length,
      quality: inWindow.length > all.length ? 0.5 : null,
      answered: 0,
      unanswered: 0,
      attempts: ended.length,
      successes: succeeded.length,
      failures: failed.length,
      neutral: all.filter(({ outcome }) => outcome === 'neutral').length,
      aborted: all.length - ended.length,
      failuresByKind: countBy(failed.map(({ kind }) => kind ?? 'none')),
      retries: ended.filter(({ reason }) => reason === 'retry').length,
      fallbacks: ended.filter(({ reason }) => reason === 'fallback').length,
      errorRate: evidence === 0 ? null : failed.length / evidence,
      inputTokens: withUsage.length * USAGE.inputTokens,
      outputTokens: withUsage.length * USAGE.outputTokens,
      cachedInputTokens: withUsage.length * USAGE.cachedInputTokens,
      costUsd,
      brokenToolCalls: 0,
      unpriced: withUsage.filter(({ cost }) => cost.costUsd === null).length,
      savingsUsd: sum(withCost, ({ cost, stableCostUsd }) =>
        stableCostUsd === null ? 0 : stableCostUsd - (cost.costUsd ?? NaN),
      ),
      costPerCall: withCost.length === 0 ? null : costUsd / withCost.length,
      costPer1kTokens:
        withBoth.length === 0
          ? null
          : (sum(withBoth, ({ cost }) => cost.costUsd ?? NaN) * 1_000) / (withBoth.length * TOKENS),
      uptime: uptimeOf(inWindow),
      latencies: evidence,
      firstChunks: [...failed, ...succeeded].filter(({ firstChunkMs }) => firstChunkMs !== undefined).length,
    };
  }

  /** The share of slices with successes or failures that have a success. */
  function uptimeOf(records: Records): number | null {
    const slicesWith = (outcomes: readonly string[]): number =>
      new Set(
        records
          .filter(({ attempt }) => attempt !== 'call' && outcomes.includes(attempt.outcome))
          .map(({ atMs }) => Math.floor(atMs / SLICE_MS)),
      ).size;
    const all = slicesWith(['success', 'failure']);
    return all === 0 ? null : slicesWith(['success']) / all;
  }

  function comparable(snapshot: ReturnType<UpstreamWindow['snapshot']>) {
    const { costPerHour: _, latencyMs, firstChunkMs, ...counts } = snapshot;
    return { ...counts, latencies: latencyMs.count, firstChunks: firstChunkMs.count };
  }

  function expectQuantiles(window: UpstreamWindow, records: Records, nowMs: number): void {
    const latenciesMs = attemptsIn(live(records, nowMs))
      .filter(({ outcome }) => outcome === 'success' || outcome === 'failure')
      .map(({ latencyMs }) => latencyMs);
    if (latenciesMs.length === 0) return;
    const { p50, p95, p99 } = window.snapshot(nowMs).latencyMs;
    for (const [percent, quantile] of [[50, p50] as const, [95, p95] as const, [99, p99] as const]) {
      expect(Math.abs((quantile ?? NaN) / (exactQuantile(latenciesMs, percent) ?? NaN) - 1)).toBeLessThan(0.02);
    }
  }

  function sum<T>(values: readonly T[], amountOf: (value: T) => number): number {
    return values.reduce((total, value) => total + amountOf(value), 0);
  }

  function countBy(names: readonly string[]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  }
});

test('memory does not grow over a million attempts', () => {
  const window = windowOf();
  const bytes = window.byteLength;
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(70_000);

  const record = attemptRecord({ ...priced(0.5), firstChunkMs: 10 });
  for (let index = 0; index < 1_000_000; index += 1)
    window.attempt({ ...record, startedAtMs: index, latencyMs: index % 5_000 });

  expect(window.byteLength).toBe(bytes);
  expect(window.snapshot(1_005_000).attempts).toBeGreaterThan(0);
});
