/** The metrics of the conventions. */

import type { Attributes, Histogram, Meter } from '@opentelemetry/api';
import type { AttemptRecord, CallRecord } from '../index.ts';
import { ATTRIBUTES, DURATION_BUCKETS_S, METRICS, TOKEN_BUCKETS } from './semconv.ts';
import { errorOf } from './record-attributes.ts';

/** The most models that metrics tell apart. An application may make up names. */
const MAX_MODELS = 100;
const OTHER_MODEL = '_OTHER';

export class GenAiMetrics {
  readonly #duration: Histogram;
  readonly #firstChunk: Histogram;
  readonly #tokens: Histogram;
  readonly #models = new Set<string>();

  constructor(meter: Meter) {
    const inSeconds = { unit: 's', advice: { explicitBucketBoundaries: DURATION_BUCKETS_S } };
    this.#duration = meter.createHistogram(METRICS.duration, {
      ...inSeconds,
      description: 'Duration of calls, with their retries and fallbacks',
    });
    this.#firstChunk = meter.createHistogram(METRICS.timeToFirstChunk, {
      ...inSeconds,
      description: 'Time from the call to the first chunk with content, of streams',
    });
    this.#tokens = meter.createHistogram(METRICS.tokenUsage, {
      unit: '{token}',
      description: 'Billable tokens of attempts, also of failed, hedged and shadow ones',
      advice: { explicitBucketBoundaries: TOKEN_BUCKETS },
    });
  }

  /** A call is over. `served` is the attempt whose answer the caller got, or else the last one. */
  call(operation: string, endpoint: Attributes | undefined, call: CallRecord, served: AttemptRecord | undefined): void {
    const { latencyMs, firstChunkMs, model } = call;
    const attributes = {
      [ATTRIBUTES.operation]: operation,
      ...endpoint,
      ...this.#modelsOf(model, served?.model),
    };
    const error = errorOf(call);
    this.#duration.record(
      latencyMs / 1_000,
      error === undefined ? attributes : { ...attributes, [ATTRIBUTES.errorType]: error },
    );
    if (firstChunkMs !== undefined) this.#firstChunk.record(firstChunkMs / 1_000, attributes);
  }

  /** An attempt has ended. */
  attempt(operation: string, endpoint: Attributes, { usage, requestedModel, model }: AttemptRecord): void {
    if (!usage) return;
    const attributes = { [ATTRIBUTES.operation]: operation, ...endpoint, ...this.#modelsOf(requestedModel, model) };
    this.#tokens.record(usage.inputTokens, { ...attributes, [ATTRIBUTES.tokenType]: 'input' });
    if (usage.outputTokens > 0)
      this.#tokens.record(usage.outputTokens, { ...attributes, [ATTRIBUTES.tokenType]: 'output' });
  }

  #modelsOf(requested: string | undefined, responded: string | undefined): Attributes {
    return {
      ...(requested !== undefined && { [ATTRIBUTES.requestModel]: this.#bounded(requested) }),
      ...(responded !== undefined && { [ATTRIBUTES.responseModel]: this.#bounded(responded) }),
    };
  }

  #bounded(model: string): string {
    if (this.#models.has(model)) return model;
    if (this.#models.size >= MAX_MODELS) return OTHER_MODEL;
    this.#models.add(model);
    return model;
  }
}
