/** The dialects: how a body has to change for a provider, beyond its model and the params of the user. */

import type { Call, Surface } from '../domain/call.ts';
import { type DialectChange, type DialectRule, removes, renames, sets } from './dialect-rule.ts';
import { OPENAI_CHAT, OPENAI_RESPONSES } from './openai-dialect.ts';
import { wantsCompletionLimit } from './openai-model.ts';
import type { ProviderName } from './presets.ts';

/** Returned where a body can be sent unchanged. */
export const NO_CHANGES: readonly DialectChange[] = Object.freeze([]);

/**
 * The changes that a body needs for a provider; `NO_CHANGES` where it needs no change, without a provider, and for surfaces and
 * models without rules. The body is never modified; the values in the changes share their unchanged parts with it.
 *
 * @param call its `model` is the one that is requested from the upstream
 */
export function dialectChanges(
  provider: ProviderName | undefined,
  call: Pick<Call, 'surface' | 'model'>,
  body: Readonly<Record<string, unknown>>,
): readonly DialectChange[] {
  if (provider === undefined) return NO_CHANGES;
  const rules = DIALECTS[provider][call.surface];
  if (rules === undefined) return NO_CHANGES;
  let changes: DialectChange[] | undefined;
  const context = { model: call.model, body };
  for (const rule of rules) {
    const value = body[rule.field];
    if (value === undefined) continue;
    const change = rule.change(value, context);
    if (change !== undefined) (changes ??= []).push(change);
  }
  return changes ?? NO_CHANGES;
}

/** The rules of one provider by surface; a surface that is left out has no rules. */
type Dialect = Readonly<Partial<Record<Surface, readonly DialectRule[]>>>;

/** https://api-docs.deepseek.com/api/create-chat-completion; DeepSeek ignores unknown fields. */
const DEEPSEEK_CHAT: readonly DialectRule[] = [
  /** Not documented, and ignored: public measurements show answers of any length under `max_completion_tokens: 5`. */
  renames('max_completion_tokens', 'max_tokens', 'DeepSeek ignores max_completion_tokens and supports max_tokens'),
  /** "unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`" */
  sets('messages', 'DeepSeek has no developer role', (messages) => fitMessages(messages, { name: true })),
  /**
   * "This response_format type is unavailable now" (https://api-docs.deepseek.com/guides/json_mode). With `json_object` the answer
   * is JSON of any shape, and DeepSeek refuses a call whose prompt does not mention JSON.
   */
  sets(
    'response_format',
    'DeepSeek supports json_object but not json_schema: the shape is not enforced',
    withoutSchema,
  ),
];

/** DeepSeek's Responses API supports `json_schema` (https://api-docs.deepseek.com/api/create-response), but has no developer role. */
const DEEPSEEK_RESPONSES: readonly DialectRule[] = [
  sets('input', 'DeepSeek has no developer role', (input) => fitMessages(input, { name: true })),
];

/**
 * https://ai.google.dev/gemini-api/docs/openai. An unknown field fails the call: "Invalid JSON payload received. Unknown name "…":
 * Cannot find field." Public reports of 2025 and 2026 show this for all of these fields except `safety_identifier`, which only
 * OpenAI supports ("not implemented for Azure or third parties", https://github.com/openai/openai-guardrails-python).
 */
const GEMINI_CHAT: readonly DialectRule[] = [
  ...removes(
    ['store', 'metadata', 'seed', 'frequency_penalty', 'prompt_cache_key', 'safety_identifier'],
    'Gemini refuses unknown fields',
  ),
  /** The page documents `system` only. */
  sets('messages', 'Gemini documents no developer role', (messages) => fitMessages(messages, { name: true })),
];

/**
 * `logprobs`, `top_logprobs`, `logit_bias` and `messages[].name` "will result in a 400 error if they are supplied"
 * (https://console.groq.com/docs/openai). `store` and `metadata` are "not currently supported"
 * (https://console.groq.com/docs/api-reference#chat-create). Every unknown field is refused, as in "property 'prompt_cache_key' is
 * unsupported". Both names of the output limit are supported.
 */
const GROQ_CHAT: readonly DialectRule[] = [
  ...removes(
    ['logprobs', 'top_logprobs', 'logit_bias', 'store', 'metadata', 'prompt_cache_key', 'safety_identifier'],
    'Groq refuses unsupported fields',
  ),
  sets('messages', 'Groq has no participant names and no developer role', (messages) =>
    fitMessages(messages, { name: false }),
  ),
];

/** A relay that documents no fields: the rules of OpenAI's models, and the older names that all vendors behind it support. */
const HOLYSHEEP_CHAT: readonly DialectRule[] = [
  ...OPENAI_CHAT,
  renames(
    'max_completion_tokens',
    'max_tokens',
    'every vendor supports the name max_tokens',
    ({ model }) => !wantsCompletionLimit(model),
  ),
  sets('messages', 'every vendor supports the role system', (messages) => fitMessages(messages, { name: true })),
];

const DIALECTS: Readonly<Record<ProviderName, Dialect>> = {
  openai: { chat: OPENAI_CHAT, responses: OPENAI_RESPONSES },
  azure: { chat: OPENAI_CHAT, responses: OPENAI_RESPONSES },
  holysheep: { chat: HOLYSHEEP_CHAT },
  deepseek: { chat: DEEPSEEK_CHAT, responses: DEEPSEEK_RESPONSES },
  gemini: { chat: GEMINI_CHAT },
  groq: { chat: GROQ_CHAT },
  /** A field that a model does not support "is ignored" (https://openrouter.ai/docs/api-reference/overview). */
  openrouter: {},
};

function withoutSchema(format: unknown): unknown {
  const isSchema = typeof format === 'object' && format !== null && 'type' in format && format.type === 'json_schema';
  return isSchema ? { type: 'json_object' } : format;
}

/** What a provider supports in messages. */
export interface MessageLimits {
  /** Whether the `name` of a participant is supported. */
  readonly name: boolean;
}

/**
 * The messages for a provider without the developer role: `developer` becomes `system`, the older name with the same meaning
 * ("functionally developer messages are the same as system messages",
 * https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning#developer-messages). Names are removed where they are not
 * supported. Unchanged messages are shared, and an unchanged list or anything that is not a list is returned as it is.
 */
export function fitMessages(messages: unknown, { name: supportsName }: MessageLimits): unknown {
  if (!Array.isArray(messages)) return messages;
  let fitted: unknown[] | undefined;
  for (let index = 0; index < messages.length; index += 1) {
    const message: unknown = messages[index];
    const fits = fitMessage(message, supportsName);
    if (fits !== message) (fitted ??= messages.slice())[index] = fits;
  }
  return fitted ?? messages;
}

function fitMessage(message: unknown, supportsName: boolean): unknown {
  if (typeof message !== 'object' || message === null) return message;
  const { role, name } = message as { readonly role?: unknown; readonly name?: unknown };
  const isDeveloper = role === 'developer';
  // The result of a function is meaningless without its name.
  const losesName = !supportsName && name !== undefined && role !== 'function';
  if (!isDeveloper && !losesName) return message;
  const fits: Record<string, unknown> = { ...message };
  if (isDeveloper) fits['role'] = 'system';
  if (losesName) delete fits['name'];
  return fits;
}
