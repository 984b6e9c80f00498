/** `prometheusExporter()`: the numbers of a client in a registry of Prometheus. */

import { checkObject } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { EventCounts, type EventSource } from './count-events.ts';
import { type MetricSource, registerMetrics } from './exported-metric.ts';
import type { MetricKey } from './metrics.ts';
import { type PrometheusExporterOptions, resolveExporterOptions } from './options.ts';
import { readState, type StateSamples, type StateSource } from './read-state.ts';
import { type Count, Distribution, type Sample, type Series } from './series.ts';

/** A client whose numbers are exported: a `CanaryClient`. */
export interface ExportedClient {
  readonly canary: EventSource & StateSource;
}

/** The metrics of a client in a registry. */
export interface PrometheusExporter extends Disposable {
  /** Removes the metrics from the registry and the listeners from the client. */
  close(): void;
}

/**
 * Exports the numbers of a client to Prometheus: calls, attempts, latencies, tokens, costs, breakers, limits, budgets, rollouts, copies,
 * cache and alerts. `docs/metrics.md` lists them. The application serves the registry.
 *
 * Between scrapes the exporter only counts events. A scrape reads the state of the client once. Labels are names of the configuration and of
 * closed lists, and a limited number of models per upstream: never keys, prompts or answers.
 *
 * @throws ConfigError for invalid options, and for a registry that has metrics of these names
 * @example
 * const registry = new Registry(); // of @prometheus-io/client or prom-client
 * prometheusExporter(ai, { registry });
 * const text = await registry.metrics(); // the answer to GET /metrics, of the type registry.contentType
 */
export function prometheusExporter(client: ExportedClient, options: PrometheusExporterOptions): PrometheusExporter {
  checkObject('prometheusExporter.client', client, 'a CanaryClient');
  const { canary } = client;
  if (typeof canary?.snapshot !== 'function') {
    throw new ConfigError('prometheusExporter.client', 'should be a CanaryClient');
  }
  const resolved = resolveExporterOptions(options);
  const { upstreams, budgets } = canary.snapshot();
  const counted = new EventCounts(resolved, {
    upstreams: Object.keys(upstreams),
    canaries: Object.keys(canary.rollouts),
    budgets: budgets.map(({ name }) => name),
  });
  const unregister = registerMetrics(resolved, new ClientMetrics(canary, counted));
  counted.listen(canary);
  const close = (): void => {
    counted.stop();
    unregister();
  };
  return { close, [Symbol.dispose]: close };
}

class ClientMetrics implements MetricSource {
  readonly #client: StateSource;
  readonly #counted: EventCounts;
  readonly #series: Readonly<Partial<Record<MetricKey, Series<never, Count | Distribution>>>>;
  /** Read once per scrape: a registry reads all metrics in one go. */
  #state: StateSamples | undefined;
  #errors = 0;

  constructor(client: StateSource, counted: EventCounts) {
    this.#client = client;
    this.#counted = counted;
    this.#series = counted.series;
  }

  samples(key: MetricKey, name: string): readonly Sample[] {
    if (key === 'exportErrors') return [{ labels: {}, value: this.#errors }];
    const series = this.#series[key];
    if (!series) return this.#readOnce().get(key) ?? [];
    this.#counted.flush();
    return series.cells.flatMap(({ labels, cell }) =>
      cell instanceof Distribution ? [...cell.samples(name, labels)] : [{ labels, value: cell.value }],
    );
  }

  clear(key: MetricKey): void {
    this.#counted.clear(key);
  }

  #readOnce(): StateSamples {
    if (!this.#state) {
      queueMicrotask(() => (this.#state = undefined));
      this.#counted.flush();
      try {
        this.#state = readState(this.#client, this.#counted.priceListsMs);
      } catch {
        // An error would take the other metrics of the application out of the scrape.
        this.#errors += 1;
        this.#state = new Map();
      }
    }
    return this.#state;
  }
}
