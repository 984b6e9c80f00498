/** Exports the calls of a client to OpenTelemetry. The only entry to this folder's parts. */

import type { CanaryControl, CanaryEventName, CanaryEvents } from '../index.ts';
import { checkMethods, checkObject } from '../domain/check.ts';
import { ROLLOUT_CHANGES } from '../domain/rollout.ts';
import { SpanTracer } from './call-spans.ts';
import { Endpoints } from './describe.ts';
import { GenAiMetrics } from './gen-ai-metrics.ts';
import { OpenCalls } from './open-calls.ts';
import { type OtelExporterOptions, resolveOtelOptions } from './options.ts';
import { countEvents } from './own-metrics.ts';
import { RolloutSteps } from './rollout-steps.ts';

/** The part of a client that is exported: a `CanaryClient`. */
export interface ExportedClient {
  readonly canary: Pick<CanaryControl, 'on' | 'off' | 'trace' | 'snapshot'>;
}

/** An exporter at work. */
export interface OtelExporter extends Disposable {
  /**
   * Ends the export. The spans of calls in flight are ended and say so, so that they are exported if the tracer provider is shut down
   * afterwards.
   */
  close(): void;
}

/**
 * Exports calls and attempts as spans, and metrics, by the user's own tracer and meter. Names follow the OpenTelemetry conventions for
 * generative AI. No text of a request or an answer is exported unless `captureContent` is set.
 *
 * @throws ConfigError
 * @example
 * const exporter = otelExporter(ai, {
 *   tracer: trace.getTracer('openai-canary'),
 *   meter: metrics.getMeter('openai-canary'),
 * });
 */
export function otelExporter(client: ExportedClient, options: OtelExporterOptions): OtelExporter {
  checkObject('otelExporter.client', client, 'a CanaryClient');
  const { canary } = client;
  checkMethods('otelExporter.client.canary', canary, ['on', 'trace', 'snapshot']);
  const settings = resolveOtelOptions(options);
  const { tracer, meter, genAiMetrics, maxSpanMs } = settings;
  const ends: (() => void)[] = [];
  const listen = <Name extends CanaryEventName>(name: Name, listener: (payload: CanaryEvents[Name]) => void): void => {
    canary.on(name, listener);
    ends.push(() => canary.off(name, listener));
  };
  const metrics = meter && genAiMetrics ? new GenAiMetrics(meter) : undefined;
  const openCalls = new OpenCalls(maxSpanMs);
  ends.push(() => openCalls.close());
  if (meter) ends.push(countEvents(meter, listen, () => canary.snapshot()));
  const rollouts = new RolloutSteps(tracer && canary.snapshot().rollouts);
  if (tracer) {
    for (const change of ROLLOUT_CHANGES) {
      const isRunning = change !== 'rollback' && change !== 'promote';
      listen(change, (event) => 'step' in event && rollouts.moved(event, isRunning));
    }
  }
  if (tracer || metrics) {
    ends.push(canary.trace(new SpanTracer({ settings, endpoints: new Endpoints(), rollouts, openCalls, metrics })));
  }
  const close = (): void => ends.splice(0).forEach((end) => end());
  return { close, [Symbol.dispose]: close };
}
