/** The most output that a request allows, before it is made. */

import type { Surface } from '../domain/call.ts';

/** Output tokens of a request that sets no limit: above nine of ten production answers (Splitwise, ISCA 2024: p95 451). */
export const DEFAULT_OUTPUT_TOKENS = 1_024;

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
