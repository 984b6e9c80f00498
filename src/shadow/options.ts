/** The options of `canary.shadow`, and their resolved form. */

import type { Duration } from '../domain/duration.ts';
import type { Comparison, ShadowAnswer, ShadowCall } from '../domain/shadow.ts';

/** Sends copies of calls to another upstream and compares the answers. Callers never wait for a copy. */
export interface ShadowOptions<UpstreamName extends string = string> {
  /** The upstream that receives the copies. Its own calls are not mirrored. @default only the upstreams that rollout steps name */
  readonly upstream?: UpstreamName | undefined;
  /** The share of keys whose calls are mirrored, 0–1; raising it only adds keys. The same share of calls without a key is chosen at random. */
  readonly share?: number | undefined;
  /**
   * Decides whether a chosen call is mirrored, also for calls with side effects. It runs while the call is made, so it must be fast.
   * If it throws, the call is not mirrored and a `warning` is emitted once. @default calls without side effects: `(call) => !call.sideEffects`
   */
  readonly when?: ((call: ShadowCall) => boolean) | undefined;
  /** The maximum number of concurrent copies; a stream counts until it ends. @default 8 */
  readonly maxConcurrency?: number | undefined;
  /** The maximum number of queued copies; further copies are dropped and counted. @default 32 */
  readonly maxQueue?: number | undefined;
  /**
   * The approximate memory for the bodies of copies, in bytes, from the call until both answers have ended; a copy that does not fit is
   * dropped and counted. @default 64,000,000
   */
  readonly maxBytes?: number | undefined;
  /** USD that all copies together may cost per UTC day; each copy is reserved by its estimate and settled by its cost. @default no limit */
  readonly budgetUsd?: number | undefined;
  /** The timeout of a copy; for a stream, until its end. @default '2m' */
  readonly timeout?: Duration | undefined;
  /**
   * A custom comparison, such as a judge model; its `score` becomes the agreement. At most 4 comparisons run at the same time, no
   * call waits for them, and each times out after 30 seconds. It may call the same client: its calls are not mirrored. If it throws,
   * a `warning` is emitted once. @default the built-in aspects
   */
  readonly compare?:
    | ((call: ShadowCall, real: ShadowAnswer, shadow: ShadowAnswer) => CompareResult | PromiseLike<CompareResult>)
    | undefined;
  /** The maximum number of disagreeing pairs in memory, for `canary.shadow.samples()`: a uniform random sample. @default 0 */
  readonly keepSamples?: number | undefined;
  /**
   * The maximum number of results in memory, for `canary.shadow.results()`: the latest ones, numbers and names without any body. A result takes
   * about half a kilobyte.
   * @default 1,000
   */
  readonly keepResults?: number | undefined;
  /** Whether a caller that aborts also cancels the copies of its call. @default false */
  readonly abortWithCaller?: boolean | undefined;
}

/** The result of a custom `compare`. */
export interface CompareResult {
  /** How good the shadow's answer is compared with the real one, 0–1. */
  readonly score: number;
  /** Short names to count by, at most 16 of 64 characters; never part of an answer. */
  readonly labels?: readonly string[] | undefined;
}

/** A custom comparison: a judge model, an embedding distance. */
export type Compare = (
  call: ShadowCall,
  real: ShadowAnswer,
  shadow: ShadowAnswer,
) => CompareResult | PromiseLike<CompareResult>;

/** The resolved options. */
export interface ShadowPolicy {
  /** Initial shares by upstream, each 0–1. */
  readonly shares: Readonly<Record<string, number>>;
  readonly when: ((call: ShadowCall) => boolean) | undefined;
  readonly maxConcurrency: number;
  readonly maxQueue: number;
  readonly maxBytes: number;
  /** USD that all copies together may cost per UTC day. */
  readonly budgetUsd: number | undefined;
  /** Timeout of a whole copy; for a stream, until its end. */
  readonly timeoutMs: number;
  readonly compare: Compare | undefined;
  /** The maximum number of disagreements in memory. */
  readonly keepSamples: number;
  /** The maximum number of results in memory. */
  readonly keepResults: number;
  readonly abortWithCaller: boolean;
}

/** The agreement of one mirrored call. */
export interface Agreement {
  readonly callId: number;
  readonly upstream: string;
  /** 0–1. */
  readonly agreement: number;
  readonly comparison: Comparison;
  readonly atMs: number;
}
