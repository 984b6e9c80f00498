/** Copies of calls whose answers are dropped, and what they say of an upstream. */

import type { AttributeValue, Surface } from './call.ts';
import type { FailureKind, Outcome } from './attempt.ts';

/** What two answers are compared by. Each is 1 where they agree and 0 where they do not; the similarities lie between. */
export const COMPARISON_ASPECTS = [
  /** Both ended for the same reason. */
  'finishReason',
  /** Both refuse, or neither does. */
  'refusal',
  /** Where the call asked for a schema: the shadow's answer keeps it, or neither does. */
  'schema',
  /** Where the real answer is JSON: the share of paths and types that both have. */
  'json',
  /** The share of function calls, by name, that both ask for. */
  'toolNames',
  /** Over the function calls that both ask for: the share of equal arguments. */
  'toolArguments',
  /** Of texts that are no JSON: the shorter one's length as a share of the longer one's. */
  'length',
  /** Of texts that are no JSON: the share of words in common, each as often as it occurs (Sørensen–Dice). */
  'text',
] as const;

/** One aspect of a comparison. */
export type ComparisonAspect = (typeof COMPARISON_ASPECTS)[number];

/** How the answer of a shadow differs from the real one. */
export interface Comparison {
  /**
   * How much the answers agree, 0–1: the score of the user's own `compare`; else the mean of the aspects of what they say (all but
   * the first two), halved where they end for different reasons, 0 where only one refuses. `null` for surfaces that have no
   * aspects, or where `compare` gave no score.
   */
  readonly agreement: number | null;
  /** Those that apply to the two answers. */
  readonly aspects: Readonly<Partial<Record<ComparisonAspect, number>>>;
  /** What the user's own `compare` named. */
  readonly labels: readonly string[];
  /** The shadow's latency over the real answer's; 2 is twice as slow. `undefined` where the real one took no time. */
  readonly latencyRatio: number | undefined;
  /** The same of the first content; streams only. */
  readonly firstChunkRatio: number | undefined;
  /** The same of the cost, where both are known. */
  readonly costRatio: number | undefined;
}

/** A function that an answer wants called. */
export interface ReadToolCall {
  readonly name: string;
  /** As the model wrote them: JSON, if all is well. */
  readonly arguments: string;
}

/** What an answer says, of a body or of a stream alike; of several choices, the first. */
export interface ReadAnswer {
  readonly text: string;
  /** In the words of chat completions: `stop`, `length`, `tool_calls`, `content_filter`. */
  readonly finishReason: string | undefined;
  readonly refused: boolean;
  readonly toolCalls: readonly ReadToolCall[];
  /** The body as the provider sent it; `undefined` for streams. The real one is the very object that the caller has. */
  readonly body: unknown;
}

/** An answer, and what it took. */
export interface ShadowAnswer extends ReadAnswer {
  readonly upstream: string;
  readonly model: string | undefined;
  readonly latencyMs: number;
  readonly firstChunkMs: number | undefined;
  /** USD; `null` when unknown. */
  readonly costUsd: number | null;
}

/** The view of a call that the functions of `shadow` get. */
export interface ShadowCall {
  readonly surface: Surface;
  readonly model: string | undefined;
  readonly stream: boolean;
  readonly task: string | undefined;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** The request's body as it was when the call was made. */
  readonly body: unknown;
  /** A copy of the call would do or keep something: it stores its answer, runs in the background, or uses tools of the provider. */
  readonly sideEffects: boolean;
}

/** Why a call that was chosen was not mirrored: all slots and places to wait taken, budget spent, or upstream out of service. */
export type ShadowDropReason = 'full' | 'budget' | 'unavailable';

/** A mirrored call has ended on both sides. Numbers and names only. */
export interface ShadowEvent {
  readonly callId: number;
  /** Where the copy went. */
  readonly upstream: string;
  /** Who answered the caller; `undefined` where nobody did. */
  readonly servedBy: string | undefined;
  /** How the copy ended. */
  readonly outcome: Outcome;
  readonly kind: FailureKind | undefined;
  readonly latencyMs: number;
  readonly firstChunkMs: number | undefined;
  /** USD; `null` when unknown. */
  readonly costUsd: number | null;
  /** Present where both sides brought an answer. */
  readonly comparison: Comparison | undefined;
  readonly atMs: number;
}

/** Two answers that disagree, kept in memory. */
export interface ShadowSample {
  readonly callId: number;
  readonly atMs: number;
  readonly call: ShadowCall;
  readonly comparison: Comparison;
  readonly real: ShadowAnswer;
  readonly shadow: ShadowAnswer;
}

/** What the shadows of one upstream advise: more of them (or real calls), the same for longer, or none. */
export interface ShadowAdvice {
  readonly recommend: 'raise' | 'hold' | 'stop';
  /** For people, with the numbers. */
  readonly reason: string;
}
