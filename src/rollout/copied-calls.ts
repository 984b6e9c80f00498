/** The samples of shadow steps: which copies of calls are evidence, and what each pair of a copy and its call tells. */

import type { AttemptRecord } from '../domain/attempt.ts';
import type { CopyDrop, MirroredEnd } from '../domain/shadow.ts';
import type { JudgedOutcome } from './arm-numbers.ts';
import type { RolloutController } from './controller.ts';
import type { CopyStatement } from './judged-copies.ts';

/** A copy that a rollout is judged by. */
export interface CopySample {
  readonly feed: CopiedCalls;
  /** The run of the rollout that the copy belongs to. */
  readonly run: number;
  readonly step: number;
}

export interface CopiedCallsParts {
  readonly controller: RolloutController;
  /** The upstream that copied calls are assigned to. */
  readonly stable: string;
  /** Whether calls are evidence now. */
  readonly judges: () => boolean;
  /** Counts a statement here, and for the process that leads. */
  readonly count: (run: number, statement: CopyStatement) => void;
  /** Checks the evidence at once. */
  readonly look: () => void;
}

export class CopiedCalls {
  readonly #parts: CopiedCallsParts;

  constructor(parts: CopiedCallsParts) {
    this.#parts = parts;
  }

  /** Opens the sample of a copy; `undefined` if no shadow step is judged now, or the call is not assigned to stable. */
  begun(assigned: string): CopySample | undefined {
    const { controller, stable, judges, count } = this.#parts;
    const { state } = controller;
    if (assigned !== stable || !controller.isShadow || !judges() || !('step' in state)) return undefined;
    const { run, step } = state;
    count(run, ['begun']);
    return { feed: this, run, step };
  }

  /** Both sides have ended. */
  ended(sample: CopySample, end: MirroredEnd): void {
    const pair = pairOf(end);
    this.#count(sample, pair ? ['pair', ...pair] : ['untold']);
    if (pair?.[0].failed) this.#parts.look();
  }

  /** The user's bounds held the copy back. */
  dropped(sample: CopySample, reason: CopyDrop): void {
    this.#count(sample, ['dropped', reason]);
  }

  /** The two answers agree by this much, 0–1. */
  agreed(sample: CopySample, agreement: number): void {
    this.#count(sample, ['agreed', agreement]);
  }

  /** A copy that outlives its step is no evidence any more. */
  #count({ run, step }: CopySample, statement: CopyStatement): void {
    const { controller, count } = this.#parts;
    const { state } = controller;
    if ('step' in state && state.step === step && controller.isShadow) count(run, statement);
  }
}

/**
 * What a pair tells of both sides; `undefined` if it tells nothing. Both sides follow the same rules: what one refused and the other served
 * counts against the one that refused, and what both refused is the caller's own fault. Of a side whose state kept the copy from being sent,
 * the copy is bad.
 */
function pairOf(end: MirroredEnd): readonly [copy: JudgedOutcome, real: JudgedOutcome] | undefined {
  const copy = typeof end.copy === 'string' ? undefined : judged(end.copy, end.stream);
  const real = end.real && judged(end.real, end.stream);
  if (!real || isUntold(end.real)) return undefined;
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
