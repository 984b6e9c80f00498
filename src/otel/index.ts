/** Spans and metrics for OpenTelemetry. */

export { otelExporter } from './otel-exporter.ts';
export type { ExportedClient, OtelExporter } from './otel-exporter.ts';
export type { OtelExporterOptions } from './options.ts';
