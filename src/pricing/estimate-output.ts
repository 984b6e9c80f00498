/** Estimates the usage of an answer that does not report it, and before a request the most output it allows. */

import type { Surface } from '../domain/call.ts';
import { type Fields, isRecord } from '../domain/json.ts';
import type { Usage } from '../domain/usage.ts';
import { CHARACTERS_PER_TOKEN, type CountTokens, estimateTokens } from './count-tokens.ts';
import { estimateInput } from './estimate-input.ts';

/** What is known about the call and its answer. */
export interface EstimateInput {
  readonly surface: Surface;
  /** The request's body. */
  readonly body: unknown;
  /** The output that was received: text, reasoning and tool arguments. It may be only the beginning. */
  readonly outputText: string;
  /** The length of the whole output in UTF-16 units. @default the length of `outputText` */
  readonly outputCharacters?: number | undefined;
  /** @default estimateTokens */
  readonly count?: CountTokens | undefined;
}

/**
 * Estimates what the provider bills for a stream that was aborted or cut, or if the provider reports no usage. The counts are
 * whole numbers, never negative. Cached tokens and hidden reasoning are unknown: the first makes the estimate too high, the
 * second too low. Images, audio and files count as constants. The time is proportional to the text of the body.
 */
export function estimateUsage(input: EstimateInput): Usage {
  const { surface, body, outputText, outputCharacters, count: countTokens = estimateTokens } = input;
  return {
    inputTokens: Math.ceil(estimateInput(surface, body, countTokens)),
    outputTokens: surface === 'embeddings' ? 0 : Math.ceil(outputTokensOf(countTokens, outputText, outputCharacters)),
    cachedInputTokens: 0,
    reasoningTokens: 0,
  };
}

/** Assumes that the missing part of the output has as many tokens per character as the received one. */
function outputTokensOf(countTokens: CountTokens, text: string, characters = text.length): number {
  if (text === '') return Math.max(0, characters) / CHARACTERS_PER_TOKEN;
  return countTokens(text) * (Math.max(characters, text.length) / text.length);
}

/** Assumed output of a request without a limit: more than nine of ten production answers (Splitwise, ISCA 2024: p95 is 451 tokens). */
const DEFAULT_OUTPUT_TOKENS = 1_024;

/** How an upstream changes the output limit of a body. */
export interface OutputRules {
  /** Body fields that the upstream sets; `null` removes a field. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** The upstream's limit of output tokens per answer. */
  readonly maxOutputTokens?: number | undefined;
}

/**
 * The output tokens that a request allows, over all its answers: its own limit or `DEFAULT_OUTPUT_TOKENS`, but at most the limit of
 * the upstream. Never throws: anything but a body counts as a body without a limit.
 */
export function estimateOutput(surface: Surface, body: unknown, rules: OutputRules): number {
  if (surface !== 'chat' && surface !== 'completions' && surface !== 'responses') return 0;
  const fields = isRecord(body) ? body : {};
  const limit = limitOf(fields, rules.params);
  return answersOf(surface, fields, rules.params) * Math.min(limit, rules.maxOutputTokens ?? Infinity);
}

const LIMIT_FIELDS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const;

/** If a body has two limits, each provider applies the one it knows: the larger one may be spent. */
function limitOf(body: Fields, params: Fields | undefined): number {
  let limit: number | undefined;
  for (const field of LIMIT_FIELDS) {
    const value = count(field, body, params);
    if (value !== undefined && (limit === undefined || value > limit)) limit = value;
  }
  return limit ?? DEFAULT_OUTPUT_TOKENS;
}

/** The number of answers. All `best_of` answers are billed, even those not returned. Completions answer each prompt of a list. */
function answersOf(surface: Surface, body: Fields, params: Fields | undefined): number {
  if (surface === 'responses') return 1;
  const answers = count('n', body, params) ?? 1;
  if (surface === 'chat') return answers;
  const { prompt } = body;
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? Math.max(1, prompt.length) : 1;
  return Math.max(answers, count('best_of', body, params) ?? 1) * prompts;
}

/** A numeric field, after the upstream's changes. */
function count(field: string, body: Fields, params: Fields | undefined): number | undefined {
  const set = params?.[field];
  const value = set === undefined ? body[field] : set;
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined;
}
