/** One metric in a registry, in the form that `@prometheus-io/client` and `prom-client` read. Clients with different labels share it. */

import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../domain/errors.ts';
import { METRIC_KEYS, METRICS, type MetricDefinition, type MetricKey } from './metrics.ts';
import type { ResolvedExporter } from './options.ts';
import type { Sample } from './series.ts';

/** The values of one client. */
export interface MetricSource {
  /** @param name the full name of the metric; those of the parts of a histogram begin with it */
  samples(key: MetricKey, name: string): readonly Sample[];
  /** Sets counters back to 0. */
  clear(key: MetricKey): void;
}

/**
 * Registers all metrics of a source.
 *
 * @returns removes them again
 * @throws ConfigError if a name is taken; the registry stays unchanged
 */
export function registerMetrics(
  { registry, prefix, labels }: Pick<ResolvedExporter, 'registry' | 'prefix' | 'labels'>,
  source: MetricSource,
): () => void {
  const metrics = METRIC_KEYS.map((key) => {
    const name = `${prefix}${METRICS[key].name}`;
    const known = registry.getSingleMetric(name);
    if (known !== undefined && !(known instanceof ExportedMetric)) {
      throw new ConfigError('prometheusExporter.registry', `has a metric ${name} already: choose another prefix`);
    }
    known?.checkLabels(labels);
    return { name, metric: known ?? new ExportedMetric(key, name), isNew: known === undefined };
  });
  for (const { metric, isNew } of metrics) {
    metric.add(labels, source);
    if (isNew) registry.registerMetric(metric as never); // see `MetricRegistry`
  }
  return () => {
    for (const { name, metric } of metrics) {
      metric.remove(source);
      if (metric.isEmpty && registry.getSingleMetric(name) === metric) registry.removeSingleMetric(name);
    }
  };
}

class ExportedMetric {
  /** A registry that speaks OpenMetrics takes `_total` away from it while it writes. */
  name: string;
  readonly help: string;
  readonly type: MetricDefinition['kind'];
  readonly aggregator: MetricDefinition['aggregator'];
  readonly #key: MetricKey;
  readonly #fullName: string;
  readonly #sources = new Map<MetricSource, Sample['labels']>();

  constructor(key: MetricKey, name: string) {
    const { kind, help, aggregator } = METRICS[key];
    this.name = name;
    this.help = help;
    this.type = kind;
    this.aggregator = aggregator;
    this.#key = key;
    this.#fullName = name;
  }

  get isEmpty(): boolean {
    return this.#sources.size === 0;
  }

  /** @throws ConfigError for labels that another client on the registry has */
  checkLabels(labels: Sample['labels']): void {
    if (![...this.#sources.values()].some((other) => isDeepStrictEqual(other, labels))) return;
    const rule = `should differ from those of the other client on this registry, got ${JSON.stringify(labels)}`;
    throw new ConfigError('prometheusExporter.labels', rule);
  }

  add(labels: Sample['labels'], source: MetricSource): void {
    this.#sources.set(source, labels);
  }

  remove(source: MetricSource): void {
    this.#sources.delete(source);
  }

  /** Reads all values at once, before it returns, so that one scrape shows one moment. */
  get(): Promise<object> {
    const values = [...this.#sources].flatMap(([source, labels]) =>
      source
        .samples(this.#key, this.#fullName)
        .map((sample) => ({ ...sample, labels: { ...labels, ...sample.labels } })),
    );
    const { name, help, type, aggregator } = this;
    return Promise.resolve({ name, help, type, aggregator, values });
  }

  /** Called by `registry.resetMetrics()`. */
  reset(): void {
    for (const source of this.#sources.keys()) source.clear(this.#key);
  }
}
