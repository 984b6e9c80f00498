/** Compares the two answers of mirrored calls, off the path of any call, and tells who asks. */

import type { Comparison, ShadowEvent, ShadowSample } from '../domain/shadow.ts';
import { compareAnswers } from './compare/compare-answers.ts';
import { CustomComparison } from './custom-compare.ts';
import type { BothEnded, CopyOf } from './mirrored-call.ts';
import type { Agreement, ShadowPolicy } from './options.ts';
import type { ShadowServices } from './shadow-services.ts';

/** Told of an agreement. */
export type OnAgreement = (agreement: Agreement) => void;

/** Answers that agree by less are kept as disagreements. */
const DISAGREEMENT = 0.4;

export class Comparisons {
  readonly #services: ShadowServices;
  readonly #own: CustomComparison | undefined;
  readonly #samples: SampleReservoir<ShadowSample>;
  readonly #listeners = new Set<OnAgreement>();

  constructor({ compare, keepSamples }: ShadowPolicy, services: ShadowServices) {
    this.#services = services;
    this.#own =
      compare && new CustomComparison(compare, services.clock, (error) => services.observer.failed('compare', error));
    this.#samples = new SampleReservoir(keepSamples, services.random);
  }

  get samples(): readonly ShadowSample[] {
    return this.#samples.samples;
  }

  /** A judge model may be asked through the very client whose calls are mirrored: its own calls are not. */
  get isAsking(): boolean {
    return this.#own?.isAsking ?? false;
  }

  listen(listener: OnAgreement): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Returns at once: the caller's own answer may have come in this very turn of the event loop. */
  compare(copyOf: CopyOf, both: BothEnded): void {
    setImmediate(() => {
      this.#compare(copyOf, both).catch((error: unknown) => this.#services.observer.failed('A comparison', error));
    });
  }

  close(): void {
    this.#listeners.clear();
    this.#own?.close();
  }

  async #compare(copyOf: CopyOf, both: BothEnded): Promise<void> {
    const comparison = await this.#comparison(copyOf, both);
    const { call, upstream } = copyOf;
    const { record, servedBy } = both;
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
    if (comparison) this.#keep(copyOf, both, event, comparison);
    this.#services.observer.shadow(event);
  }

  async #comparison({ view }: CopyOf, { real, shadow }: BothEnded): Promise<Comparison | undefined> {
    if (!real || !shadow) return undefined;
    const comparison = compareAnswers(view, real, shadow);
    if (!this.#own) return comparison;
    // A score and the mean of the aspects are two scales: where there is no score, there is no agreement.
    const said = await this.#own.ask(view, real, shadow);
    return { ...comparison, agreement: said?.score ?? null, labels: said?.labels ?? [] };
  }

  #keep({ view, target }: CopyOf, { real, shadow }: BothEnded, event: ShadowEvent, comparison: Comparison): void {
    const { callId, upstream, atMs } = event;
    const { agreement } = comparison;
    target.window.compare(comparison, atMs);
    if (real && shadow && isDisagreement(comparison)) {
      this.#samples.add({ callId, atMs, call: view, comparison, real, shadow });
    }
    if (agreement === null) return;
    for (const listener of this.#listeners) {
      try {
        listener({ callId, upstream, agreement, comparison, atMs });
      } catch (error) {
        this.#services.observer.failed('A listener of comparisons', error);
      }
    }
  }
}

/** Answers that hardly agree, or differ in what code depends on. */
function isDisagreement({ agreement, aspects }: Comparison): boolean {
  const { finishReason = 1, refusal = 1, schema = 1, toolNames = 1 } = aspects;
  return (agreement !== null && agreement < DISAGREEMENT) || Math.min(finishReason, refusal, schema, toolNames) < 1;
}

/* PART: A fair sample, in bounded memory, of things that keep coming. */

/**
 * Each thing that came has the same chance to be kept. Algorithm R: J. S. Vitter, "Random sampling with a reservoir", ACM TOMS
 * 11 (1985).
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
    const place = Math.floor(this.#random() * this.#seen);
    if (place < this.#size) this.#kept[place] = sample;
  }
}
