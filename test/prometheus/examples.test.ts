/** The dashboard, the alert rules and the server of the examples. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { grafanaDashboard } from '../../scripts/grafana-dashboard.ts';
import { METRIC_KEYS, METRICS } from '../../src/prometheus/metrics.ts';
import { expressionsOf, queriesIn, type Rules } from './support/expressions.ts';
import { hasPrometheus, until } from './support/prometheus-server.ts';

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly datasource: { readonly uid: string } }[];
}

const examples = join(import.meta.dirname, '../../examples');
const text = await readFile(join(examples, 'grafana/dashboard.json'), 'utf8');
const dashboard = JSON.parse(text) as Dashboard;
const rules = parse(await readFile(join(examples, 'prometheus/alerts.yml'), 'utf8')) as Rules;
const guide = await readFile(join(examples, '../docs/prometheus.md'), 'utf8');
const expressions = [
  ...queriesIn(guide),
  ...expressionsOf(dashboard, { upstream: '.*', canary: 'next' }),
  ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
];

test('the dashboard is current: `npm run docs` changes nothing', async () => {
  expect(text).toBe(await grafanaDashboard());
});

test('the dashboard asks the data source that the user chooses, and no panel covers another', () => {
  expect(dashboard.templating.list.map(({ name, type }) => `${name} ${type}`)).toContain('datasource datasource');
  const uids = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ datasource }) => datasource.uid));
  expect(new Set(uids)).toEqual(new Set(['${datasource}']));
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
    expect(x + w).toBeLessThanOrEqual(24);
    return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`);
  });
  expect(new Set(cells).size).toBe(cells.length);
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
});

test('every variable of an expression is known, and every name is one of a metric', () => {
  const parts = METRIC_KEYS.flatMap((key) => {
    const { kind, name } = METRICS[key];
    return kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
  });
  const known = new Set(parts.map((name) => `openai_canary_${name}`));
  const used = expressions.flatMap((expression) => expression.match(/openai_canary_\w+/g) ?? []);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
  expect(expressions.filter((expression) => /\$[a-z_{]/.test(expression))).toEqual([]);
});

test('every alert rule has a severity, a summary and a test that makes it fire', async () => {
  const tests = await readFile(join(examples, 'prometheus/alerts.test.yml'), 'utf8');
  for (const rule of rules.groups.flatMap((group) => group.rules)) {
    expect(rule).toMatchObject({
      labels: { severity: expect.stringMatching(/^(warning|critical)$/) },
      annotations: { summary: expect.any(String) },
    });
    expect(tests).toMatch(new RegExp(`alertname(?:: |=")${rule.alert}\\b`));
  }
});

test.skipIf(!hasPrometheus)('promtool accepts every expression as a recording rule', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'openai-canary-rules-'));
  try {
    const file = join(folder, 'rules.yml');
    const recorded = expressions.map((expr, index) => ({ record: `expression:${index}`, expr }));
    await writeFile(file, JSON.stringify({ groups: [{ name: 'expressions', rules: recorded }] }));
    const output = execFileSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    expect(output).toContain(`SUCCESS: ${expressions.length} rules found`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.skipIf(!hasPrometheus)('promtool finds that every alert fires when it should, and not otherwise', () => {
  const cwd = join(examples, 'prometheus');
  expect(execFileSync('promtool', ['check', 'rules', 'alerts.yml'], { cwd, encoding: 'utf8' })).toContain('SUCCESS');
  const output = execFileSync('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd, encoding: 'utf8' });
  expect(output).toContain('SUCCESS');
});

test('the server of the example answers scrapes on the loopback interface, and nothing else', async () => {
  const child = spawn(process.execPath, [join(examples, 'prometheus/server.ts'), '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    const [printed] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    const [url = ''] = /http:\/\/127\.0\.0\.1:\d+\/metrics/.exec(printed) ?? [];
    await until('the example has made calls', async () => {
      const scraped = await (await fetch(url)).text();
      return /^openai_canary_cost_usd_total\{service="example",upstream="next".* /m.test(scraped);
    });
    expect((await fetch(url)).headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(404);
  } finally {
    child.kill('SIGINT');
  }
  expect(await exited).toEqual([0, null]);
});
