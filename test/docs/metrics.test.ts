/** `docs/metrics.md` is what the table of metrics says now. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { metricsReference } from '../../scripts/metrics-reference.ts';
import { METRIC_KEYS, METRICS } from '../../src/prometheus/metrics.ts';

const written = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');

test('the reference of metrics is current: `npm run docs` changes nothing', () => {
  expect(written).toBe(metricsReference());
});

test('the reference has every metric once, and explains exactly the labels that metrics have', () => {
  const named = [...written.matchAll(/^- \*\*`openai_canary_(\w+)`/gm)].map(([, name]) => name);
  expect(named).toEqual(METRIC_KEYS.map((key) => METRICS[key].name));
  const explained = [...written.matchAll(/^- \*\*`(\w+)`\*\*: /gm)].map(([, label]) => label);
  const used = new Set<string>(METRIC_KEYS.flatMap((key): readonly string[] => METRICS[key].labels));
  expect(explained).toEqual([...used].toSorted());
});
