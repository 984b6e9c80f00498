/** The dialects: how a body has to change for a provider, beyond its model and the params of the user. */

import type { Call, Surface } from '../domain/call.ts';
import { type DialectChange, type DialectRule, removes, renames, sets, setsBy } from './dialect-rule.ts';
import { fitMessages, FOREIGN_MESSAGE_FIELDS } from './fit-messages.ts';
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
  /** "will trigger an error" (https://api-docs.deepseek.com/guides/reasoning_model); other unsupported fields "have no effect". */
  ...removes(
    ['logprobs', 'top_logprobs'],
    'refused by deepseek-reasoner',
    ({ model }) => model?.includes('deepseek-reasoner') === true,
  ),
];

/** DeepSeek's Responses API supports `json_schema` (https://api-docs.deepseek.com/api/create-response), but has no developer role. */
const DEEPSEEK_RESPONSES: readonly DialectRule[] = [
  sets('input', 'DeepSeek has no developer role', (input) => fitMessages(input, { name: true })),
];

/** The fields of a message that Gemini and Groq document, beside the name of a participant. */
const MESSAGE_FIELDS = ['role', 'content', 'name', 'tool_calls', 'tool_call_id', 'function_call'];
const TOOL_CALL_FIELDS = ['id', 'type', 'function'];

/**
 * https://ai.google.dev/gemini-api/docs/openai. An unknown field fails the call: "Invalid JSON payload received. Unknown name "…":
 * Cannot find field." Public reports of 2024 to 2026 show this for `store`, `metadata`, `seed`, `frequency_penalty`, `prompt_cache_key`,
 * `web_search_options`, `reasoning` and `top_k`; the others are documented by OpenAI only (`safety_identifier`: "not implemented for Azure
 * or third parties", https://github.com/openai/openai-guardrails-python).
 */
const GEMINI_CHAT: readonly DialectRule[] = [
  ...removes(
    [
      'store',
      'metadata',
      'seed',
      'frequency_penalty',
      'prompt_cache_key',
      'prompt_cache_retention',
      'prompt_cache_options',
      'safety_identifier',
      'verbosity',
      'prediction',
      'web_search_options',
      'reasoning',
      'top_k',
    ],
    'Gemini refuses unknown fields',
  ),
  /**
   * The page documents `system` only. A `refusal` of `null` fails with "Value is not a string: null". `extra_content` carries the
   * signature of a thought, which Gemini needs back (https://ai.google.dev/gemini-api/docs/thought-signatures).
   */
  sets('messages', 'Gemini documents no developer role, and refuses null and fields of other providers', (messages) =>
    fitMessages(messages, GEMINI_MESSAGES),
  ),
];

const GEMINI_MESSAGES = {
  name: true,
  nulls: false,
  fields: new Set([...MESSAGE_FIELDS, 'refusal', 'extra_content']),
  toolCallFields: new Set([...TOOL_CALL_FIELDS, 'extra_content']),
} as const;

/**
 * `logprobs`, `top_logprobs`, `logit_bias` and `messages[].name` "will result in a 400 error if they are supplied"
 * (https://console.groq.com/docs/openai). `store` and `metadata` are "not currently supported"
 * (https://console.groq.com/docs/api-reference#chat-create). Every unknown field is refused, as in "property 'prompt_cache_key' is
 * unsupported" and "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning_content' is
 * unsupported)]". Both names of the output limit are supported, and `reasoning` in a message of the assistant.
 */
const GROQ_CHAT: readonly DialectRule[] = [
  ...removes(
    [
      'logprobs',
      'top_logprobs',
      'logit_bias',
      'store',
      'metadata',
      'prompt_cache_key',
      'prompt_cache_retention',
      'prompt_cache_options',
      'safety_identifier',
      'verbosity',
      'prediction',
      'modalities',
      'audio',
      'web_search_options',
      // Fields of other providers and of vLLM.
      'reasoning',
      'thinking',
      'enable_thinking',
      'chat_template_kwargs',
      'top_k',
      'min_p',
      'repetition_penalty',
    ],
    'Groq refuses unsupported fields',
  ),
  /** The tiers of the reference; OpenAI's `default`, `priority` and `scale` are not among them. */
  setsBy('service_tier', 'Groq has other service tiers', (tier) => (GROQ_TIERS.has(tier) ? tier : undefined)),
  setsBy('reasoning_effort', 'Groq has other levels of effort', (effort, { model }) => groqEffort(effort, model)),
  sets(
    'messages',
    'Groq has no participant names and no developer role, and refuses fields of other providers',
    (messages) => fitMessages(messages, GROQ_MESSAGES),
  ),
];

const GROQ_MESSAGES = {
  name: false,
  fields: new Set([...MESSAGE_FIELDS, 'reasoning']),
  toolCallFields: new Set(TOOL_CALL_FIELDS),
} as const;

const GROQ_TIERS: ReadonlySet<unknown> = new Set(['auto', 'on_demand', 'flex', 'performance', null]);

/**
 * `low`, `medium` and `high` for GPT-OSS, `none` and `default` for Qwen 3; other models refuse the field
 * (https://console.groq.com/docs/reasoning). `undefined` removes it.
 */
function groqEffort(effort: unknown, model: string | undefined): unknown {
  if (model === undefined || effort === null) return effort;
  if (/gpt-oss/.test(model)) return GPT_OSS_EFFORT.get(effort) ?? effort;
  if (/qwen-?3/.test(model)) return effort === 'none' || effort === 'default' ? effort : 'default';
  return /llama|gemma|kimi|mixtral|mistral|allam|compound/.test(model) ? undefined : effort;
}

const GPT_OSS_EFFORT: ReadonlyMap<unknown, string> = new Map([
  ['none', 'low'],
  ['minimal', 'low'],
  ['xhigh', 'high'],
  ['max', 'high'],
]);

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

/**
 * "Unknown parameter: 'messages[2].tool_calls[0].index'", which streamed tool calls have, "Unknown parameter: 'messages[2].reasoning'", and on
 * Azure "Additional properties are not allowed ('reasoning' was unexpected) - 'messages.2'", in public reports of 2024 to 2026.
 */
const OPENAI_HISTORY: DialectRule = sets('messages', 'OpenAI refuses fields of other providers', (messages) =>
  fitMessages(messages, OPENAI_MESSAGES),
);

const OPENAI_MESSAGES = {
  name: true,
  developer: true,
  refused: FOREIGN_MESSAGE_FIELDS,
  toolCallFields: new Set([...TOOL_CALL_FIELDS, 'custom']),
} as const;

const DIALECTS: Readonly<Record<ProviderName, Dialect>> = {
  openai: { chat: [...OPENAI_CHAT, OPENAI_HISTORY], responses: OPENAI_RESPONSES },
  azure: { chat: [...OPENAI_CHAT, OPENAI_HISTORY], responses: OPENAI_RESPONSES },
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
