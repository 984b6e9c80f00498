/** The samples of shadow steps: which copies of calls are evidence, and what each pair of a copy and its call tells. */

import type { AttemptRecord } from '../domain/attempt.ts';
import { InFlight, type InFlightEntry } from '../domain/in-flight.ts';
import type { CopyDrop, MirroredEnd } from '../domain/shadow.ts';
import type { Clock } from '../time/clock.ts';
import type { JudgedOutcome } from './arm-numbers.ts';
import type { RolloutController } from './controller.ts';
import type { CopyStatement } from './judged-copies.ts';

/** A copy that a rollout is judged by. */
export interface CopySample {
  readonly feed: CopiedCalls;
  /** The run of the rollout that the copy belongs to. */
  readonly run: number;
  readonly step: number;
  readonly atMs: number;
  /** When it was last told that the copy is overdue. */
  overdueAtMs: number;
  /** Set until the copy has ended. */
  place: InFlightEntry<CopySample> | undefined;
}

export interface CopiedCallsParts {
  readonly controller: RolloutController;
  /** The upstream that copied calls are assigned to. */
  readonly stable: string;
  readonly clock: Clock;
  /** Whether calls are evidence now. */
  readonly judges: () => boolean;
  /** Counts a statement here, and for the process that leads. */
  readonly count: (run: number, statement: CopyStatement) => void;
  /** Checks the evidence at once. */
  readonly look: () => void;
}

export class CopiedCalls {
  readonly #parts: CopiedCallsParts;
  readonly #open = new InFlight<CopySample>();

  constructor(parts: CopiedCallsParts) {
    this.#parts = parts;
  }

  /** Opens the sample of a copy; `undefined` if no shadow step is judged now, or the call is not assigned to stable. */
  begun(assigned: string): CopySample | undefined {
    const { controller, stable, judges, count, clock } = this.#parts;
    const { state } = controller;
    if (assigned !== stable || !controller.isShadow || !judges() || !('step' in state)) return undefined;
    const { run, step } = state;
    count(run, ['begun']);
    const sample: CopySample = { feed: this, run, step, atMs: clock.now(), overdueAtMs: -Infinity, place: undefined };
    sample.place = this.#open.begin(sample);
    if (this.#open.size > MAX_OPEN && this.#open.oldest) this.#close(this.#open.oldest);
    return sample;
  }

  /** Both sides have ended. */
  ended(sample: CopySample, end: MirroredEnd): void {
    this.#close(sample);
    const pair = pairOf(end, this.#parts.stable);
    this.#count(sample, pair ? ['pair', ...pair] : ['untold']);
    if (pair?.[0].failed) this.#parts.look();
  }

  /** The user's bounds held the copy back. */
  dropped(sample: CopySample, reason: CopyDrop): void {
    this.#close(sample);
    this.#count(sample, ['dropped', reason]);
  }

  /** The two answers agree by this much, 0–1. */
  agreed(sample: CopySample, agreement: number): void {
    this.#count(sample, ['agreed', agreement]);
  }

  /** Tells of copies that hang: what they will say is not known yet, so the step must not end without them. Called every second. */
  lookForOverdue(): void {
    const { controller, clock } = this.#parts;
    const nowMs = clock.now();
    const { overdueMs } = controller.calls.copies.hanging;
    for (const sample of this.#open) {
      // In the order of their age.
      if (nowMs - sample.atMs <= overdueMs) return;
      if (nowMs - sample.overdueAtMs < TOLD_EVERY_MS) continue;
      sample.overdueAtMs = nowMs;
      this.#count(sample, ['overdue']);
    }
  }

  #close(sample: CopySample): void {
    if (sample.place) this.#open.end(sample.place);
    sample.place = undefined;
  }

  /** A copy that outlives its step is no evidence any more. */
  #count({ run, step }: CopySample, statement: CopyStatement): void {
    const { controller, count } = this.#parts;
    const { state } = controller;
    if ('step' in state && state.step === step && controller.isShadow) count(run, statement);
  }
}

/** Limits the memory if calls never end. */
const MAX_OPEN = 10_000;
/** A copy that hangs is told of again after this time, in ms. */
const TOLD_EVERY_MS = 20_000;

/**
 * What a pair tells of both sides; `undefined` if it tells nothing. Both sides follow the same rules: what one refused and the other served
 * counts against the one that refused, and what both refused is the caller's own fault. Of a side whose state kept the copy from being sent,
 * the copy is bad.
 */
function pairOf(end: MirroredEnd, stable: string): readonly [copy: JudgedOutcome, real: JudgedOutcome] | undefined {
  const copy = typeof end.copy === 'string' ? undefined : judged(end.copy, end.stream);
  // Where stable was passed over, the first attempt was that of another upstream.
  if (end.real?.upstream !== stable || isUntold(end.real)) return undefined;
  const real = judged(end.real, end.stream);
  if (typeof end.copy === 'string') {
    if (end.real.outcome === 'neutral') return undefined;
    return [{ ...NOTHING, stream: end.stream, failed: true, reason: OUT[end.copy] }, real];
  }
  if (!copy || isUntold(end.copy)) return undefined;
  const [ofCopy, ofReal] = [end.copy.outcome, end.real.outcome];
  if (ofCopy === 'neutral')
    return ofReal === 'success' ? [{ ...copy, failed: true, reason: 'refused' }, real] : undefined;
  if (ofReal === 'neutral')
    return ofCopy === 'success' ? [copy, { ...real, failed: true, reason: 'refused' }] : undefined;
  if (end.empty === 'copy') return [{ ...copy, failed: true, reason: 'empty' }, real];
  if (end.empty === 'real') return [copy, { ...real, failed: true, reason: 'empty' }];
  return [copy, real];
}

/** An abort says nothing, and a content filter is a matter of the content. */
function isUntold({ outcome, kind }: AttemptRecord): boolean {
  return outcome === 'aborted' || kind === 'contentFilter';
}

function judged({ outcome, latencyMs, firstChunkMs, cost }: AttemptRecord, stream: boolean): JudgedOutcome {
  const measured = { latencyMs, firstChunkMs, stream, costUsd: cost.costUsd };
  return outcome === 'failure' ? { ...measured, failed: true, reason: 'failed' } : { ...measured, failed: false };
}

const NOTHING = { latencyMs: 0, firstChunkMs: undefined, costUsd: null } as const;
/** What keeps a copy from being sent, as a reason against the canary. */
const OUT = { breaker: 'breaker', pause: 'pause', down: 'failed' } as const;
