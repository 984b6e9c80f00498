/**
 * Writes `docs/metrics.md`, the reference of the metrics of Prometheus, from their table. Run: npm run docs
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAILURE_KINDS } from '../src/domain/attempt.ts';
import { METRIC_SECTIONS, type MetricDefinition } from '../src/prometheus/metrics.ts';

const PREFIX = 'openai_canary_';

/** What the labels mean, and the values of closed lists. */
const LABELS: Readonly<Record<string, string>> = {
  alert: 'The name of an alert rule, or `quota:`, `auth:` and the like with the upstream.',
  aspect:
    'What two answers are compared by: `finishReason`, `refusal`, `schema`, `json`, `toolNames`, `toolArguments`, `length`, `text`.',
  assigned: 'The upstream that the split chose for a call, whatever served it.',
  blocker: 'What a rollout waits for: `hold`, `calls`, `evidence` and the like, as `rollout.state.waitsFor` has them.',
  budget: 'The name of a budget.',
  cause: 'What changed a rollout: `evidence`, `rule`, `sampleRatio`, `user`, `options`.',
  change: '`step`, `promote`, `rollback`, `pause`, `resume`, `restart`.',
  code: 'The code of a warning, as in [Errors and warnings](errors.md).',
  from: 'The upstream that did not serve the call.',
  guardrail: 'The name of a guardrail.',
  kind: `The failure kind: ${FAILURE_KINDS.map((kind) => `\`${kind}\``).join(', ')}. Empty for a success. Pauses also have \`limit\`.`,
  metric: '`latency` or `costPerCall`.',
  model: 'The requested model; `*` for requests that name none, `other` for those beyond the option `maxModels`.',
  outcome: '`success`, `failure`, `neutral` (the fault of the caller, or a content filter), `aborted`.',
  per: '`hour`, `day`, `month`.',
  phase: '`progressing`, `paused`, `promoted`, `rolledBack`.',
  reason:
    'Of attempts: `first`, `retry`, `fallback`, `hedge`, `shadow`, `probe`. Of fallbacks: the failure kind, or why the upstream was skipped. Of bad samples: `failed`, `breaker`, `pause`, `refused`, `slow`, `empty`. Of dropped copies: `full`, `budget`, `unavailable`.',
  result: 'Of samples: `good`, `bad`, `unjudged`, `heldBack`, `inFlight`. Of the cache: `hit`, `joined`, `miss`.',
  scope: '`all`, `key`, `upstream`.',
  severity: '`info`, `warning`, `critical`.',
  share: '`0.5`, `0.8`, `1`.',
  side: '`stable` or `canary`.',
  state:
    'Of health: `healthy`, `degraded`, `down`, `unknown`. Of breakers: `closed`, `open`, `halfOpen`. Of alerts: `firing`, `resolved`. Of the store: `connecting`, `connected`, `slow`, `away`.',
  to: 'The upstream that the call moved to. Of breakers: the new state.',
  type: '`input` (without the cached part), `cachedInput`, `cacheWrite`, `output` (without reasoning), `reasoning`.',
  upstream: 'The name of an upstream. Of rollouts: the canary.',
};

/** The text of the page. */
export function metricsReference(): string {
  const lines = [
    '# Metrics',
    '',
    '<!-- Generated from `src/prometheus/metrics.ts` by `npm run docs`. -->',
    '',
    'What [`prometheusExporter`](prometheus.md) exports. Durations are in seconds, shares are 0–1, money is in USD. Counters begin with the exporter, those of the',
    'cache and the store with the client. Gauges are read when a scrape asks for them. A histogram has the usual `_bucket`, `_sum` and `_count`.',
  ];
  for (const [title, metrics] of Object.entries(METRIC_SECTIONS)) {
    lines.push('', `## ${title}`, '', ...Object.values(metrics).map(lineOf));
  }
  lines.push(
    '',
    '## Labels',
    '',
    ...Object.entries(LABELS).map(([label, meaning]) => `- **\`${label}\`**: ${meaning}`),
  );
  return `${lines.join('\n')}\n`;
}

function lineOf({ kind, name, unit, labels, help }: MetricDefinition): string {
  const by = labels.length === 0 ? '' : `; ${labels.map((label) => `\`${label}\``).join(', ')}`;
  return `- **\`${PREFIX}${name}\`** (${kind}, ${unit}${by}): ${help}.`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(import.meta.dirname, '../docs/metrics.md'), metricsReference());
}
