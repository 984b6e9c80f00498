/** Shadows: copies of calls whose answers are compared with the real ones and dropped. */

import type { AttributeValue, Surface } from './call.ts';
import type { AttemptRecord, FailureKind, Outcome } from './attempt.ts';

/** The aspects that two answers are compared by: 1 where they agree, 0 where they do not. Similarities lie between. */
export const COMPARISON_ASPECTS = [
  /** Whether both have the same finish reason. */
  'finishReason',
  /** Whether both refuse or neither does. */
  'refusal',
  /** If the call asked for a schema: whether the shadow's answer matches it, or neither answer does. */
  'schema',
  /** If the real answer is JSON: the share of paths and types that both have. */
  'json',
  /** The share of function calls, by name, that both make. */
  'toolNames',
  /** Of the function calls that both make: the share of equal arguments. */
  'toolArguments',
  /** Of texts that are not JSON: the length of the shorter one as a share of the longer one's. */
  'length',
  /** Of texts that are not JSON: the share of common words, counting repetitions (Sørensen–Dice). */
  'text',
] as const;

/** The name of an aspect. */
export type ComparisonAspect = (typeof COMPARISON_ASPECTS)[number];

/** The difference between the answer of a shadow and the real one. */
export interface Comparison {
  /**
   * How much the answers agree, 0–1: the score of the user's `compare` function, otherwise the mean of the aspects of
   * their content (all but `finishReason` and `refusal`). The mean is halved if the finish reasons differ, and 0 if
   * only one refuses. `null` for surfaces without aspects, or if `compare` returned no score.
   */
  readonly agreement: number | null;
  /** The aspects that apply to the two answers. */
  readonly aspects: Readonly<Partial<Record<ComparisonAspect, number>>>;
  /** Labels returned by the user's `compare` function. */
  readonly labels: readonly string[];
  /**
   * The shadow's latency divided by the real answer's: 2 is twice as slow. `undefined` if the real answer took no time.
   */
  readonly latencyRatio: number | undefined;
  /** The same ratio for the time to the first content; streams only. */
  readonly firstChunkRatio: number | undefined;
  /** The same ratio for the cost, if both are known. */
  readonly costRatio: number | undefined;
}

/** A function call in an answer. */
export interface ReadToolCall {
  readonly name: string;
  /** The arguments as the model wrote them, normally JSON. */
  readonly arguments: string;
}

/** The content of an answer, from a body or a stream; the first of several choices. */
export interface ReadAnswer {
  readonly text: string;
  /** In the terms of chat completions: `stop`, `length`, `tool_calls`, `content_filter`. */
  readonly finishReason: string | undefined;
  readonly refused: boolean;
  readonly toolCalls: readonly ReadToolCall[];
  /**
   * The body as the provider sent it; `undefined` for streams. For the real answer it is the same object that the
   * caller has.
   */
  readonly body: unknown;
}

/** An answer with its latency and cost. */
export interface ShadowAnswer extends ReadAnswer {
  readonly upstream: string;
  readonly model: string | undefined;
  readonly latencyMs: number;
  readonly firstChunkMs: number | undefined;
  /** USD; `null` when unknown. */
  readonly costUsd: number | null;
}

/** The view of a call that the functions of the `shadow` option receive. */
export interface ShadowCall {
  readonly surface: Surface;
  readonly model: string | undefined;
  readonly stream: boolean;
  readonly task: string | undefined;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** The request body at the time of the call. */
  readonly body: unknown;
  /**
   * Whether a copy of the call would have side effects: it stores its answer, runs in the background, or uses tools of
   * the provider.
   */
  readonly sideEffects: boolean;
}

/**
 * Why a selected call was not shadowed: all slots and queue places taken (`full`), budget spent, or upstream
 * unavailable.
 */
export type ShadowDropReason = 'full' | 'budget' | 'unavailable';

/**
 * Why a copy was not sent. Bounds of the user: slots or memory (`full`), `budget`, or `limits` of the upstream. State of
 * the upstream: `breaker`, `pause`, or `down`.
 */
export type CopyDrop = 'full' | 'budget' | 'limits' | 'breaker' | 'pause' | 'down';

/** How a copy ended, and the first attempt of its call: one request on each side, neither of them repeated. */
export interface MirroredEnd {
  /** The attempt of the copy, or why it was not sent. */
  readonly copy: AttemptRecord | 'breaker' | 'pause' | 'down';
  /** `undefined`: the call had no attempt. */
  readonly real: AttemptRecord | undefined;
  readonly stream: boolean;
  /** The side whose answer has no content, if the other one's has. */
  readonly empty: 'copy' | 'real' | undefined;
}

/** A shadowed call has ended on both sides. Contains numbers and names only. */
export interface ShadowEvent {
  readonly callId: number;
  /** The upstream of the copy. */
  readonly upstream: string;
  /** The upstream that answered the caller; `undefined` if no upstream did. */
  readonly servedBy: string | undefined;
  /** The outcome of the copy. */
  readonly outcome: Outcome;
  readonly kind: FailureKind | undefined;
  readonly latencyMs: number;
  readonly firstChunkMs: number | undefined;
  /** USD; `null` when unknown. */
  readonly costUsd: number | null;
  /** Set if both sides produced an answer. */
  readonly comparison: Comparison | undefined;
  readonly atMs: number;
}

/** Two answers that differ, kept in memory. */
export interface ShadowSample {
  readonly callId: number;
  readonly atMs: number;
  readonly call: ShadowCall;
  readonly comparison: Comparison;
  readonly real: ShadowAnswer;
  readonly shadow: ShadowAnswer;
}

/**
 * The recommendation from the shadows of one upstream: `raise` the share (or send real calls), `hold` it for longer, or
 * `stop`.
 */
export interface ShadowAdvice {
  readonly recommend: 'raise' | 'hold' | 'stop';
  /** Readable text with the numbers. */
  readonly reason: string;
}
