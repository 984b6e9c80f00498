/** How a body must change for a provider, beyond its model and the user's params. */

import type { Call, Surface } from '../domain/call.ts';
import { type DialectChange, type DialectRule, removes, renames, sets } from './body-draft.ts';
import { OPENAI_CHAT, OPENAI_RESPONSES } from './openai-dialect.ts';
import { wantsCompletionLimit } from './openai-model.ts';
import type { ProviderName } from './presets.ts';

/** What it is where a body can go as it is. */
export const NO_CHANGES: readonly DialectChange[] = Object.freeze([]);

/**
 * The changes that make a body one the provider takes. `NO_CHANGES` where nothing changes, where the provider is not
 * known, and for surfaces and models that no rule speaks of. The body is only read; values in the changes share what
 * stays the same with it.
 * @param call its `model` is the one that the upstream is asked for
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

/* PART: The dialects: which provider refuses or misreads what, on which surface. */

/** The rules of one provider by surface; a surface left out has none. */
type Dialect = Readonly<Partial<Record<Surface, readonly DialectRule[]>>>;

/** https://api-docs.deepseek.com/api/create-chat-completion; fields it does not know it ignores. */
const DEEPSEEK_CHAT: readonly DialectRule[] = [
  /** Not on the page, and ignored: public measurements show answers of any length under `max_completion_tokens: 5`. */
  renames('max_completion_tokens', 'max_tokens', 'ignored by DeepSeek, which knows max_tokens'),
  /** "unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`" */
  sets('messages', 'DeepSeek knows no developer role', (messages) => fitMessages(messages, { name: true })),
  /**
   * "This response_format type is unavailable now" (https://api-docs.deepseek.com/guides/json_mode). The answer is JSON
   * then, but of any shape, and the prompt has to ask for JSON in words, or the call is refused.
   */
  sets('response_format', 'DeepSeek has json_object, no json_schema: the shape is not enforced', withoutSchema),
];

/** DeepSeek's Responses API knows `json_schema` (https://api-docs.deepseek.com/api/create-response), but not the role either. */
const DEEPSEEK_RESPONSES: readonly DialectRule[] = [
  sets('input', 'DeepSeek knows no developer role', (input) => fitMessages(input, { name: true })),
];

/**
 * https://ai.google.dev/gemini-api/docs/openai. A field it does not know fails the call: "Invalid JSON payload received.
 * Unknown name "…": Cannot find field." Public reports of 2025 and 2026 have it for all of these but `safety_identifier`,
 * which only OpenAI knows ("not implemented for Azure or third parties", https://github.com/openai/openai-guardrails-python).
 */
const GEMINI_CHAT: readonly DialectRule[] = [
  ...removes(
    ['store', 'metadata', 'seed', 'frequency_penalty', 'prompt_cache_key', 'safety_identifier'],
    'Gemini refuses fields that it does not know',
  ),
  /** The page has `system` only. */
  sets('messages', 'Gemini documents no developer role', (messages) => fitMessages(messages, { name: true })),
];

/**
 * "will result in a 400 error if they are supplied" of `logprobs`, `top_logprobs`, `logit_bias` and `messages[].name`
 * (https://console.groq.com/docs/openai); `store` and `metadata` are "not currently supported"
 * (https://console.groq.com/docs/api-reference#chat-create); "property 'prompt_cache_key' is unsupported", as all fields
 * that it does not know. Both names of the limit are known.
 */
const GROQ_CHAT: readonly DialectRule[] = [
  ...removes(
    ['logprobs', 'top_logprobs', 'logit_bias', 'store', 'metadata', 'prompt_cache_key', 'safety_identifier'],
    'Groq refuses fields that it does not support',
  ),
  sets('messages', 'Groq knows neither names nor the developer role', (messages) =>
    fitMessages(messages, { name: false }),
  ),
];

/** A relay without a page on fields: the rules of OpenAI's models, and the older names that all vendors behind it know. */
const HOLYSHEEP_CHAT: readonly DialectRule[] = [
  ...OPENAI_CHAT,
  renames(
    'max_completion_tokens',
    'max_tokens',
    'max_tokens is the name that every vendor knows',
    ({ model }) => !wantsCompletionLimit(model),
  ),
  sets('messages', 'system is the role that every vendor knows', (messages) => fitMessages(messages, { name: true })),
];

/** All dialects. */
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

/* PART: Messages as providers take them that do not know all that OpenAI does. */

/** What a provider does not know in a message. */
export interface MessageLimits {
  /** The `name` of a participant. */
  readonly name: boolean;
}

/**
 * The list with `developer` messages under the role `system`, which means the same and is the older name ("functionally
 * developer messages are the same as system messages",
 * https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning#developer-messages), and without names where these
 * are not known. The same list where nothing changes; messages that do not change are shared. Anything but a list is
 * returned as it is.
 */
export function fitMessages(messages: unknown, { name: knowsName }: MessageLimits): unknown {
  if (!Array.isArray(messages)) return messages;
  let fitted: unknown[] | undefined;
  for (let index = 0; index < messages.length; index += 1) {
    const message: unknown = messages[index];
    const fits = fitMessage(message, knowsName);
    if (fits !== message) (fitted ??= messages.slice())[index] = fits;
  }
  return fitted ?? messages;
}

function fitMessage(message: unknown, knowsName: boolean): unknown {
  if (typeof message !== 'object' || message === null) return message;
  const { role, name } = message as { readonly role?: unknown; readonly name?: unknown };
  const isDeveloper = role === 'developer';
  // A function's answer is nothing without its name.
  const losesName = !knowsName && name !== undefined && role !== 'function';
  if (!isDeveloper && !losesName) return message;
  const fits: Record<string, unknown> = { ...message };
  if (isDeveloper) fits['role'] = 'system';
  if (losesName) delete fits['name'];
  return fits;
}
