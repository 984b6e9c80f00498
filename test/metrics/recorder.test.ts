import { describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/domain/attempt.ts';
import { Recorder } from '../../src/metrics/recorder.ts';
import { attemptRecord, callRecord } from './records.ts';

const WINDOW_MS = 8_000;

function createTwo() {
  return new Recorder({ upstreams: ['openai', 'deepseek'], windowMs: WINDOW_MS });
}

function totalsOf(...calls: readonly Partial<CallRecord>[]) {
  const recorder = createTwo();
  for (const call of calls) recorder.call(callRecord(call));
  return recorder.totals(0);
}

const FELL_BACK = { assigned: 'deepseek', upstream: 'openai' } as const;

describe('upstreams', () => {
  test('an attempt counts for the upstream it was made on', () => {
    const recorder = createTwo();
    recorder.attempt(attemptRecord({ upstream: 'deepseek' }));
    expect(recorder.upstream('deepseek', 0).attempts).toBe(1);
    expect(recorder.upstream('openai', 0).attempts).toBe(0);
  });

  test('a call counts for its assigned upstream, even if another one served it', () => {
    const recorder = createTwo();
    recorder.call(callRecord(FELL_BACK));
    expect(recorder.upstream('deepseek', 0).calls).toBe(1);
    expect(recorder.upstream('openai', 0).calls).toBe(0);
  });

  test('every outcome of a call counts as a call', () => {
    const recorder = createTwo();
    for (const outcome of ['success', 'failure', 'neutral', 'aborted'] as const) recorder.call(callRecord({ outcome }));
    expect(recorder.upstream('openai', 0).calls).toBe(4);
    expect(recorder.totals(0).calls).toBe(4);
  });

  test('a call counts at the time it ended', () => {
    const recorder = createTwo();
    recorder.call(callRecord({ startedAtMs: 500, latencyMs: 6_000 }));
    expect([recorder.upstream('openai', 13_999).calls, recorder.totals(13_999).calls]).toEqual([1, 1]);
    expect([recorder.upstream('openai', 14_000).calls, recorder.totals(14_000).calls]).toEqual([0, 0]);
  });
});

describe('an unknown upstream', () => {
  test('reads as an empty window', () => {
    const recorder = createTwo();
    expect(recorder.upstream('nobody', 0)).toEqual(recorder.upstream('openai', 0));
  });

  test.each(['nobody', '__proto__', 'constructor'])('called %s: its attempts are ignored', (upstream) => {
    const recorder = createTwo();
    recorder.attempt(attemptRecord({ upstream }));
    expect(recorder.upstream(upstream, 0).attempts).toBe(0);
    expect(recorder.upstream('openai', 0).attempts).toBe(0);
  });

  test('its calls count in the totals', () => {
    const recorder = createTwo();
    recorder.call(callRecord({ assigned: 'nobody' }));
    expect(recorder.totals(0)).toMatchObject({ calls: 1, successes: 1 });
    expect(recorder.upstream('nobody', 0).calls).toBe(0);
  });
});

describe('totals', () => {
  test('without calls there are no rates', () => {
    const empty = { count: 0, p50: null, p95: null, p99: null };
    expect(totalsOf()).toEqual({
      calls: 0,
      successes: 0,
      failures: 0,
      primaryHitRate: null,
      fallbackRate: null,
      failureRate: null,
      costPerCall: null,
      latencyMs: empty,
      firstChunkMs: empty,
    });
  });

  test('rates tell apart calls served by the assigned upstream, by another, and failed calls', () => {
    const totals = totalsOf({}, {}, {}, {}, {}, FELL_BACK, FELL_BACK, { outcome: 'failure', kind: 'server' });
    expect(totals).toMatchObject({ calls: 8, successes: 7, failures: 1 });
    expect(totals).toMatchObject({ primaryHitRate: 5 / 8, fallbackRate: 2 / 8, failureRate: 1 / 8 });
  });

  test('a call that failed on its fallback is a failure, not a fallback', () => {
    expect(totalsOf({ ...FELL_BACK, outcome: 'failure', kind: 'server' })).toMatchObject({
      fallbackRate: 0,
      failureRate: 1,
    });
  });

  test('neutral and aborted calls do not affect rates and latencies', () => {
    const totals = totalsOf({}, { outcome: 'neutral', firstChunkMs: 5 }, { outcome: 'aborted', firstChunkMs: 5 });
    expect(totals).toMatchObject({ calls: 3, successes: 1, failures: 0, primaryHitRate: 1 });
    expect([totals.latencyMs.count, totals.firstChunkMs.count]).toEqual([1, 0]);
  });

  test('latencies are those of whole calls with all attempts', () => {
    const totals = totalsOf({ latencyMs: 700, firstChunkMs: 40, stream: true }, { latencyMs: 700, outcome: 'failure' });
    expect([totals.latencyMs.count, totals.firstChunkMs.count]).toEqual([2, 1]);
    expect(Math.abs((totals.latencyMs.p50 ?? 0) / 700 - 1)).toBeLessThan(0.02);
    expect(Math.abs((totals.firstChunkMs.p50 ?? 0) / 40 - 1)).toBeLessThan(0.02);
  });

  test('costPerCall is the mean over calls with a known cost, including aborted ones', () => {
    expect(totalsOf({ costUsd: 0.5 }, { costUsd: 0.25, outcome: 'aborted' }, {}).costPerCall).toBe(0.375);
  });

  test('totals lose calls that leave the window', () => {
    const recorder = createTwo();
    recorder.call(callRecord({ costUsd: 0.1 }));
    expect(recorder.totals(WINDOW_MS)).toEqual(totalsOf());
  });
});
