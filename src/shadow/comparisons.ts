/** Compares the two answers of mirrored calls outside the call path, and notifies listeners. */

import type { Comparison, ShadowEvent, ShadowSample } from '../domain/shadow.ts';
import { compareAnswers, requestedSchema } from './compare/compare-answers.ts';
import { type KeepsSchema, loadSchemaValidator } from '../providers/validate-schema.ts';
import { CustomComparison } from './custom-compare.ts';
import type { MirroredResult, CopyRequest } from './mirrored-call.ts';
import type { Agreement, ShadowPolicy } from './options.ts';
import type { ShadowServices } from './shadow-services.ts';

/** A listener of comparisons. */
export type OnAgreement = (agreement: Agreement) => void;

/** Pairs with a lower agreement are sampled as disagreements. */
const DISAGREEMENT = 0.4;

export class Comparisons {
  readonly #services: ShadowServices;
  readonly #custom: CustomComparison | undefined;
  readonly #keepsSchema: Promise<KeepsSchema | undefined>;
  readonly #samples: SampleReservoir<ShadowSample>;
  readonly #results: LatestResults;
  readonly #listeners = new Set<OnAgreement>();

  constructor({ compare, keepSamples, keepResults }: ShadowPolicy, services: ShadowServices) {
    this.#services = services;
    this.#custom =
      compare && new CustomComparison(compare, services.clock, (error) => services.observer.failed('compare', error));
    // Loaded now: the first comparison would do it while calls are in flight. Without it, no schemas are compared.
    this.#keepsSchema = loadSchemaValidator().catch((error: unknown) => {
      services.observer.failed('Loading the validator of schemas', error);
      return undefined;
    });
    this.#samples = new SampleReservoir(keepSamples, services.random);
    this.#results = new LatestResults(keepResults);
  }

  get samples(): readonly ShadowSample[] {
    return this.#samples.samples;
  }

  get results(): readonly ShadowEvent[] {
    return this.#results.results;
  }

  /** Whether the current call was made by the user's `compare`, which may use the same client: such calls are not mirrored. */
  get isComparing(): boolean {
    return this.#custom?.isRunning ?? false;
  }

  /** Calls `listener` with every agreement; returns the function that removes it. */
  listen(listener: OnAgreement): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Defers the work: the caller's own answer may have arrived in this turn of the event loop and goes first. */
  compare(request: CopyRequest, result: MirroredResult): void {
    setImmediate(() => {
      this.#compare(request, result).catch((error: unknown) =>
        this.#services.observer.failed('Comparing answers', error),
      );
    });
  }

  close(): void {
    this.#listeners.clear();
    this.#custom?.close();
  }

  async #compare(request: CopyRequest, result: MirroredResult): Promise<void> {
    const comparison = await this.#comparison(request, result);
    const { call, upstream } = request;
    const { record, servedBy } = result;
    const { outcome, kind, latencyMs, firstChunkMs, cost } = record;
    const event: ShadowEvent = {
      callId: call.id,
      upstream: upstream.name,
      servedBy,
      outcome,
      kind,
      latencyMs,
      firstChunkMs,
      costUsd: cost.costUsd,
      comparison,
      atMs: this.#services.clock.now(),
    };
    if (comparison) this.#keep(request, result, event, comparison);
    this.#results.add(event);
    this.#services.observer.shadow(event);
  }

  async #comparison({ view }: CopyRequest, { real, shadow }: MirroredResult): Promise<Comparison | undefined> {
    if (!real || !shadow) return undefined;
    const keepsSchema = requestedSchema(view) === undefined ? undefined : await this.#keepsSchema;
    const comparison = compareAnswers(view, real, shadow, keepsSchema);
    if (!this.#custom) return comparison;
    // A custom score and the mean of the aspects are different scales: without a score there is no agreement.
    const judged = await this.#custom.compare(view, real, shadow);
    return { ...comparison, agreement: judged?.score ?? null, labels: judged?.labels ?? [] };
  }

  #keep(
    { view, target, judged }: CopyRequest,
    { real, shadow }: MirroredResult,
    event: ShadowEvent,
    comparison: Comparison,
  ): void {
    const { callId, upstream, atMs } = event;
    const { agreement } = comparison;
    target.window.compare(comparison, atMs);
    if (real && shadow && isDisagreement(comparison)) {
      this.#samples.add({ callId, atMs, call: view, comparison, real, shadow });
    }
    if (agreement === null) return;
    this.#services.observer.agreed(judged, agreement);
    for (const listener of this.#listeners) {
      try {
        listener({ callId, upstream, agreement, comparison, atMs });
      } catch (error) {
        this.#services.observer.failed('A listener of comparisons', error);
      }
    }
  }
}

/** Whether the answers hardly agree, or differ in an aspect that code depends on. */
function isDisagreement({ agreement, aspects }: Comparison): boolean {
  const { finishReason = 1, refusal = 1, schema = 1, toolNames = 1 } = aspects;
  return (agreement !== null && agreement < DISAGREEMENT) || Math.min(finishReason, refusal, schema, toolNames) < 1;
}

/** The latest results, oldest first. */
class LatestResults {
  readonly #size: number;
  #kept: ShadowEvent[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get results(): readonly ShadowEvent[] {
    return this.#size === 0 ? [] : this.#kept.slice(-this.#size);
  }

  add(result: ShadowEvent): void {
    this.#kept.push(result);
    // Cut off in blocks: removing the oldest of a long list at each result would be slow.
    if (this.#kept.length > this.#size + BLOCK) this.#kept = this.#kept.slice(this.#kept.length - this.#size);
  }
}

const BLOCK = 100;

/**
 * A uniform random sample of bounded size: each added sample has the same chance to be kept. Algorithm R: J. S. Vitter,
 * "Random sampling with a reservoir", ACM TOMS 11 (1985).
 */
class SampleReservoir<Sample> {
  readonly #size: number;
  readonly #random: () => number;
  readonly #kept: Sample[] = [];
  #seen = 0;

  /** @param random uniform in [0, 1) */
  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  get samples(): readonly Sample[] {
    return [...this.#kept];
  }

  add(sample: Sample): void {
    if (this.#size === 0) return;
    this.#seen += 1;
    if (this.#kept.length < this.#size) {
      this.#kept.push(sample);
      return;
    }
    const index = Math.floor(this.#random() * this.#seen);
    if (index < this.#size) this.#kept[index] = sample;
  }
}
