/** The numbers of a client for Prometheus, in a registry of the application. */

export { prometheusExporter } from './exporter.ts';
export type { ExportedClient, PrometheusExporter } from './exporter.ts';
export type { EventSource } from './count-events.ts';
export type { MetricRegistry, PrometheusExporterOptions } from './options.ts';
export type { StateSource } from './read-state.ts';
