/** The exporter in registries of both libraries: what it counts, and how it comes and goes. */

import { spawnSync } from 'node:child_process';
import { ClusterRegistry, Registry } from '@prometheus-io/client';
import { Counter, Registry as RegistryOfPromClient } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { CanaryClient, ConfigError, route } from '../../src/index.ts';
import { METRIC_KEYS, METRICS, type MetricDefinition } from '../../src/prometheus/metrics.ts';
import { prometheusExporter } from '../../src/prometheus/index.ts';
import { ask, BODY, drain, STREAM_BODY, within } from '../support/calls.ts';
import { chat, failed, json } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';
import { scrape } from './support/scrape.ts';

const LIBRARIES = [
  // `as never` below: the types of the two libraries have no common parameter.
  ['@prometheus-io/client', () => new Registry()],
  ['prom-client', () => new RegistryOfPromClient()],
] as const;

describe.each(LIBRARIES)('in a registry of %s', (_name, newRegistry) => {
  test('calls and attempts are counted by upstream, outcome and failure kind', async () => {
    const { ai, clock, providers } = setUpCanary();
    const registry = newRegistry();
    prometheusExporter(ai, { registry });
    providers.script('gemini', failed(500), failed(503));
    await within(clock, 60_000, ask(ai));
    await within(clock, 60_000, ask(ai));
    const { value } = await scrape(registry);
    expect(value('calls_total', { assigned: 'gemini', upstream: 'openai', outcome: 'success' })).toBe(1);
    expect(value('calls_total', { assigned: 'gemini', upstream: 'gemini', outcome: 'success' })).toBe(1);
    const gemini = { upstream: 'gemini', model: 'gpt-4.1' };
    expect(value('attempts_total', { ...gemini, outcome: 'failure', kind: 'server' })).toBe(2);
    expect(value('attempts_total', { ...gemini, outcome: 'success', kind: '' })).toBe(1);
    expect(value('retries_total', { upstream: 'gemini', kind: 'server' })).toBe(1);
    expect(value('fallbacks_total', { from: 'gemini', to: 'openai', reason: 'server' })).toBe(1);
  });

  test('durations go into cumulative buckets of seconds', async () => {
    const { ai, clock, providers } = setUp();
    const registry = newRegistry();
    prometheusExporter(ai, { registry, buckets: [0.1, 0.5, 2] });
    for (const ms of [100, 300, 300, 5_000]) {
      providers.script('openai', async ({ wait, ...request }) => {
        await wait(ms);
        return chat()({ wait, ...request });
      });
      await within(clock, ms, ask(ai));
    }
    const { value } = await scrape(registry);
    const buckets = ['0.1', '0.5', '2', '+Inf'].map((le) =>
      value('call_duration_seconds_bucket', { assigned: 'openai', outcome: 'success', le }),
    );
    expect(buckets).toEqual([1, 3, 3, 4]);
    expect(value('call_duration_seconds_sum', { assigned: 'openai' })).toBeCloseTo(5.7, 9);
    expect(value('attempt_duration_seconds_count', { upstream: 'openai' })).toBe(4);
  });

  test('an exporter that is closed leaves nothing in the registry and counts nothing more', async () => {
    const { ai } = setUp();
    const registry = newRegistry();
    const own = new Counter({ name: 'own_total', help: 'Of the application', registers: [] });
    registry.registerMetric(own as never);
    const exporter = prometheusExporter(ai, { registry });
    await ask(ai);
    exporter.close();
    exporter.close();
    expect((await scrape(registry)).text).toBe(
      await registry.getSingleMetricAsString('own_total').then((text) => `${text}\n`),
    );
    using again = prometheusExporter(ai, { registry });
    await ask(ai);
    expect((await scrape(registry)).value('attempts_total', { outcome: 'success' })).toBe(1);
    expect(again.close).toBeTypeOf('function');
  });

  test('clients with different labels share a registry', async () => {
    const [first, second] = [setUp(), setUp()];
    const registry = newRegistry();
    const exporter = prometheusExporter(first.ai, { registry, labels: { client: 'first' } });
    prometheusExporter(second.ai, { registry, labels: { client: 'second' } });
    await ask(first.ai);
    await ask(second.ai);
    await ask(second.ai);
    const both = await scrape(registry);
    expect(both.value('attempts_total', { client: 'first' })).toBe(1);
    expect(both.value('attempts_total', { client: 'second' })).toBe(2);
    expect(both.text.match(/^# TYPE openai_canary_attempts_total /gm)).toHaveLength(1);
    exporter.close();
    const one = await scrape(registry);
    expect([one.sum('attempts_total', { client: 'first' }), one.sum('attempts_total')]).toEqual([0, 2]);
  });

  test('labels that another client on the registry has are refused', () => {
    const registry = newRegistry();
    prometheusExporter(setUp().ai, { registry });
    expect(() => prometheusExporter(setUp().ai, { registry })).toThrow(
      'prometheusExporter.labels should differ from those of the other client on this registry, got {}',
    );
  });

  test('a name that is taken is refused, and the registry stays as it is', () => {
    const registry = newRegistry();
    const taken = new Counter({ name: 'openai_canary_warnings_total', help: 'Taken', registers: [] });
    registry.registerMetric(taken as never);
    expect(() => prometheusExporter(setUp().ai, { registry })).toThrow(
      'prometheusExporter.registry has a metric openai_canary_warnings_total already: choose another prefix',
    );
    expect(registry.getMetricsAsArray()).toHaveLength(1);
  });

  test('a registry of OpenMetrics gets counters that end in _total once', async () => {
    const { ai } = setUp();
    const registry = newRegistry();
    registry.setContentType('application/openmetrics-text; version=1.0.0; charset=utf-8' as never);
    const exporter = prometheusExporter(ai, { registry });
    await ask(ai);
    await scrape(registry);
    const { text, value } = await scrape(registry);
    expect(text).toMatch(/^# TYPE openai_canary_attempts counter$/m);
    expect(text).toMatch(/# EOF\n$/);
    expect(value('attempts_total', { outcome: 'success' })).toBe(1);
    exporter.close();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });

  test('resetMetrics() sets the counters back to 0', async () => {
    const { ai } = setUp();
    const registry = newRegistry();
    prometheusExporter(ai, { registry });
    await ask(ai);
    registry.resetMetrics();
    const { value, sum } = await scrape(registry);
    expect([sum('attempts_total'), sum('call_duration_seconds_count')]).toEqual([0, 0]);
    expect(value('calls_total', { outcome: 'success' })).toBe(0);
  });
});

test('first chunks of streams are measured for calls and attempts', async () => {
  const { ai } = setUp();
  const registry = new Registry();
  prometheusExporter(ai, { registry });
  await drain(await ai.chat.completions.create(STREAM_BODY));
  await ask(ai);
  const { value } = await scrape(registry);
  expect(value('call_first_chunk_seconds_count', { assigned: 'openai' })).toBe(1);
  expect(value('attempt_first_chunk_seconds_count', { upstream: 'openai' })).toBe(1);
});

test('tokens are split into types that do not overlap', async () => {
  const { ai, providers } = setUp();
  const registry = new Registry();
  prometheusExporter(ai, { registry });
  const usage = {
    prompt_tokens: 100,
    completion_tokens: 50,
    total_tokens: 150,
    prompt_tokens_details: { cached_tokens: 60 },
    completion_tokens_details: { reasoning_tokens: 20 },
  };
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }];
  providers.script(
    'openai',
    json({ id: 'c', object: 'chat.completion', created: 0, model: 'gpt-4.1', choices, usage }),
  );
  await ask(ai);
  const { value, sum } = await scrape(registry);
  const byType = ['input', 'cachedInput', 'output', 'reasoning'].map((type) => value('tokens_total', { type }));
  expect(byType).toEqual([40, 60, 30, 20]);
  const { total } = ai.canary.costs();
  expect(sum('tokens_total')).toBe(total.inputTokens + total.outputTokens);
});

test('costs and savings are those of the ledger, and an unknown price is counted', async () => {
  const prices = { gemini: { inputPerMTok: 1, outputPerMTok: 4 }, openai: { inputPerMTok: 2, outputPerMTok: 8 } };
  const upstreams = { gemini: {}, dear: {}, unknown: { model: 'no-such-model' } };
  const dear = { inputPerMTok: 4, outputPerMTok: 16 };
  const { ai } = setUp({ upstreams, canary: { prices: { ...prices, dear } } });
  const registry = new Registry();
  prometheusExporter(ai, { registry });
  for (const upstream of ['gemini', 'dear', 'unknown']) await ask(ai, route({ upstream }));
  const { value, sum } = await scrape(registry);
  const { total } = ai.canary.costs();
  expect(value('cost_usd_total', { upstream: 'gemini', reason: 'first' })).toBeCloseTo(0.000_03, 12);
  expect(sum('cost_usd_total')).toBeCloseTo(total.costUsd, 12);
  expect(value('savings_usd_total', { upstream: 'gemini' })).toBeCloseTo(0.000_03, 12);
  expect(value('extra_cost_usd_total', { upstream: 'dear' })).toBeCloseTo(0.000_06, 12);
  expect(sum('savings_usd_total') - sum('extra_cost_usd_total')).toBeCloseTo(total.savingsUsd, 12);
  expect(value('unpriced_attempts_total', { upstream: 'unknown', model: 'no-such-model' })).toBe(1);
});

test('one scrape reads the state of the client once', async () => {
  const { ai } = setUp();
  const registry = new Registry();
  let snapshots = 0;
  const { canary } = ai;
  const counting = {
    on: canary.on.bind(canary),
    off: canary.off.bind(canary),
    snapshot: () => ((snapshots += 1), canary.snapshot()),
    rollouts: canary.rollouts,
    alerts: canary.alerts,
  };
  prometheusExporter({ canary: counting }, { registry });
  snapshots = 0;
  await registry.metrics();
  expect(snapshots).toBe(1);
  await ask(ai);
  expect(snapshots).toBe(1);
  await registry.metrics();
  expect(snapshots).toBe(2);
});

test('a state that cannot be read leaves the counters and the metrics of the application in the scrape', async () => {
  const { ai } = setUp();
  const registry = new Registry();
  const { canary } = ai;
  let isBroken = false;
  const breaking = {
    on: canary.on.bind(canary),
    off: canary.off.bind(canary),
    snapshot: () => {
      if (isBroken) throw new Error('broken');
      return canary.snapshot();
    },
    rollouts: canary.rollouts,
    alerts: canary.alerts,
  };
  prometheusExporter({ canary: breaking }, { registry });
  isBroken = true;
  await ask(ai);
  const { value, sum } = await scrape(registry);
  expect(value('attempts_total', { outcome: 'success' })).toBe(1);
  expect(value('export_errors_total')).toBe(1);
  expect(sum('weight_ratio')).toBe(0);
});

test('the workers of a cluster are added up', async () => {
  const workers = await Promise.all(
    [1, 2].map(async (calls) => {
      const { ai } = setUp({ canary: { limits: { openai: { concurrency: 5 } } } });
      const registry = new Registry();
      prometheusExporter(ai, { registry });
      for (let call = 0; call < calls; call += 1) await ask(ai);
      return registry.getMetricsAsJSON();
    }),
  );
  const { value } = await scrape(ClusterRegistry.aggregate(workers));
  expect(value('attempts_total', { outcome: 'success' })).toBe(3);
  expect(value('call_duration_seconds_bucket', { outcome: 'success', le: '0.05' })).toBe(3);
  expect(value('weight_ratio', { upstream: 'openai' })).toBe(1);
  expect(value('limit_in_flight_attempts', { upstream: 'openai' })).toBe(0);
});

test('100,000 models and keys have a bounded number of series, and neither keys nor prompts are in the scrape', async () => {
  const { ai, events } = setUp();
  const registry = new Registry();
  const listeners: ((record: unknown) => void)[] = [];
  const canary = {
    // Calls through the client give the first record; the exporter then sees it again under other models.
    on: (name: string, listener: (record: never) => void) =>
      void (name === 'attempt' && listeners.push(listener as (record: unknown) => void)),
    off: () => undefined,
    snapshot: () => ai.canary.snapshot(),
    rollouts: {},
    alerts: ai.canary.alerts,
  };
  prometheusExporter({ canary }, { registry });
  prometheusExporter(ai, { registry, labels: { client: 'real' } });
  for (let call = 0; call < 200; call += 1) {
    const messages = [{ role: 'user' as const, content: `secret prompt ${call}` }];
    await ai.chat.completions.create(
      { ...BODY, model: `model-${call}`, messages },
      route({ key: `secret-key-${call}` }),
    );
  }
  const [record] = events.of('attempt');
  for (let model = 0; model < 100_000; model += 1) {
    for (const listener of listeners) listener({ ...record, requestedModel: `model-${model}` });
  }
  const { value, series, text } = await scrape(registry);
  expect(value('attempts_total', { client: 'real', model: 'other' })).toBe(180);
  const other = [...series].filter(([name]) => /attempts_total\{(?!client).*model="other"/.test(name));
  expect(other.map(([, count]) => count)).toEqual([99_980]);
  expect(series.size).toBeLessThan(600);
  expect(text).not.toMatch(/secret|Hello/);
});

test('every metric has a unit in its name, a help text and labels, and promtool accepts them', async () => {
  const definitions = METRIC_KEYS.map((key) => METRICS[key]);
  const bases = new Set(['seconds', 'usd', 'ratio', 'bytes']);
  const endOf = ({ kind, unit }: MetricDefinition) =>
    `${bases.has(unit) ? `_${unit}` : ''}${kind === 'counter' ? '_total' : ''}`;
  expect(definitions.filter((definition) => !definition.name.endsWith(endOf(definition)))).toEqual([]);
  expect(definitions.filter(({ help }) => !/^[A-Z0-9].*[^.]$/.test(help))).toEqual([]);
  expect(new Set(definitions.map(({ name }) => name)).size).toBe(definitions.length);
  const { ai } = setUpCanary();
  const registry = new Registry();
  prometheusExporter(ai, { registry });
  await ask(ai);
  const check = spawnSync('promtool', ['check', 'metrics'], { input: await registry.metrics(), encoding: 'utf8' });
  if (check.error) return process.emitWarning('No promtool on this machine: the metrics are not checked by it.');
  expect(`${check.stdout}${check.stderr}`).toBe('');
});

test.each([
  [{ registry: {} }, 'prometheusExporter.registry should have the methods registerMetric and getSingleMetric'],
  [{}, 'prometheusExporter.registry should be a registry of @prometheus-io/client or prom-client, got undefined'],
  [{ prefix: 'a-b' }, 'prometheusExporter.prefix should consist of letters, digits and underscores, got "a-b"'],
  [{ prefix: '' }, 'prometheusExporter.prefix should consist of letters, digits and underscores, got ""'],
  [{ labels: { upstream: 'a' } }, 'prometheusExporter.labels.upstream is a label of a metric already'],
  [{ labels: { 'a b': 'a' } }, 'prometheusExporter.labels.a b should consist of letters, digits and underscores'],
  [{ labels: { a: 1 } }, 'prometheusExporter.labels.a should be a string, got 1'],
  [{ buckets: [] }, 'prometheusExporter.buckets.length should be a whole number between 1 and 100, got 0'],
  [{ buckets: [1, 1] }, 'prometheusExporter.buckets[1] should be above 1, got 1'],
  [{ buckets: [0] }, 'prometheusExporter.buckets[0] should be above 0, got 0'],
  [{ maxModels: -1 }, 'prometheusExporter.maxModels should be a whole number between 0 and 1000, got -1'],
  [{ prefx: 'a' }, 'prometheusExporter.prefx is not an option; did you mean prefix?'],
])('options %j are refused: %s', (options, message) => {
  const registry = 'registry' in options || Object.keys(options).length === 0 ? {} : { registry: new Registry() };
  expect(() => prometheusExporter(setUp().ai, { ...registry, ...options } as never)).toThrow(message);
});

test('what is not a client is refused', () => {
  const registry = new Registry();
  expect(() => prometheusExporter(undefined as never, { registry })).toThrow(ConfigError);
  expect(() => prometheusExporter({} as never, { registry })).toThrow(
    'prometheusExporter.client should be a CanaryClient',
  );
});

test('a client without the canary option is exported, too', async () => {
  const { providers } = setUp();
  const ai = new CanaryClient({ apiKey: 'k', baseURL: 'https://openai.test/v1', fetch: providers.fetch });
  const registry = new Registry();
  prometheusExporter(ai, { registry });
  await ask(ai);
  expect((await scrape(registry)).value('calls_total', { upstream: 'openai', outcome: 'success' })).toBe(1);
});
