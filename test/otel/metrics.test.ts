/** The metrics: the conventions' and our own. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { GenAiMetrics } from '../../src/otel/gen-ai-metrics.ts';
import { ask, drain, STREAM_BODY, within } from '../support/calls.ts';
import { chat, failed } from '../support/replies.ts';
import { chatStream } from '../support/stream-replies.ts';
import { memoryMeter, pointsOf, setUpOtel } from './set-up-otel.ts';

interface Bucketed {
  readonly buckets: { readonly boundaries: readonly number[] };
}

test('durations, tokens and first chunks have the units and buckets of the conventions', async () => {
  const { ai, providers, metrics } = setUpOtel();
  await ask(ai);
  providers.usually('openai', chatStream(['Hello.']));
  await drain(await ai.chat.completions.create(STREAM_BODY));
  const read = await metrics();
  const boundaries = (name: string) => {
    const { descriptor, dataPoints } = read.get(name) ?? {};
    const [point] = dataPoints ?? [];
    return [descriptor?.unit, (point?.value as Bucketed | undefined)?.buckets.boundaries];
  };
  const seconds = ['s', [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]];
  expect(boundaries('gen_ai.client.operation.duration')).toEqual(seconds);
  expect(boundaries('gen_ai.client.operation.time_to_first_chunk')).toEqual(seconds);
  expect(boundaries('gen_ai.client.token.usage')).toEqual([
    '{token}',
    [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864],
  ]);
  const about = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4.1',
    'gen_ai.response.model': 'gpt-4.1',
    'server.address': 'openai.test',
    'server.port': 443,
  };
  expect(pointsOf(read.get('gen_ai.client.operation.duration'))).toEqual([
    { value: { count: 2, sum: expect.any(Number) }, attributes: about },
  ]);
  expect(pointsOf(read.get('gen_ai.client.operation.time_to_first_chunk'))).toMatchObject([{ value: { count: 1 } }]);
  expect(pointsOf(read.get('gen_ai.client.token.usage'))).toEqual([
    { value: { count: 2, sum: 20 }, attributes: { ...about, 'gen_ai.token.type': 'input' } },
    { value: { count: 2, sum: 10 }, attributes: { ...about, 'gen_ai.token.type': 'output' } },
  ]);
});

test('the durations are those of the calls, with all their attempts', async () => {
  const { ai, providers, clock, metrics } = setUpOtel();
  providers.script('openai', failed(503));
  const before = clock.now();
  await within(clock, 60_000, ask(ai));
  const [point] = pointsOf((await metrics()).get('gen_ai.client.operation.duration'));
  const { sum = 0 } = (point?.value ?? {}) as { sum?: number };
  // The back-off of half a second, less up to a quarter.
  expect(sum).toBeGreaterThanOrEqual(0.375);
  expect(sum).toBeLessThanOrEqual((clock.now() - before) / 1_000);
});

test('a failed call has its kind of failure', async () => {
  const { ai, providers, metrics } = setUpOtel();
  providers.usually('openai', failed(401));
  await ask(ai).catch(() => undefined);
  const read = await metrics();
  expect(pointsOf(read.get('gen_ai.client.operation.duration'))).toMatchObject([
    { attributes: { 'error.type': 'auth' } },
  ]);
  expect(pointsOf(read.get('openai_canary.calls'))).toMatchObject([
    { value: 1, attributes: { 'openai_canary.outcome': 'failure', 'error.type': 'auth' } },
  ]);
});

test('our counters count what the snapshot counts', async () => {
  const { ai, providers, clock, events, metrics } = setUpOtel({
    upstreams: { gemini: {} },
    canary: { breaker: { consecutive: 3 } },
  });
  providers.usually('gemini', failed(503));
  for (let call = 0; call < 5; call += 1) await within(clock, 10_000, ask(ai, route({ key: `user-${call}` })));
  providers.usually('gemini', chat());
  await within(clock, 10_000, ask(ai));
  const read = await metrics();
  const { upstreams, calls } = ai.canary.snapshot();
  const sumOf = (name: string, match: Record<string, string>): number =>
    pointsOf(read.get(name))
      .filter(({ attributes }) =>
        Object.entries(match).every(([key, value]) => attributes[`openai_canary.${key}`] === value),
      )
      .reduce((sum, { value }) => sum + Number(value), 0);
  expect(sumOf('openai_canary.calls', {})).toBe(calls);
  for (const [upstream, window] of Object.entries(upstreams)) {
    expect(sumOf('openai_canary.attempts', { upstream })).toBe(window.attempts);
    expect(sumOf('openai_canary.attempts', { upstream, outcome: 'failure' })).toBe(window.failures);
    expect(sumOf('openai_canary.attempts', { upstream, 'attempt.kind': 'retry' })).toBe(window.retries);
    expect(sumOf('openai_canary.cost', { upstream })).toBeCloseTo(window.costUsd, 9);
  }
  const moved = { 'fallback.from': 'gemini', 'fallback.to': 'openai' };
  expect(sumOf('openai_canary.fallbacks', moved)).toBe(events.of('fallback').length);
  expect(sumOf('openai_canary.breaker.changes', { upstream: 'gemini', 'breaker.state': 'open' })).toBeGreaterThan(0);
});

test('gauges show weights and rollouts when they are read, and end with the exporter', async () => {
  const rollout = { to: 'gemini', steps: [{ weight: 0.25, hold: '1h' }, { weight: 1 }] } as const;
  const { ai, metrics, exporter } = setUpOtel({ upstreams: { gemini: {} }, canary: { weights: undefined, rollout } });
  const of = (value: number, upstream: string) => ({ value, attributes: { 'openai_canary.upstream': upstream } });
  const read = await metrics();
  expect(pointsOf(read.get('openai_canary.weight'))).toEqual([of(0.75, 'openai'), of(0.25, 'gemini')]);
  expect(pointsOf(read.get('openai_canary.rollout.step'))).toEqual([of(1, 'gemini')]);
  ai.canary.rollout.rollback('a test');
  const after = await metrics();
  expect(pointsOf(after.get('openai_canary.weight'))).toEqual([of(1, 'openai'), of(0, 'gemini')]);
  expect(pointsOf(after.get('openai_canary.rollout.changes'))).toEqual([
    { value: 1, attributes: { 'openai_canary.upstream': 'gemini', 'openai_canary.rollout.change': 'rollback' } },
  ]);
  exporter.close();
  ai.canary.rollout.retry();
  // The reader repeats the last value that it saw.
  expect(pointsOf((await metrics()).get('openai_canary.weight'))).toEqual([of(1, 'openai'), of(0, 'gemini')]);
});

test('100,000 models have the label of 100, and one for the rest', async () => {
  const { meter, read } = memoryMeter();
  const metrics = new GenAiMetrics(meter);
  const usage = { inputTokens: 1, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };
  const { ai, events } = setUpOtel();
  await ask(ai);
  const [record] = events.of('attempt');
  for (let index = 0; index < 100_000; index += 1) {
    const model = `model-${index}`;
    metrics.attempt('chat', {}, { ...record!, requestedModel: model, model, usage });
  }
  const points = pointsOf((await read()).get('gen_ai.client.token.usage'));
  expect(new Set(points.map(({ attributes }) => attributes['gen_ai.request.model'])).size).toBe(101);
  expect(points.find(({ attributes }) => attributes['gen_ai.request.model'] === '_OTHER')?.value).toMatchObject({
    count: 99_900,
  });
});

test('genAiMetrics: false leaves only our own metrics', async () => {
  const { ai, metrics } = setUpOtel({}, { genAiMetrics: false });
  await ask(ai);
  const names = [...(await metrics()).keys()];
  expect(names).toContain('openai_canary.attempts');
  expect(names.filter((name) => name.startsWith('gen_ai'))).toEqual([]);
});
