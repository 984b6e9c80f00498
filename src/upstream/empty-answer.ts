/** Whether a whole answer has any content: an empty one is well-formed, and useless. */

import type { Surface } from '../domain/call.ts';
import { type Fields, fields } from '../domain/json.ts';

/** Whether nothing of an answer can be used. Reasoning without an answer is nothing. Moderations are never empty. */
export function isEmptyAnswer(surface: Surface, body: unknown): boolean {
  const { choices, data, output, output_text: text } = fields(body);
  switch (surface) {
    case 'chat':
    case 'completions':
      return !listOf(choices).some(choiceHasContent);
    case 'responses':
      return !isText(text) && !listOf(output).some(itemHasOutput);
    case 'embeddings':
      return !listOf(data).some((item) => hasLength(fields(item).embedding));
    case 'moderations':
    case 'other':
      return false;
    default:
      return surface satisfies never;
  }
}

/** A choice of a chat or a legacy completion. */
export function choiceHasContent(choice: unknown): boolean {
  const { message, text } = fields(choice);
  return isText(text) || messageHasContent(fields(message));
}

/** A message, or a delta of one. A refusal is the model's answer. Reasoning without an answer is not. */
export function messageHasContent(message: Fields): boolean {
  const { content, refusal, tool_calls: calls, function_call: call, audio, images } = message;
  if (isText(content) || isText(refusal) || listOf(calls).length > 0 || listOf(images).length > 0) return true;
  return Boolean(call) || Boolean(audio) || listOf(content).length > 0;
}

/** An output item of a response. Reasoning without a message or a call is no answer. */
export function itemHasOutput(item: unknown): boolean {
  const { type, content } = fields(item);
  if (type === 'reasoning') return false;
  if (type !== 'message') return true;
  return listOf(content).some((part) => {
    const { text, refusal } = fields(part);
    return isText(text) || isText(refusal);
  });
}

/** Any text but white space. */
export function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

/** A vector as numbers, or in base64. */
function hasLength(vector: unknown): boolean {
  return (typeof vector === 'string' || Array.isArray(vector)) && vector.length > 0;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
