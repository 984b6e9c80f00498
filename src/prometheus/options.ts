/** The options of the exporter, and their checks. */

import { checkKeys, checkList, checkMethods, checkNumber, checkObject, formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { METRIC_KEYS, METRICS } from './metrics.ts';

/** A registry of `@prometheus-io/client` or `prom-client`. */
export interface MetricRegistry {
  // `never`: the parameter is a class of the library, and methods of both libraries can be assigned.
  registerMetric(metric: never): void;
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
}

/** Options of `prometheusExporter`. */
export interface PrometheusExporterOptions {
  /** A registry of `@prometheus-io/client` or `prom-client`: `register`, or one of the application's own. */
  readonly registry: MetricRegistry;
  /** Starts the name of every metric. The dashboard and the alert rules of the examples expect the default. @default 'openai_canary_' */
  readonly prefix?: string | undefined;
  /**
   * Labels of every series. Several clients can share a registry if these differ: `{ client: 'chat' }`.
   * @default no labels
   */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /**
   * Upper bounds of the buckets of durations, in seconds, ascending. A quantile is as exact as the bucket that it falls into, so a bound at
   * the level of an alert makes the alert exact.
   * @default 20 bounds from 0.05 to 120
   */
  readonly buckets?: readonly number[] | undefined;
  /**
   * How many models of each upstream have a label of their own. Calls of later ones are counted as `other`. 0–1,000.
   * @default 20
   */
  readonly maxModels?: number | undefined;
}

/** The options with all defaults filled in. */
export interface ResolvedExporter {
  readonly registry: MetricRegistry;
  readonly prefix: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly bucketsSeconds: readonly number[];
  readonly maxModels: number;
}

/** Each is at most half as much again as the one before, where most answers are; the levels of the example alerts are among them. */
const BUCKETS_SECONDS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 15, 20, 30, 60, 120];
const MAX_BUCKETS = 100;

/** @throws ConfigError */
export function resolveExporterOptions(options: PrometheusExporterOptions): ResolvedExporter {
  checkObject('prometheusExporter.options', options);
  checkKeys('prometheusExporter', options, ['registry', 'prefix', 'labels', 'buckets', 'maxModels']);
  const { registry, prefix = 'openai_canary_', labels = {}, buckets = BUCKETS_SECONDS, maxModels = 20 } = options;
  checkObject('prometheusExporter.registry', registry, 'a registry of @prometheus-io/client or prom-client');
  checkMethods('prometheusExporter.registry', registry, ['registerMetric', 'getSingleMetric', 'removeSingleMetric']);
  return {
    registry,
    prefix: checkName('prometheusExporter.prefix', prefix, /^[a-zA-Z_:][a-zA-Z0-9_:]*$/),
    labels: checkLabels(labels),
    bucketsSeconds: checkBuckets(buckets),
    maxModels: checkNumber('prometheusExporter.maxModels', maxModels, { min: 0, max: 1_000, integer: true }),
  };
}

/** The names of metrics and labels, by https://prometheus.io/docs/concepts/data_model/. */
function checkName(path: string, name: unknown, pattern: RegExp): string {
  if (typeof name === 'string' && pattern.test(name)) return name;
  throw new ConfigError(path, `should consist of letters, digits and underscores, got ${formatValue(name)}`);
}

function checkLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  checkObject('prometheusExporter.labels', labels);
  const taken = new Set(['le', ...METRIC_KEYS.flatMap((key): readonly string[] => METRICS[key].labels)]);
  for (const [name, value] of Object.entries(labels)) {
    const path = `prometheusExporter.labels.${name}`;
    checkName(path, name, /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/);
    if (taken.has(name)) throw new ConfigError(path, 'is a label of a metric already: choose another name');
    if (typeof value !== 'string') throw new ConfigError(path, `should be a string, got ${formatValue(value)}`);
  }
  return { ...labels };
}

function checkBuckets(buckets: readonly number[]): readonly number[] {
  checkList('prometheusExporter.buckets', buckets, 'a list of seconds');
  checkNumber('prometheusExporter.buckets.length', buckets.length, { min: 1, max: MAX_BUCKETS, integer: true });
  for (const [index, bound] of buckets.entries()) {
    const path = `prometheusExporter.buckets[${index}]`;
    checkNumber(path, bound, { min: 0 });
    const before = buckets[index - 1] ?? 0;
    if (bound <= before) throw new ConfigError(path, `should be above ${before}, got ${bound}`);
  }
  return [...buckets];
}
