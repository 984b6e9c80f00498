/** The most output that a request allows, before it is made. */

import type { Surface } from '../domain/call.ts';
import type { Usage } from '../domain/usage.ts';
import { CHARACTERS_PER_TOKEN, type CountTokens, estimateTokens } from './count-tokens.ts';
import { estimateInput } from './estimate-input.ts';

/** Output tokens of a request that sets no limit: above nine of ten production answers (Splitwise, ISCA 2024: p95 451). */
const DEFAULT_OUTPUT_TOKENS = 1_024;

/** What an upstream changes in a body. */
export interface OutputRules {
  /** Body fields that are set; `null` removes one. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** The most output tokens that a call may ask for. */
  readonly maxOutputTokens?: number | undefined;
}

/**
 * Output tokens that a request allows, of all its answers together: the limit it sets, else `DEFAULT_OUTPUT_TOKENS`, at most the
 * upstream's. Never throws; a body that is none counts as one without a limit.
 */
export function estimateOutput(surface: Surface, body: unknown, rules: OutputRules): number {
  if (surface !== 'chat' && surface !== 'completions' && surface !== 'responses') return 0;
  const fields = isRecord(body) ? body : {};
  const limit = limitOf(fields, rules.params);
  return answersOf(surface, fields, rules.params) * Math.min(limit, rules.maxOutputTokens ?? Infinity);
}

const LIMIT_FIELDS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const;

type Fields = Readonly<Record<string, unknown>>;

/** Where a body names two limits, providers refuse it or take the smaller. */
function limitOf(body: Fields, params: Fields | undefined): number {
  let limit: number | undefined;
  for (const field of LIMIT_FIELDS) {
    const value = count(field, body, params);
    if (value !== undefined && (limit === undefined || value < limit)) limit = value;
  }
  return limit ?? DEFAULT_OUTPUT_TOKENS;
}

/** `best_of` answers are written and billed, also those that nobody sees; completions answer each of several prompts. */
function answersOf(surface: Surface, body: Fields, params: Fields | undefined): number {
  if (surface === 'responses') return 1;
  const answers = count('n', body, params) ?? 1;
  if (surface === 'chat') return answers;
  const { prompt } = body;
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? Math.max(1, prompt.length) : 1;
  return Math.max(answers, count('best_of', body, params) ?? 1) * prompts;
}

/** A field as the upstream will see it. */
function count(field: string, body: Fields, params: Fields | undefined): number | undefined {
  const set = params?.[field];
  const value = set === undefined ? body[field] : set;
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/* PART: The usage of an answer that does not tell it: a stream that was aborted, or cut, or whose provider counts nothing. */

/** What is known of the call and its answer. */
export interface EstimateInput {
  readonly surface: Surface;
  /** The request's body. */
  readonly body: unknown;
  /** All that the model wrote and is seen of it: text, reasoning, the arguments of tools. It may be the beginning only. */
  readonly outputText: string;
  /** How long the output was, in UTF-16 units, if `outputText` does not hold all of it. @default its length */
  readonly outputCharacters?: number | undefined;
  /** @default by its characters */
  readonly count?: CountTokens | undefined;
}

/**
 * About what the provider will bill: whole tokens, never negative. Nothing is known of cached tokens and of reasoning that
 * was not shown: the one makes the estimate too high, the other too low. Takes time in proportion to the body's text;
 * images, audio and files count by constants.
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

/** What is not at hand is taken to be like what is. */
function outputTokensOf(countTokens: CountTokens, text: string, characters = text.length): number {
  if (text === '') return Math.max(0, characters) / CHARACTERS_PER_TOKEN;
  return countTokens(text) * (Math.max(characters, text.length) / text.length);
}
