/** Generates the answer of a simulated model. */

import type { Answer, FinishReason, ToolCallAnswer } from './answer.ts';
import { followPrompt } from './follow-prompt.ts';
import { maxOutputTokens, promptCharacters, stopSequences } from './request-body.ts';
import type { RequestBody } from './request-body.ts';
import { tokensOf } from './tokens.ts';
import type { TokenCounts } from './tokens.ts';

/** A complete answer, before it is written in the format of an endpoint. */
export interface Generation {
  /** Unique within the provider. Each endpoint adds its own prefix. */
  readonly id: string;
  /** Seconds since the Unix epoch. */
  readonly createdS: number;
  readonly model: string;
  readonly text: string;
  readonly toolCalls: readonly ToolCallAnswer[];
  readonly finishReason: FinishReason;
  readonly tokens: TokenCounts;
}

/** The id, model and time of an answer. */
export interface Origin {
  readonly id: string;
  readonly model: string;
  readonly nowMs: number;
}

/** Answers a request body. Token counts missing from `usage` are estimated at four characters per token. */
export function generate(
  body: RequestBody,
  origin: Origin,
  answer: string | Answer = followPrompt(body, origin.id) ?? {},
  usage: Partial<TokenCounts> = {},
): Generation {
  const { text, toolCalls = [], finishReason } = typeof answer === 'string' ? { text: answer } : answer;
  const whole = text ?? (toolCalls.length > 0 ? '' : `Hello from ${origin.model}.`);
  const stopped = upTo(whole, stopSequences(body));
  const clipped = clip(stopped, maxOutputTokens(body));
  const callsLength = toolCalls.length > 0 ? JSON.stringify(toolCalls).length : 0;
  return {
    id: origin.id,
    createdS: Math.floor(origin.nowMs / 1000),
    model: origin.model,
    text: clipped,
    toolCalls,
    finishReason: finishReason ?? (toolCalls.length > 0 ? 'tool_calls' : clipped === stopped ? 'stop' : 'length'),
    tokens: {
      promptTokens: usage.promptTokens ?? tokensOf(promptCharacters(body)),
      completionTokens: usage.completionTokens ?? tokensOf(clipped.length + callsLength),
      cachedTokens: usage.cachedTokens ?? 0,
      reasoningTokens: usage.reasoningTokens ?? 0,
    },
  };
}

/** Splits a text into pieces of about one token, never inside a character. */
export function pieces(text: string): string[] {
  return text.match(/[^]{1,4}/gu) ?? [];
}

/** The text before the first stop sequence. */
function upTo(text: string, stops: readonly string[]): string {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
}

function clip(text: string, maxTokens: number): string {
  return pieces(text).slice(0, maxTokens).join('');
}
