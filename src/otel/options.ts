/** The options of `otelExporter()`. */

import type { Meter, Tracer } from '@opentelemetry/api';
import { checkBoolean, checkDuration, checkKeys, checkMethods, checkObject } from '../domain/check.ts';
import type { Duration } from '../domain/duration.ts';
import { ConfigError } from '../domain/errors.ts';

/** What calls are exported with: a tracer, a meter, or both. */
export interface OtelExporterOptions {
  /** Gets a span for each call and each attempt: `trace.getTracer('openai-canary')`. @default no spans */
  readonly tracer?: Tracer | undefined;
  /** Gets metrics: `metrics.getMeter('openai-canary')`. @default no metrics */
  readonly meter?: Meter | undefined;
  /**
   * Whether the spans of calls hold the texts of requests and answers, up to 16,384 characters each. They may be personal data.
   * @default false
   */
  readonly captureContent?: boolean | undefined;
  /**
   * Whether calls have spans of their own. `true`: always. `false`: never, attempts are children of the span that is active when the call is made.
   * @default always, except within the span that an instrumentation of the SDK has opened for the same call
   */
  readonly callSpans?: boolean | undefined;
  /**
   * Whether the meter gets the metrics `gen_ai.client.*`. `false` where an instrumentation of the SDK reports them already.
   * @default true
   */
  readonly genAiMetrics?: boolean | undefined;
  /**
   * After this time the span of a call is ended, and says that the call was not: of a stream, for example, that the application keeps and never
   * reads.
   * @default '1h'
   */
  readonly maxSpanDuration?: Duration | undefined;
}

/** Options with all defaults filled in. */
export interface OtelSettings {
  readonly tracer: Tracer | undefined;
  readonly meter: Meter | undefined;
  readonly capturesContent: boolean;
  readonly callSpans: boolean | 'auto';
  readonly genAiMetrics: boolean;
  readonly maxSpanMs: number;
}

/** @throws ConfigError */
export function resolveOtelOptions(options: OtelExporterOptions): OtelSettings {
  checkObject('otelExporter', options, 'an object with a tracer or a meter');
  checkKeys('otelExporter', options, KEYS);
  const { tracer, meter, captureContent = false, callSpans, genAiMetrics = true, maxSpanDuration = '1h' } = options;
  if (tracer === undefined && meter === undefined) {
    throw new ConfigError('otelExporter', 'should have a tracer, a meter or both');
  }
  return {
    tracer: tracer && checkMethods('otelExporter.tracer', tracer, ['startSpan']),
    meter: meter && checkMethods('otelExporter.meter', meter, ['createHistogram', 'createCounter']),
    capturesContent: checkBoolean('otelExporter.captureContent', captureContent),
    callSpans: callSpans === undefined ? 'auto' : checkBoolean('otelExporter.callSpans', callSpans),
    genAiMetrics: checkBoolean('otelExporter.genAiMetrics', genAiMetrics),
    maxSpanMs: checkDuration('otelExporter.maxSpanDuration', maxSpanDuration),
  };
}

const KEYS: readonly (keyof OtelExporterOptions)[] = [
  'tracer',
  'meter',
  'captureContent',
  'callSpans',
  'genAiMetrics',
  'maxSpanDuration',
];
