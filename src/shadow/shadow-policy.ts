/** What is mirrored, and within which bounds. */

import type { Comparison, ShadowAnswer, ShadowCall } from '../domain/shadow.ts';

/** What a user's own `compare` says of two answers. */
export interface CompareResult {
  /** How good the shadow's answer is beside the real one, 0–1. */
  readonly score: number;
  /** A few words each, for counting; never part of an answer. */
  readonly labels?: readonly string[] | undefined;
}

/** A user's own comparison: a judge model, a distance of embeddings. */
export type Compare = (
  call: ShadowCall,
  real: ShadowAnswer,
  shadow: ShadowAnswer,
) => CompareResult | PromiseLike<CompareResult>;

export interface ShadowPolicy {
  /** Shares by upstream to begin with, each 0–1. */
  readonly shares: Readonly<Record<string, number>>;
  readonly when: ((call: ShadowCall) => boolean) | undefined;
  readonly maxConcurrency: number;
  readonly maxQueue: number;
  /** USD that all shadows together may spend in a UTC day. */
  readonly budgetUsd: number | undefined;
  /** For a whole copy, a stream to its end. */
  readonly timeoutMs: number;
  readonly compare: Compare | undefined;
  /** Disagreements that are kept in memory; 0 keeps none. */
  readonly keepSamples: number;
  readonly abortWithCaller: boolean;
}

/** An agreement, as it becomes known. */
export interface Agreement {
  readonly callId: number;
  readonly upstream: string;
  /** 0–1. */
  readonly agreement: number;
  readonly comparison: Comparison;
  readonly atMs: number;
}
