/** What a user writes under `shadow`. */

import type { Duration } from '../domain/duration.ts';
import type { Comparison, ShadowAnswer, ShadowCall } from '../domain/shadow.ts';

/** Copies of calls, sent to another upstream for their answers to be compared; callers never wait for them. */
export interface ShadowOptions<UpstreamName extends string = string> {
  /** Where copies go. Calls that this upstream serves itself are not mirrored. @default none but those that rollout steps name */
  readonly upstream?: UpstreamName | undefined;
  /** Share of keys whose calls are mirrored, 0–1; raising it only adds keys. Of calls without a key, as many at random. */
  readonly share?: number | undefined;
  /**
   * Decides alone whether a chosen call is mirrored. It must be quick, for it is asked while the call is made. What it throws is
   * reported once, and mirrors nothing. @default every call without side effects: `(call) => !call.sideEffects`
   */
  readonly when?: ((call: ShadowCall) => boolean) | undefined;
  /** Copies under way at once; a stream counts to its end. @default 8 */
  readonly maxConcurrency?: number | undefined;
  /** Copies that wait for their turn; what does not fit is dropped and counted. @default 32 */
  readonly maxQueue?: number | undefined;
  /** USD that copies may cost in a UTC day, estimated before and settled after each. @default no bound */
  readonly budgetUsd?: number | undefined;
  /** The longest that a copy may take, a stream to its end. @default '2m' */
  readonly timeout?: Duration | undefined;
  /**
   * Your own comparison, such as a judge model: its `score` becomes the agreement. It is asked for four pairs at a time, waits for
   * nobody, and is given up after 30 seconds. It may call the same client: its calls are not mirrored. What it throws is reported
   * once. @default the built-in aspects
   */
  readonly compare?:
    | ((call: ShadowCall, real: ShadowAnswer, shadow: ShadowAnswer) => CompareResult | PromiseLike<CompareResult>)
    | undefined;
  /** Pairs of answers that disagree, kept in memory for `canary.shadow.samples()`: a fair sample of so many. @default 0 */
  readonly keepSamples?: number | undefined;
  /** A caller that aborts ends the copies of its call, too. @default false */
  readonly abortWithCaller?: boolean | undefined;
}

/* PART: What is mirrored, and within which bounds. */

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
