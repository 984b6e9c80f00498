import { describe, expect, test } from 'vitest';
import { ALERT_METRICS, type AlertMetric } from '../../src/domain/alert.ts';
import type { AttemptRecord } from '../../src/domain/attempt.ts';
import { readMetric, type MetricSource } from '../../src/alerts/read-metric.ts';
import { Recorder } from '../../src/metrics/recorder.ts';
import { attemptRecord, callRecord } from '../metrics/records.ts';

const USAGE = { inputTokens: 100, outputTokens: 20, cachedInputTokens: 50, reasoningTokens: 5 };

function read(recorder: Recorder, metric: AlertMetric, upstream?: string) {
  return readMetric(metric, upstream, sourceOf(recorder, 0));
}

const AT_REST = {
  weight: 0.5,
  breaker: { state: 'closed' },
  health: 'healthy',
  pausedUntilMs: null,
  models: {},
} as const;

function sourceOf(recorder: Recorder, nowMs: number): MetricSource {
  const of = (name: string) => ({ ...recorder.upstream(name, nowMs), ...AT_REST });
  return { ...recorder.totals(nowMs), upstreams: { openai: of('openai'), deepseek: of('deepseek') }, budgets: [] };
}

function createTwo(): Recorder {
  return new Recorder({ upstreams: ['openai', 'deepseek'], windowMs: 8_000 });
}

function priced(costUsd: number): Pick<AttemptRecord, 'usage' | 'cost'> {
  return { usage: USAGE, cost: { costUsd, source: 'table' } };
}

/** Two calls assigned to deepseek, of which one falls back to openai, and two calls assigned to openai: one fails, one is aborted. */
function createBusy(): Recorder {
  const recorder = createTwo();
  recorder.attempt(attemptRecord({ upstream: 'deepseek', latencyMs: 200, firstChunkMs: 20, ...priced(0.125) }));
  recorder.call(
    callRecord({ assigned: 'deepseek', upstream: 'deepseek', latencyMs: 200, firstChunkMs: 20, costUsd: 0.125 }),
  );
  recorder.attempt(attemptRecord({ upstream: 'deepseek', outcome: 'failure', kind: 'server', latencyMs: 50 }));
  recorder.attempt(attemptRecord({ reason: 'fallback', latencyMs: 400, firstChunkMs: 40, ...priced(0.5) }));
  recorder.call(callRecord({ assigned: 'deepseek', latencyMs: 500, firstChunkMs: 100, costUsd: 0.5 }));
  recorder.attempt(attemptRecord({ outcome: 'failure', kind: 'rateLimit', latencyMs: 10 }));
  recorder.call(callRecord({ outcome: 'failure', kind: 'rateLimit', latencyMs: 10 }));
  recorder.call(callRecord({ outcome: 'aborted', latencyMs: 10 }));
  return recorder;
}

/** Metrics that have no value without calls, budgets, shadows, a quality or a rollout. */
const NEEDS_SAMPLES = /Rate$|^latency|^firstChunk|^costPerCall$|udget|^shadow|^rollout|^quality$/;

describe('without samples', () => {
  test.each(ALERT_METRICS.filter((metric) => NEEDS_SAMPLES.test(metric)))('%s is null', (metric) => {
    expect(read(createTwo(), metric)).toEqual({ value: null, calls: 0 });
    expect(read(createTwo(), metric, 'deepseek')).toEqual({ value: null, calls: 0 });
  });

  test('an upstream without calls is up', () => {
    expect(read(createTwo(), 'up')).toEqual({ value: 1, calls: 0 });
    expect(read(createTwo(), 'up', 'deepseek')).toEqual({ value: 1, calls: 0 });
  });

  const states = ['weight', 'up'];

  test.each(ALERT_METRICS.filter((metric) => !states.includes(metric) && !NEEDS_SAMPLES.test(metric)))(
    '%s is 0',
    (metric) => {
      expect(read(createTwo(), metric)).toEqual({ value: 0, calls: 0 });
      expect(read(createTwo(), metric, 'deepseek')).toEqual({ value: 0, calls: 0 });
    },
  );

  test('an upstream without a window reads as null', () => {
    expect(read(createBusy(), 'calls', 'unknown')).toEqual({ value: null, calls: 0 });
  });
});

describe('of an upstream', () => {
  test('the error rate is that of its attempts', () => {
    expect(read(createBusy(), 'errorRate', 'deepseek')).toEqual({ value: 0.5, calls: 2 });
  });

  test('calls are those assigned to it, while the reading counts its attempts', () => {
    expect(read(createBusy(), 'calls', 'openai')).toEqual({ value: 2, calls: 2 });
    const recorder = createTwo();
    recorder.call(callRecord({ assigned: 'deepseek' }));
    expect(read(recorder, 'calls', 'deepseek')).toEqual({ value: 1, calls: 0 });
  });

  test('costs are its own', () => {
    expect(read(createBusy(), 'costPerCall', 'deepseek').value).toBe(0.125);
    expect(read(createBusy(), 'costPerHour', 'deepseek').value).toBe(0.125 * 3_600);
  });

  test.each(['failureRate', 'fallbackRate', 'primaryHitRate'] as const)('%s is that of all calls', (metric) => {
    expect(read(createBusy(), metric, 'deepseek')).toEqual({ value: 1 / 3, calls: 3 });
  });
});

describe('of all calls', () => {
  test('the error rate is the share of calls that no upstream served', () => {
    expect(read(createBusy(), 'errorRate')).toEqual({ value: 1 / 3, calls: 3 });
  });

  test('calls include aborted ones', () => {
    expect(read(createBusy(), 'calls')).toEqual({ value: 4, calls: 3 });
  });

  test('the cost per call is that of whole calls', () => {
    expect(read(createBusy(), 'costPerCall').value).toBe((0.125 + 0.5) / 2);
  });

  test('the cost per hour is the sum over the upstreams', () => {
    expect(read(createBusy(), 'costPerHour').value).toBe((0.125 + 0.5) * 3_600);
  });
});

describe('counts, tokens and costs of the window', () => {
  test.each([
    ['attempts', 2, 4],
    ['retries', 0, 0],
    ['fallbacks', 0, 1],
    ['inputTokens', 100, 200],
    ['outputTokens', 20, 40],
    ['cachedInputTokens', 50, 100],
    ['costUsd', 0.125, 0.625],
    ['unpriced', 0, 0],
    ['brokenToolCalls', 0, 0],
    ['aborted', 0, 0],
  ] as const)('%s are %d of the upstream and %d over all', (metric, own, sum) => {
    expect(read(createBusy(), metric, 'deepseek').value).toBe(own);
    expect(read(createBusy(), metric).value).toBe(sum);
  });

  test('successes and failures over all calls are those of whole calls', () => {
    expect(read(createBusy(), 'failures', 'deepseek').value).toBe(1);
    expect(read(createBusy(), 'successes').value).toBe(2);
    expect(read(createBusy(), 'failures').value).toBe(1);
  });
});

describe('the state of upstreams', () => {
  const busy = sourceOf(createBusy(), 0);
  const broken = { state: 'open', reason: 'consecutive', untilMs: 1 } as const;
  const source: MetricSource = {
    ...busy,
    upstreams: {
      ...busy.upstreams,
      openai: { ...busy.upstreams['openai']!, breaker: broken, pausedUntilMs: 5, weight: 0.9 },
    },
  };

  test.each(['openBreakers', 'paused'] as const)('%s is 1 or 0 for one, and their number over all', (metric) => {
    expect(readMetric(metric, 'openai', source).value).toBe(1);
    expect(readMetric(metric, 'deepseek', source).value).toBe(0);
    expect(readMetric(metric, undefined, source).value).toBe(1);
  });

  test('the weight is the share in the split', () => {
    expect(readMetric('weight', 'openai', source).value).toBe(0.9);
  });
});

describe('budgets', () => {
  const budget = { per: 'day', reservedUsd: 0, startedAtMs: 0, resetsAtMs: 1 } as const;
  const source: MetricSource = {
    ...sourceOf(createBusy(), 0),
    budgets: [
      { ...budget, name: 'all', scope: 'all', limitUsd: 10, spentUsd: 4, accounts: 1, exhausted: 0 },
      { ...budget, name: 'strict', scope: 'all', limitUsd: 2, spentUsd: 1.8, accounts: 1, exhausted: 0 },
      { ...budget, name: 'users', scope: 'key', limitUsd: 1, spentUsd: 50, accounts: 90, exhausted: 3 },
    ],
  };

  test('budgetUsed is the largest spent share of the budgets for all calls', () => {
    expect(readMetric('budgetUsed', undefined, source).value).toBe(0.9);
    expect(readMetric('budgetUsed', 'deepseek', source).value).toBe(0.9);
  });

  test('exhaustedBudgets counts over all budgets', () => {
    expect(readMetric('exhaustedBudgets', undefined, source).value).toBe(3);
  });
});

describe('quantiles', () => {
  const nowMs = 10_000;

  function createSpread(): Recorder {
    const recorder = createTwo();
    for (let count = 1; count <= 100; count += 1) {
      const tierMs = count <= 90 ? 100 : count <= 97 ? 1_000 : 5_000;
      recorder.attempt(
        endingNow(attemptRecord({ upstream: 'deepseek', latencyMs: tierMs, firstChunkMs: tierMs / 10 })),
      );
      recorder.call(endingNow(callRecord({ latencyMs: 2 * tierMs, firstChunkMs: tierMs / 5 })));
    }
    return recorder;
  }

  function endingNow<T extends { readonly latencyMs: number }>(record: T): T {
    return { ...record, startedAtMs: nowMs - record.latencyMs };
  }

  test.each([
    ['latencyP50', 100],
    ['latencyP95', 1_000],
    ['latencyP99', 5_000],
    ['firstChunkP50', 10],
    ['firstChunkP95', 100],
    ['firstChunkP99', 500],
  ] as const)('%s is %d ms for the upstream and twice that for whole calls', (metric, expectedMs) => {
    const recorder = createSpread();
    const source = sourceOf(recorder, nowMs);
    const ofUpstream = readMetric(metric, 'deepseek', source);
    const ofCalls = readMetric(metric, undefined, source);
    expect(Math.abs((ofUpstream.value ?? NaN) / expectedMs - 1)).toBeLessThan(0.02);
    expect(Math.abs((ofCalls.value ?? NaN) / (2 * expectedMs) - 1)).toBeLessThan(0.02);
    expect([ofUpstream.calls, ofCalls.calls]).toEqual([100, 100]);
  });
});

describe('an unknown price', () => {
  test('is not a cost of 0 an hour', () => {
    const recorder = createTwo();
    recorder.attempt(attemptRecord({ upstream: 'deepseek', usage: USAGE }));
    expect(read(recorder, 'costPerHour', 'deepseek').value).toBeNull();
    expect(read(recorder, 'costPerHour').value).toBeNull();
    expect(read(recorder, 'costPerHour', 'openai').value).toBe(0);
  });

  test('does not hide the cost that is known', () => {
    const recorder = createTwo();
    recorder.attempt(attemptRecord({ upstream: 'deepseek', usage: USAGE }));
    recorder.attempt(attemptRecord(priced(0.5)));
    expect(read(recorder, 'costPerHour').value).toBe(0.5 * 3_600);
  });
});
