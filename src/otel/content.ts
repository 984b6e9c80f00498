/** The texts of requests and answers as the messages of the conventions. Their length is bounded, and they hold no images, sounds or files. */

import { fields } from '../domain/json.ts';

/** A message, as the JSON schemas of the conventions have it. */
export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
  readonly finish_reason?: string;
}

/** A part of a message. */
export type Part = Readonly<Record<string, unknown>> & { readonly type: string };

/** The longest text of an attribute, in characters. */
const MAX_CHARACTERS = 16_384;
/** What the JSON of a part needs beside its text, about. */
const PART_CHARACTERS = 64;
/** The fields of a part that hold text. */
const TEXT_FIELDS = ['content', 'arguments', 'response'] as const;

/** The JSON of messages. Of those that are too long the last remain, and their first part is cut. */
export function messagesJson(messages: readonly Message[]): string {
  let left = MAX_CHARACTERS;
  const kept: Message[] = [];
  for (const message of messages.toReversed()) {
    if (left <= 0) break;
    const parts: Part[] = [];
    for (const part of message.parts) {
      if (left <= 0) break;
      const bounded: Record<string, unknown> & { type: string } = { ...part };
      left -= PART_CHARACTERS;
      for (const field of TEXT_FIELDS) {
        const text = bounded[field];
        if (typeof text !== 'string') continue;
        if (text.length > left) bounded[field] = `${text.slice(0, Math.max(0, left))}…`;
        left -= text.length;
      }
      parts.push(bounded);
    }
    kept.push({ ...message, parts });
  }
  return JSON.stringify(kept.toReversed());
}

/** The messages of a request; empty for a body without any. */
export function inputMessages(body: unknown): {
  readonly system: readonly Part[];
  readonly messages: readonly Message[];
} {
  const { messages, input, instructions, prompt } = fields(body);
  const list = messages ?? input ?? prompt;
  const all = typeof list === 'string' ? [{ role: 'user', content: list }] : Array.isArray(list) ? list : [];
  const read = all.map(messageOf);
  return {
    system: typeof instructions === 'string' ? [textPart(instructions)] : [],
    messages: read.filter(({ parts }) => parts.length > 0),
  };
}

/** The messages of a whole answer; empty for a body without any. */
export function outputMessages(body: unknown): readonly Message[] {
  const { choices, output } = fields(body);
  if (Array.isArray(choices)) {
    return choices.map((choice) => {
      const { message, text, finish_reason: reason } = fields(choice);
      const read = messageOf(message ?? { content: text });
      return { ...read, role: 'assistant', ...(typeof reason === 'string' && { finish_reason: reason }) };
    });
  }
  if (!Array.isArray(output)) return [];
  const parts = output.flatMap((item) => messageOf(item).parts);
  return parts.length === 0 ? [] : [{ role: 'assistant', parts }];
}

/** A message of the chat API, or an item of the Responses API. */
function messageOf(value: unknown): Message {
  const {
    role,
    content,
    tool_calls: calls,
    tool_call_id: answered,
    type,
    name,
    call_id: id,
    arguments: args,
  } = fields(value);
  const { output, refusal } = fields(value);
  const speaker = typeof role === 'string' ? role : 'assistant';
  if (type === 'function_call') return { role: speaker, parts: [{ type: 'tool_call', id, name, arguments: args }] };
  if (type === 'function_call_output')
    return { role: 'tool', parts: [{ type: 'tool_call_response', id, response: output }] };
  if (answered !== undefined) {
    const response = typeof content === 'string' ? content : JSON.stringify(content);
    return { role: 'tool', parts: [{ type: 'tool_call_response', id: answered, response }] };
  }
  const spoken = typeof refusal === 'string' ? [textPart(refusal)] : [];
  return { role: speaker, parts: [...contentParts(content), ...spoken, ...toolCalls(calls)] };
}

function contentParts(content: unknown): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [textPart(content)];
  if (!Array.isArray(content)) return [];
  return content.map((item): Part => {
    const { type, text } = fields(item);
    // The rest may be an image of megabytes.
    return typeof text === 'string' ? textPart(text) : { type: typeof type === 'string' ? type : 'unknown' };
  });
}

function toolCalls(calls: unknown): Part[] {
  if (!Array.isArray(calls)) return [];
  return calls.map((call): Part => {
    const { id, function: called } = fields(call);
    const { name, arguments: args } = fields(called);
    return { type: 'tool_call', id, name, arguments: args };
  });
}

function textPart(content: string): Part {
  return { type: 'text', content };
}
