/** What a simulated model says. */

import type { Answer, FinishReason, ToolCallAnswer } from './answer.ts';
import { obey } from './obey.ts';
import { maxOutputTokens, promptCharacters, stopSequences } from './request-body.ts';
import type { RequestBody } from './request-body.ts';
import { tokensOf } from './tokens.ts';
import type { TokenCounts } from './tokens.ts';

/** An answer with all that its surface has to write down. */
export interface Generation {
  /** Unique within the provider; surfaces put their prefix before it. */
  readonly id: string;
  /** Seconds since the Unix epoch. */
  readonly createdS: number;
  readonly model: string;
  readonly text: string;
  readonly toolCalls: readonly ToolCallAnswer[];
  readonly finishReason: FinishReason;
  readonly tokens: TokenCounts;
}

/** Who answers, and when. */
export interface Origin {
  readonly id: string;
  readonly model: string;
  readonly nowMs: number;
}

/** An answer to a body; counts that `usage` leaves out are estimated at four characters a token. */
export function generate(
  body: RequestBody,
  origin: Origin,
  answer: string | Answer = obey(body, origin.id) ?? {},
  usage: Partial<TokenCounts> = {},
): Generation {
  const { text, toolCalls = [], finishReason } = typeof answer === 'string' ? { text: answer } : answer;
  const whole = text ?? (toolCalls.length > 0 ? '' : `Hello from ${origin.model}.`);
  const stopped = upTo(whole, stopSequences(body));
  const said = clip(stopped, maxOutputTokens(body));
  const callsLength = toolCalls.length > 0 ? JSON.stringify(toolCalls).length : 0;
  return {
    id: origin.id,
    createdS: Math.floor(origin.nowMs / 1000),
    model: origin.model,
    text: said,
    toolCalls,
    finishReason: finishReason ?? (toolCalls.length > 0 ? 'tool_calls' : said === stopped ? 'stop' : 'length'),
    tokens: {
      promptTokens: usage.promptTokens ?? tokensOf(promptCharacters(body)),
      completionTokens: usage.completionTokens ?? tokensOf(said.length + callsLength),
      cachedTokens: usage.cachedTokens ?? 0,
      reasoningTokens: usage.reasoningTokens ?? 0,
    },
  };
}

/** A text in pieces of about one token each; no character is split. */
export function pieces(text: string): string[] {
  return text.match(/[^]{1,4}/gu) ?? [];
}

/** A text up to the first of some sequences, without it. */
function upTo(text: string, stops: readonly string[]): string {
  const ends = stops.map((stop) => text.indexOf(stop)).filter((index) => index >= 0);
  return ends.length === 0 ? text : text.slice(0, Math.min(...ends));
}

function clip(text: string, maxTokens: number): string {
  return pieces(text).slice(0, maxTokens).join('');
}
