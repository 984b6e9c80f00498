/** A client whose calls are exported to memory. */

import { type Attributes, context, type Context, type Span, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { type OtelExporter, otelExporter, type OtelExporterOptions } from '../../src/otel/index.ts';
import { setUp, type SetUp, type SetUpOptions } from '../support/set-up.ts';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/** A tracer whose spans are kept in memory. */
export function memoryTracer(sampler: Sampler = new AlwaysOnSampler()) {
  const memory = new InMemorySpanExporter();
  const provider = new TracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor({ exporter: memory })] });
  return {
    tracer: provider.getTracer('test'),
    /** The spans that have ended, in that order. */
    spans: (): readonly ReadableSpan[] => memory.getFinishedSpans(),
  };
}

/** A meter whose metrics are read from memory. */
export function memoryMeter() {
  const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: memory, exportIntervalMillis: 2 ** 30 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    meter: provider.getMeter('test'),
    /** All metrics by name. */
    async read(): Promise<ReadonlyMap<string, MetricData>> {
      await reader.forceFlush();
      const scopes = memory.getMetrics().at(-1)?.scopeMetrics ?? [];
      memory.reset();
      return new Map(scopes.flatMap(({ metrics }) => metrics).map((metric) => [metric.descriptor.name, metric]));
    },
  };
}

export interface OtelSetUp extends SetUp {
  readonly exporter: OtelExporter;
  readonly spans: () => readonly ReadableSpan[];
  readonly tracer: ReturnType<typeof memoryTracer>['tracer'];
  readonly metrics: ReturnType<typeof memoryMeter>['read'];
}

/** Sets up a client and its exporter. `gemini` gets every call if it is one of the upstreams, with `openai` as stable. */
export function setUpOtel(
  options: SetUpOptions = {},
  otel: OtelExporterOptions & { readonly sampler?: Sampler } = {},
): OtelSetUp {
  const { sampler, ...exporting } = otel;
  const weights = options.upstreams && 'gemini' in options.upstreams ? { weights: { gemini: 1 } } : {};
  const set = setUp({ ...options, canary: { ...weights, ...options.canary } });
  const { tracer, spans } = memoryTracer(sampler);
  const { meter, read } = memoryMeter();
  const exporter = otelExporter(set.ai, { tracer, meter, ...exporting });
  return { ...set, exporter, spans, tracer, metrics: read };
}

/** The spans as a tree: one line for each, children below their parent in the order of their start. */
export function treeOf(
  spans: readonly ReadableSpan[],
  show: (span: ReadableSpan) => string = ({ name }) => name,
): string {
  const lines = (parent: string | undefined, indent: string): string[] =>
    spans
      .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent)
      .toSorted((one, other) => startOf(one) - startOf(other) || numberOf(one) - numberOf(other))
      .flatMap((span) => [indent + show(span), ...lines(span.spanContext().spanId, `${indent}  `)]);
  return lines(undefined, '').join('\n');
}

const startOf = ({ startTime: [seconds, nanos] }: ReadableSpan): number => seconds * 1e3 + Math.floor(nanos / 1e6);
const numberOf = ({ attributes }: ReadableSpan): number => Number(attributes['openai_canary.attempt.number'] ?? 0);

/** The one span whose name begins so. */
export function spanOf(spans: readonly ReadableSpan[], name: string): ReadableSpan {
  const found = spans.filter((span) => span.name.startsWith(name));
  if (found.length !== 1)
    throw new Error(`${found.length} spans are called ${name}: ${spans.map((s) => s.name).join(', ')}`);
  return found[0]!;
}

/** The points of a metric: value (or count and sum) by attributes. */
export function pointsOf(
  metric: MetricData | undefined,
): readonly { readonly value: unknown; readonly attributes: Attributes }[] {
  return (metric?.dataPoints ?? []).map(({ value, attributes }) => {
    const { count, sum } = value as { readonly count?: number; readonly sum?: number };
    return { value: count === undefined ? value : { count, sum }, attributes };
  });
}

/** Runs `callback` within a new span, which is ended afterwards. */
export async function within<T>(
  tracer: OtelSetUp['tracer'],
  name: string,
  callback: (span: Span, active: Context) => Promise<T>,
  attributes: Attributes = {},
): Promise<T> {
  const span = tracer.startSpan(name, { attributes });
  const active = trace.setSpan(context.active(), span);
  try {
    return await context.with(active, () => callback(span, active));
  } finally {
    span.end();
  }
}
