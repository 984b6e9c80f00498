/** Adapts the messages of a chat call to a provider: roles, and fields that another provider put into the history. */

import { isRecord } from '../domain/json.ts';

/** What a provider supports in messages. */
export interface MessageLimits {
  /** Whether the `name` of a participant is supported. */
  readonly name: boolean;
  /** Whether the role `developer` is supported. @default false */
  readonly developer?: boolean | undefined;
  /** The fields that are supported; all others are removed. @default all */
  readonly fields?: ReadonlySet<string> | undefined;
  /** Fields that are removed. @default none */
  readonly refused?: ReadonlySet<string> | undefined;
  /** The fields of a tool call that are supported. @default all */
  readonly toolCallFields?: ReadonlySet<string> | undefined;
  /** Whether a field may be `null`, except `content`. @default true */
  readonly nulls?: boolean | undefined;
}

/** Output of a model that no provider reads from the history of another one, in the spelling of any provider. */
export const FOREIGN_MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  'reasoning_content', // DeepSeek, Kimi, vLLM
  'reasoning', // OpenRouter, Groq
  'reasoning_details', // OpenRouter
  'reasoning_signature',
  'thinking_blocks', // LiteLLM
  'provider_specific_fields', // LiteLLM
  'extra_content', // Gemini: the signature of a thought
  'parsed', // added by the SDK's own `parse()`
]);

/**
 * The messages for a provider. Without the developer role `developer` becomes `system`, the older name with the same meaning
 * ("functionally developer messages are the same as system messages",
 * https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning#developer-messages). Fields that the provider refuses are removed.
 * Unchanged messages are shared, and an unchanged list or anything that is not a list is returned as it is.
 */
export function fitMessages(messages: unknown, limits: MessageLimits): unknown {
  return fitList(messages, (message) => fitMessage(message, limits));
}

function fitMessage(message: unknown, limits: MessageLimits): unknown {
  if (!isRecord(message)) return message;
  let fits: Record<string, unknown> | undefined;
  if (message['role'] === 'developer' && limits.developer !== true) (fits ??= { ...message })['role'] = 'system';
  for (const field in message) {
    const value = message[field];
    const fitted = keepsField(field, value, message, limits) ? fitField(field, value, limits) : undefined;
    if (fitted === value) continue;
    fits ??= { ...message };
    if (fitted === undefined) delete fits[field];
    else fits[field] = fitted;
  }
  // A refusal is all that such a message says, so it becomes the content where the field itself is not supported.
  if (fits && fits['refusal'] === undefined && typeof message['refusal'] === 'string') {
    fits['content'] ??= message['refusal'];
  }
  return fits ?? message;
}

function keepsField(field: string, value: unknown, { role }: Readonly<Record<string, unknown>>, limits: MessageLimits) {
  // The result of a function is meaningless without its name.
  if (field === 'name' && !limits.name) return role === 'function';
  if (value === null && limits.nulls === false && field !== 'content') return false;
  return limits.fields?.has(field) !== false && !limits.refused?.has(field);
}

function fitField(field: string, value: unknown, { toolCallFields }: MessageLimits): unknown {
  if (field !== 'tool_calls' || !toolCallFields) return value;
  return fitList(value, (call) => {
    if (!isRecord(call) || Object.keys(call).every((name) => toolCallFields.has(name))) return call;
    return Object.fromEntries(Object.entries(call).filter(([name]) => toolCallFields.has(name)));
  });
}

/** The list with every entry fitted, or the same list if none changes. */
function fitList(list: unknown, fit: (entry: unknown) => unknown): unknown {
  if (!Array.isArray(list)) return list;
  let fitted: unknown[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const entry: unknown = list[index];
    const fits = fit(entry);
    if (fits !== entry) (fitted ??= list.slice())[index] = fits;
  }
  return fitted ?? list;
}
