/**
 * Writes `examples/grafana/dashboard.json`, a dashboard of Grafana for the metrics of `prometheusExporter`. Run: npm run docs
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';

/** A panel of the dashboard, without its place. */
interface Panel {
  readonly title: string;
  readonly kind?: 'timeseries' | 'stat' | 'bargauge' | 'table';
  readonly unit?: string;
  /** Of 24. @default 8 */
  readonly width?: number;
  readonly max?: number;
  readonly description?: string;
  /** Expressions with their legends; metrics are written without the prefix, as `@calls_total`. */
  readonly targets: readonly (readonly [expression: string, legend: string])[];
}

const UP = 'upstream=~"$upstream"';
const ASSIGNED = 'assigned=~"$upstream"';
const CANARY = 'upstream="$canary"';
const rate = (series: string): string => `rate(@${series}[$__rate_interval])`;
const quantile = (q: number, series: string, by: string): string =>
  `histogram_quantile(${q}, sum by (le, ${by}) (${rate(series)}))`;

const SERVED = rate('calls_total{outcome="success"}');
/** Pairs of labels of calls that the assigned upstream served. */
const OWN = 'label_replace(@weight_ratio, "assigned", "$1", "upstream", "(.+)")';

const ROWS: Readonly<Record<string, readonly Panel[]>> = {
  Overview: [
    { title: 'Calls', kind: 'stat', unit: 'reqps', width: 4, targets: [[`sum(${rate('calls_total')})`, 'calls']] },
    {
      title: 'Failed calls',
      kind: 'stat',
      unit: 'percentunit',
      width: 4,
      description: 'Calls that failed on every upstream, of those that ended in success or failure.',
      targets: [
        [
          `sum(${rate('calls_total{outcome="failure"}')}) / sum(${rate('calls_total{outcome=~"success|failure"}')})`,
          'failed',
        ],
      ],
    },
    {
      title: 'Served by another upstream',
      kind: 'stat',
      unit: 'percentunit',
      width: 4,
      targets: [[`(sum(${SERVED} unless on (assigned, upstream) ${OWN}) or vector(0)) / sum(${SERVED})`, 'fallback']],
    },
    {
      title: 'Cost per hour',
      kind: 'stat',
      unit: 'currencyUSD',
      width: 4,
      targets: [[`3600 * sum(${rate('cost_usd_total')})`, 'cost']],
    },
    {
      title: 'Saved per hour',
      kind: 'stat',
      unit: 'currencyUSD',
      width: 4,
      description: 'What the same tokens would have cost on stable, minus their cost.',
      targets: [[`3600 * (sum(${rate('savings_usd_total')}) - sum(${rate('extra_cost_usd_total')}))`, 'saved']],
    },
    { title: 'Firing alerts', kind: 'stat', width: 4, targets: [['sum(max by (alert) (@alert_firing))', 'firing']] },
  ],
  'Rollout of $canary': [
    {
      title: 'Phase',
      kind: 'stat',
      width: 6,
      targets: [[`max by (phase) (@rollout_phase{${CANARY}}) == 1`, '{{phase}}']],
    },
    {
      title: 'Step',
      kind: 'stat',
      width: 6,
      targets: [
        [`max(@rollout_step{${CANARY}})`, 'step'],
        [`max(@rollout_steps{${CANARY}})`, 'of'],
      ],
    },
    {
      title: 'Waits for',
      kind: 'table',
      width: 12,
      targets: [[`max by (blocker) (@rollout_blocked{${CANARY}}) == 1`, '{{blocker}}']],
    },
    {
      title: 'Weight and share of calls',
      unit: 'percentunit',
      max: 1,
      targets: [
        [`max(@rollout_weight_ratio{${CANARY}})`, 'weight'],
        [`max(@rollout_actual_share_ratio{${CANARY}})`, 'share of calls'],
        [`max(@rollout_shadow_share_ratio{${CANARY}})`, 'share of copies'],
      ],
    },
    {
      title: 'Evidence for a rollback',
      unit: 'percentunit',
      max: 1,
      description: 'At 100 % the canary is rolled back. A logarithmic scale.',
      targets: [
        [`max(@rollout_evidence_ratio{${CANARY}})`, 'all guardrails'],
        [`max by (guardrail) (@rollout_guardrail_rollback_ratio{${CANARY}})`, '{{guardrail}}'],
      ],
    },
    {
      title: 'Proof that the canary is no worse',
      unit: 'percentunit',
      max: 1,
      description: 'The rollout goes on when every guardrail is at 100 %. A logarithmic scale.',
      targets: [[`max by (guardrail) (@rollout_guardrail_promotion_ratio{${CANARY}})`, '{{guardrail}}']],
    },
    {
      title: 'Error rate in the step',
      unit: 'percentunit',
      width: 6,
      targets: [[`max by (side) (@rollout_step_error_ratio{${CANARY}})`, '{{side}}']],
    },
    {
      title: 'Mean latency in the step',
      unit: 's',
      width: 6,
      targets: [[`max by (side) (@rollout_step_latency_seconds{${CANARY}})`, '{{side}}']],
    },
    {
      title: 'Cost per call in the step',
      unit: 'currencyUSD',
      width: 6,
      targets: [[`max by (side) (@rollout_step_cost_per_call_usd{${CANARY}})`, '{{side}}']],
    },
    {
      title: 'Quality in the step',
      width: 6,
      targets: [[`max by (side) (@rollout_step_quality{${CANARY}})`, '{{side}}']],
    },
    {
      title: 'Samples in the step',
      kind: 'bargauge',
      width: 12,
      targets: [[`max by (side, result, reason) (@rollout_step_samples{${CANARY}})`, '{{side}} {{result}} {{reason}}']],
    },
    {
      title: 'Judged canary calls, and those that failed',
      width: 6,
      targets: [
        [`max(@rollout_exposed_calls{${CANARY}})`, 'judged'],
        [`max(@rollout_failed_calls{${CANARY}})`, 'failed'],
      ],
    },
    {
      title: 'Better than stable by',
      unit: 'percentunit',
      width: 6,
      targets: [[`max by (metric) (@rollout_improvement_ratio{${CANARY}})`, '{{metric}}']],
    },
  ],
  Traffic: [
    {
      title: 'Weights',
      unit: 'percentunit',
      max: 1,
      targets: [[`avg by (upstream) (@weight_ratio{${UP}})`, '{{upstream}}']],
    },
    {
      title: 'Calls by assigned upstream',
      unit: 'reqps',
      targets: [[`sum by (assigned) (${rate(`calls_total{${ASSIGNED}}`)})`, '{{assigned}}']],
    },
    {
      title: 'Attempts by outcome',
      unit: 'reqps',
      targets: [[`sum by (upstream, outcome) (${rate(`attempts_total{${UP}}`)})`, '{{upstream}} {{outcome}}']],
    },
    {
      title: 'Failed attempts by kind',
      unit: 'reqps',
      targets: [
        [`sum by (upstream, kind) (${rate(`attempts_total{${UP}, outcome="failure"}`)})`, '{{upstream}} {{kind}}'],
      ],
    },
    {
      title: 'Retries, fallbacks, hedges',
      unit: 'reqps',
      targets: [
        [`sum by (upstream, kind) (${rate(`retries_total{${UP}}`)})`, 'retry {{upstream}} {{kind}}'],
        [`sum by (from, to, reason) (${rate('fallbacks_total')})`, 'fallback {{from}} to {{to}} {{reason}}'],
        [`sum by (from, to) (${rate('hedges_total')})`, 'hedge {{from}} to {{to}}'],
      ],
    },
    {
      title: 'Answers with broken tool calls',
      unit: 'reqps',
      targets: [[`sum by (upstream) (${rate(`broken_tool_calls_total{${UP}}`)})`, '{{upstream}}']],
    },
  ],
  Latency: [
    {
      title: 'Calls, p50 and p95',
      unit: 's',
      targets: [
        [quantile(0.5, `call_duration_seconds_bucket{${ASSIGNED}}`, 'assigned'), 'p50 {{assigned}}'],
        [quantile(0.95, `call_duration_seconds_bucket{${ASSIGNED}}`, 'assigned'), 'p95 {{assigned}}'],
      ],
    },
    {
      title: 'Attempts, p95 and p99',
      unit: 's',
      targets: [
        [quantile(0.95, `attempt_duration_seconds_bucket{${UP}}`, 'upstream'), 'p95 {{upstream}}'],
        [quantile(0.99, `attempt_duration_seconds_bucket{${UP}}`, 'upstream'), 'p99 {{upstream}}'],
        [`max by (upstream) (@target_latency_seconds{${UP}})`, 'target p95 {{upstream}}'],
      ],
    },
    {
      title: 'First chunk of streams, p95',
      unit: 's',
      targets: [
        [quantile(0.95, `call_first_chunk_seconds_bucket{${ASSIGNED}}`, 'assigned'), 'calls {{assigned}}'],
        [quantile(0.95, `attempt_first_chunk_seconds_bucket{${UP}}`, 'upstream'), 'attempts {{upstream}}'],
      ],
    },
  ],
  Health: [
    {
      title: 'Breakers',
      kind: 'table',
      targets: [[`max by (upstream, state) (@breaker_state{${UP}}) == 1`, '{{upstream}} {{state}}']],
    },
    {
      title: 'Health',
      kind: 'table',
      targets: [[`max by (upstream, state) (@health{${UP}}) == 1`, '{{upstream}} {{state}}']],
    },
    {
      title: 'Changes of breakers',
      targets: [
        [`sum by (upstream, to) (increase(@breaker_changes_total{${UP}}[$__rate_interval]))`, '{{upstream}} {{to}}'],
      ],
    },
    {
      title: 'Paused for',
      unit: 's',
      targets: [[`max by (upstream) (@pause_remaining_seconds{${UP}})`, '{{upstream}}']],
    },
    {
      title: 'Pauses',
      targets: [
        [`sum by (upstream, kind) (increase(@pauses_total{${UP}}[$__rate_interval]))`, '{{upstream}} {{kind}}'],
      ],
    },
    {
      title: 'Uptime and quality',
      targets: [
        [`avg by (upstream) (@uptime_ratio{${UP}})`, 'uptime {{upstream}}'],
        [`avg by (upstream) (@quality{${UP}})`, 'quality {{upstream}}'],
      ],
    },
  ],
  Money: [
    {
      title: 'Cost per hour',
      unit: 'currencyUSD',
      targets: [[`3600 * sum by (upstream) (${rate(`cost_usd_total{${UP}}`)})`, '{{upstream}}']],
    },
    {
      title: 'Cost per hour by reason of the attempt',
      unit: 'currencyUSD',
      targets: [[`3600 * sum by (reason) (${rate(`cost_usd_total{${UP}}`)})`, '{{reason}}']],
    },
    {
      title: 'Cost per 1,000 tokens',
      unit: 'currencyUSD',
      targets: [
        [
          `1000 * sum by (upstream) (${rate(`cost_usd_total{${UP}}`)}) / sum by (upstream) (${rate(`tokens_total{${UP}}`)})`,
          '{{upstream}}',
        ],
      ],
    },
    {
      title: 'Tokens by type',
      targets: [[`sum by (upstream, type) (${rate(`tokens_total{${UP}}`)})`, '{{upstream}} {{type}}']],
    },
    {
      title: 'Budgets, spent share',
      unit: 'percentunit',
      kind: 'bargauge',
      targets: [['max by (budget) (@budget_spent_usd{scope="all"} / @budget_limit_usd{scope="all"})', '{{budget}}']],
    },
    {
      title: 'Spent amounts of budgets',
      targets: [['max by (budget) (@budget_exhausted_amounts)', '{{budget}}']],
    },
    {
      title: 'Attempts without a known price',
      targets: [
        [
          `sum by (upstream, model) (increase(@unpriced_attempts_total{${UP}}[$__rate_interval]))`,
          '{{upstream}} {{model}}',
        ],
      ],
    },
    {
      title: 'Age of the price list',
      unit: 's',
      targets: [[`time() - min by (upstream) (@price_list_timestamp_seconds{${UP}})`, '{{upstream}}']],
    },
    {
      title: 'Cache',
      unit: 'reqps',
      targets: [[`sum by (result) (${rate('cache_calls_total')})`, '{{result}}']],
    },
  ],
  'Copies and limits': [
    {
      title: 'Copies by outcome',
      unit: 'reqps',
      targets: [
        [
          `sum by (upstream, outcome, kind) (${rate(`shadow_copies_total{${UP}}`)})`,
          '{{upstream}} {{outcome}} {{kind}}',
        ],
      ],
    },
    {
      title: 'Agreement with the real answers',
      unit: 'percentunit',
      max: 1,
      targets: [
        [
          `sum by (upstream) (${rate(`shadow_agreement_ratio_sum{${UP}}`)}) / sum by (upstream) (${rate(`shadow_agreement_ratio_count{${UP}}`)})`,
          '{{upstream}}',
        ],
        [`avg by (upstream, aspect) (@shadow_aspect_ratio{${UP}})`, '{{upstream}} {{aspect}}'],
      ],
    },
    {
      title: 'Copies, p95',
      unit: 's',
      targets: [[quantile(0.95, `shadow_duration_seconds_bucket{${UP}}`, 'upstream'), '{{upstream}}']],
    },
    {
      title: 'Copies not sent',
      targets: [[`sum by (upstream, reason) (@shadow_dropped_copies{${UP}})`, '{{upstream}} {{reason}}']],
    },
    {
      title: 'In flight and queued on upstreams with limits',
      targets: [
        [`sum by (upstream) (@limit_in_flight_attempts{${UP}})`, 'in flight {{upstream}}'],
        [`sum by (upstream) (@limit_queued_calls{${UP}})`, 'queued {{upstream}}'],
      ],
    },
    {
      title: 'Requests and tokens of the last minute',
      targets: [
        [`sum by (upstream) (@limit_minute_requests{${UP}})`, 'requests {{upstream}}'],
        [`sum by (upstream) (@limit_minute_tokens{${UP}})`, 'tokens {{upstream}}'],
      ],
    },
  ],
  'Alerts, warnings and store': [
    {
      title: 'Alert rules of the client',
      kind: 'table',
      width: 8,
      targets: [['max by (alert) (@alert_firing)', '{{alert}}']],
    },
    {
      title: 'Warnings',
      width: 8,
      targets: [['sum by (code) (increase(@warnings_total[$__rate_interval]))', '{{code}}']],
    },
    {
      title: 'Store',
      kind: 'table',
      targets: [['sum by (state) (@store_state) > 0', '{{state}}']],
    },
    {
      title: 'Waiting for the store',
      targets: [
        ['sum(@store_pending_operations)', 'operations'],
        ['sum(@store_unsent_samples)', 'samples'],
        ['sum(increase(@store_lost_samples_total[$__rate_interval]))', 'lost samples'],
      ],
    },
    {
      title: 'Leaders',
      kind: 'table',
      targets: [['max by (upstream, instance) (@rollout_leader) == 1', '{{instance}} leads {{upstream}}']],
    },
  ],
};

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The dashboard as JSON. */
export function grafanaDashboard(): Promise<string> {
  const panels: object[] = [];
  let y = 0;
  for (const [title, row] of Object.entries(ROWS)) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: 24, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of row) {
      const { kind = 'timeseries', width: w = 8 } = panel;
      if (x + w > 24) [x, y] = [0, y + height];
      if (x === 0) height = 0;
      const h = kind === 'stat' ? 4 : 8;
      height = Math.max(height, h);
      panels.push(panelOf(panels.length + 1, panel, { x, y, w, h }));
      x += w;
    }
    y += height;
  }
  return format(JSON.stringify({ ...FRAME, panels }), { parser: 'json', printWidth: 120 });
}

function panelOf(
  id: number,
  { title, kind = 'timeseries', unit = 'short', max, description, targets }: Panel,
  gridPos: object,
): object {
  return {
    id,
    type: kind,
    title,
    ...(description !== undefined && { description }),
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, ...(max !== undefined && { max }) }, overrides: [] },
    options: OPTIONS[kind],
    targets: targets.map(([expression, legend], index) => ({
      refId: String.fromCodePoint('A'.codePointAt(0)! + index),
      datasource: DATASOURCE,
      expr: named(expression),
      legendFormat: legend,
      ...(kind !== 'timeseries' && { instant: true, range: false }),
      ...(kind === 'table' && { format: 'table' }),
    })),
  };
}

const LAST = { calcs: ['lastNotNull'], fields: '', values: false };
const OPTIONS = {
  timeseries: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
  stat: { reduceOptions: LAST, textMode: 'value_and_name', colorMode: 'none', graphMode: 'area' },
  bargauge: { reduceOptions: LAST, orientation: 'horizontal', displayMode: 'basic' },
  table: { showHeader: true },
} as const;

const named = (expression: string): string => expression.replaceAll('@', 'openai_canary_');

const variable = (name: string, label: string, query: string, more: object): object => ({
  name,
  label,
  type: 'query',
  datasource: DATASOURCE,
  definition: query,
  query: { query, refId: name },
  refresh: 2,
  sort: 1,
  ...more,
});

const FRAME = {
  uid: 'openai-canary',
  title: 'openai-canary',
  description: 'Made for the metrics of openai-canary/prometheus with the default prefix.',
  tags: ['openai-canary', 'llm'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  graphTooltip: 1,
  refresh: '10s',
  time: { from: 'now-1h', to: 'now' },
  timezone: '',
  annotations: {
    list: [
      {
        name: 'Rollbacks',
        enable: true,
        iconColor: 'red',
        datasource: DATASOURCE,
        expr: named('sum by (upstream, cause) (increase(@rollout_changes_total{change="rollback"}[1m])) > 0'),
        titleFormat: 'Rollback of {{upstream}}',
        textFormat: 'by {{cause}}',
      },
      {
        name: 'Steps and promotions',
        enable: true,
        iconColor: 'green',
        datasource: DATASOURCE,
        expr: named('sum by (upstream, change) (increase(@rollout_changes_total{change=~"step|promote"}[1m])) > 0'),
        titleFormat: '{{change}} of {{upstream}}',
      },
    ],
  },
  templating: {
    list: [
      { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
      variable('upstream', 'Upstream', 'label_values(openai_canary_weight_ratio, upstream)', {
        multi: true,
        includeAll: true,
        allValue: '.*',
        current: { text: 'All', value: '$__all' },
      }),
      variable('canary', 'Canary', 'label_values(openai_canary_rollout_phase, upstream)', {}),
    ],
  },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(import.meta.dirname, '../examples/grafana/dashboard.json'), await grafanaDashboard());
}
