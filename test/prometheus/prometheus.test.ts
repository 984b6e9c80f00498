/** A real Prometheus scrapes a client under traffic: its answers are the client's own numbers, and every expression of the examples has series. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Snapshot } from '../../src/index.ts';
import { METRIC_KEYS, METRICS } from '../../src/prometheus/metrics.ts';
import { busyClient, type BusyClient } from './support/busy-client.ts';
import { expressionsOf, queriesIn, type Rules } from './support/expressions.ts';
import { hasPrometheus, type PrometheusServer, startPrometheus, until } from './support/prometheus-server.ts';

const examples = join(import.meta.dirname, '../../examples');
const rulesFile = join(examples, 'prometheus/alerts.yml');
const dashboard: unknown = JSON.parse(await readFile(join(examples, 'grafana/dashboard.json'), 'utf8'));
const guide = await readFile(join(examples, '../docs/prometheus.md'), 'utf8');
const rules = parse(await readFile(rulesFile, 'utf8')) as Rules;

describe.skipIf(!hasPrometheus)('a client that Prometheus scrapes', () => {
  let busy: BusyClient;
  let prometheus: PrometheusServer;
  let snapshot: Snapshot;

  beforeAll(async () => {
    busy = busyClient();
    prometheus = await startPrometheus(busy.registry, [rulesFile]);
    // Rates begin with the values before the first call.
    await prometheus.scraped();
    await busy.plainCalls(200);
    await busy.otherCalls();
    await until('the alert rule of the client fires', async () =>
      busy.ai.canary.alerts.rules.some(({ phase }) => phase === 'firing'),
    );
    // Nothing moves from here on.
    snapshot = busy.ai.canary.snapshot();
    await prometheus.scraped();
  });

  afterAll(async () => {
    await prometheus?.[Symbol.asyncDispose]();
    await busy?.[Symbol.asyncDispose]();
  });

  test('sums of attempts are those of the snapshot, by upstream and outcome', async () => {
    for (const [upstream, numbers] of Object.entries(snapshot.upstreams)) {
      const count = (outcome: string) =>
        prometheus.value(`sum(openai_canary_attempts_total{upstream="${upstream}",outcome="${outcome}"}) or vector(0)`);
      expect([upstream, await count('success'), await count('failure'), await count('aborted')]).toEqual([
        upstream,
        numbers.successes,
        numbers.failures,
        numbers.aborted,
      ]);
    }
    const { openai, next } = snapshot.upstreams;
    expect(openai!.successes + next!.successes).toBeGreaterThan(150);
  });

  test('calls, fallbacks and hit rates are those of the snapshot', async () => {
    expect(await prometheus.value('sum(openai_canary_calls_total)')).toBe(snapshot.calls);
    const success = 'openai_canary_calls_total{outcome="success"}';
    const own = 'label_replace(openai_canary_weight_ratio, "assigned", "$1", "upstream", "(.+)")';
    const primary = `sum(${success} and on (assigned, upstream) ${own})`;
    const ended = 'sum(openai_canary_calls_total{outcome=~"success|failure"})';
    expect(await prometheus.value(`${primary} / ${ended}`)).toBeCloseTo(snapshot.primaryHitRate!, 9);
    expect(await prometheus.value(`1 - ${primary} / sum(${success})`)).toBeCloseTo(snapshot.fallbackRate!, 9);
    expect(snapshot.fallbackRate).toBeGreaterThan(0);
  });

  test('a rate over the run counts every call, since each series begins at 0', async () => {
    const increase = 'openai_canary_calls_total{assigned="openai",upstream="openai",outcome="success"}';
    const exact = await prometheus.value(`max_over_time(${increase}[10m]) - min_over_time(${increase}[10m])`);
    expect(exact).toBe(await prometheus.value(increase));
    // Prometheus extrapolates beyond the first and the last scrape by half an interval each.
    const extrapolated = await prometheus.value(`rate(${increase}[10m]) * 600`);
    expect(extrapolated).toBeGreaterThanOrEqual(exact * 0.99);
    expect(extrapolated).toBeLessThan(exact * 2);
  });

  test('quantiles of the histograms are within a bucket of those of the snapshot', async () => {
    const bounds = [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 5, 7.5, 10];
    for (const upstream of ['openai', 'next']) {
      const { latencyMs } = snapshot.upstreams[upstream]!;
      for (const [q, ms] of [
        [0.5, latencyMs.p50],
        [0.95, latencyMs.p95],
      ] as const) {
        const series = `openai_canary_attempt_duration_seconds_bucket{upstream="${upstream}"}`;
        const seconds = await prometheus.value(`histogram_quantile(${q}, sum by (le) (${series}))`);
        const bucketOf = (value: number) => bounds.findIndex((bound) => value <= bound);
        expect(Math.abs(bucketOf(seconds) - bucketOf(ms! / 1_000)), `${seconds} s, ${ms} ms`).toBeLessThanOrEqual(1);
      }
      const count = await prometheus.value(`sum(openai_canary_attempt_duration_seconds_count{upstream="${upstream}"})`);
      expect(count).toBe(latencyMs.count);
    }
  });

  test('tokens, costs and savings are those of the ledger', async () => {
    const { total } = busy.ai.canary.costs();
    expect(await prometheus.value('sum(openai_canary_tokens_total)')).toBe(total.inputTokens + total.outputTokens);
    expect(await prometheus.value('sum(openai_canary_cost_usd_total)')).toBeCloseTo(total.costUsd, 9);
    const saved = 'sum(openai_canary_savings_usd_total) - sum(openai_canary_extra_cost_usd_total)';
    expect(await prometheus.value(saved)).toBeCloseTo(total.savingsUsd, 9);
    expect(await prometheus.value('sum(openai_canary_unpriced_attempts_total)')).toBe(total.unpriced);
  });

  test('gauges show weights, breakers, pauses, budgets and limits as the snapshot does', async () => {
    const { upstreams, budgets } = snapshot;
    for (const [upstream, { weight }] of Object.entries(upstreams)) {
      expect(await prometheus.value(`openai_canary_weight_ratio{upstream="${upstream}"}`)).toBeCloseTo(weight, 12);
    }
    const open = await prometheus.query('openai_canary_breaker_state{state="open"} == 1');
    expect(open.map(({ labels }) => labels['upstream'])).toEqual(['broken']);
    expect(await prometheus.value('openai_canary_pause_remaining_seconds{upstream="paused"}')).toBeGreaterThan(0);
    expect(await prometheus.value('openai_canary_budget_spent_usd')).toBeCloseTo(budgets[0]!.spentUsd, 9);
    expect(await prometheus.value('sum(openai_canary_budget_notices_total)')).toBe(3);
    const requests = await prometheus.value('openai_canary_limit_minute_requests{upstream="next"}');
    expect(requests).toBeLessThanOrEqual(upstreams['next']!.limits!.requests!);
  });

  test('a rollout shows its phase, blockers, evidence and samples as its state does', async () => {
    const { state } = busy.ai.canary.rollouts['next']!;
    const phases = await prometheus.query('openai_canary_rollout_phase == 1');
    expect(Object.fromEntries(phases.map(({ labels }) => [labels['upstream'], labels['phase']]))).toEqual({
      next: 'progressing',
      other: 'rolledBack',
    });
    const blockers = await prometheus.query('openai_canary_rollout_blocked{upstream="next"} == 1');
    expect(new Set(blockers.map(({ labels }) => labels['blocker']))).toEqual(
      new Set(state.waitsFor.map((wait) => wait.for)),
    );
    const samples = 'openai_canary_rollout_step_samples{upstream="next"';
    expect(await prometheus.value(`sum(${samples},side="canary"})`)).toBe(state.samples.canary.assigned);
    expect(await prometheus.value(`${samples},side="canary",result="good"}`)).toBe(state.samples.canary.good);
    expect(await prometheus.value('openai_canary_rollout_evidence_ratio{upstream="next"}')).toBe(state.evidence);
    for (const { guardrail, promotion } of state.guardrails) {
      const series = `openai_canary_rollout_guardrail_promotion_ratio{upstream="next",guardrail="${guardrail}"}`;
      expect(await prometheus.value(series)).toBe(promotion);
    }
    const rollback = 'openai_canary_rollout_changes_total{upstream="other",change="rollback",cause="user"}';
    expect(await prometheus.value(rollback)).toBe(1);
  });

  test('copies and their agreement are those of the snapshot', async () => {
    const { calls, compared, agreement } = snapshot.shadow!['shadow']!;
    expect(await prometheus.value('sum(openai_canary_shadow_copies_total)')).toBe(calls);
    const [sum, count] = ['sum', 'count'].map((part) => `openai_canary_shadow_agreement_ratio_${part}`);
    expect(await prometheus.value(count!)).toBe(compared);
    expect(await prometheus.value(`${sum} / ${count}`)).toBeCloseTo(agreement!, 9);
  });

  test('every metric of the table has series', async () => {
    const missing: string[] = [];
    for (const { kind, name } of METRIC_KEYS.map((key) => METRICS[key])) {
      const series = `openai_canary_${name}${kind === 'histogram' ? '_bucket' : ''}`;
      if ((await prometheus.query(series)).length === 0) missing.push(series);
    }
    expect(missing).toEqual([]);
  });

  test('every expression of the dashboard and every query of the guide has an answer', async () => {
    const empty: string[] = [];
    const queries = queriesIn(guide);
    expect(queries.length).toBeGreaterThan(5);
    const expressions = [...queries, ...expressionsOf(dashboard, { upstream: '.*', canary: 'next' })];
    expect(expressions.length).toBeGreaterThan(60);
    for (const expression of expressions) {
      if ((await prometheus.query(expression)).length === 0) empty.push(expression);
    }
    expect(empty).toEqual([]);
  });

  test('the alert rules are loaded, and those of what has happened are pending or firing', async () => {
    const alerts = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert));
    expect(alerts.length).toBeGreaterThan(10);
    const wanted = ['CanaryRolledBack', 'BudgetSpent', 'BreakerOpen', 'PriceUnknown'];
    await until('the alerts are evaluated', async () => {
      const active = await prometheus.query('ALERTS');
      return wanted.every((name) => active.some(({ labels }) => labels['alertname'] === name));
    });
    const active = (await prometheus.query('ALERTS')).map(({ labels }) => labels['alertname']);
    expect(alerts).toEqual(expect.arrayContaining([...new Set(active)]));
    expect(active).not.toContain('StoreAway');
    expect(active).not.toContain('CallsFail');
  });
});
