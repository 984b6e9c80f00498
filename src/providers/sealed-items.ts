/**
 * Finds the items of a conversation that only their maker can read: encrypted reasoning and signatures of thoughts, and items that are
 * stored with the maker and named by their id.
 */

import type { Surface } from '../domain/call.ts';
import { fields } from '../domain/json.ts';

/** The longest history that is read, in items: those at its end are from the upstream that served the conversation last. */
const MAX_ITEMS = 64;

/** The keys of the items in the input of a call, the latest first; `undefined` if there are none. */
export function sealedInput(surface: Surface, body: unknown): readonly string[] | undefined {
  if (surface !== 'responses' && surface !== 'chat') return undefined;
  const list: unknown = surface === 'responses' ? fields(body)['input'] : fields(body)['messages'];
  if (!Array.isArray(list)) return undefined;
  let keys: string[] | undefined;
  for (let index = list.length - 1; index >= Math.max(0, list.length - MAX_ITEMS); index -= 1) {
    const sealed = surface === 'responses' ? sealsOfItem(list[index]) : sealsOfMessage(list[index]);
    if (sealed) (keys ??= []).push(...sealed);
  }
  return keys;
}

/** The keys of the items in a whole answer. */
export function sealedOutput(body: unknown): readonly string[] {
  const { output, choices } = fields(body);
  return [
    ...listOf(output).flatMap((item) => sealsOfItem(item) ?? []),
    ...listOf(choices).flatMap((choice) => sealsOfMessage(fields(choice)['message']) ?? []),
  ];
}

/** The keys of the items in a chunk of a stream; `undefined` for most chunks. */
export function sealedChunk(chunk: unknown): readonly string[] | undefined {
  const { type, item, choices } = fields(chunk);
  if (type === 'response.output_item.done') return sealsOfItem(item);
  if (!Array.isArray(choices) || choices.length === 0) return undefined;
  return sealsOfMessage(fields(choices[0])['delta']);
}

/** An item of the Responses API. Items of reasoning have an id, by which an account that stores responses finds them. */
function sealsOfItem(item: unknown): readonly string[] | undefined {
  const { type, id, encrypted_content: encrypted } = fields(item);
  if (isText(encrypted)) return [keyOf(encrypted)];
  return (type === 'reasoning' || type === 'item_reference') && isText(id) ? [keyOf(id)] : undefined;
}

/** A chat message, or the delta of one: OpenRouter's and LiteLLM's forms of signed thoughts, and Gemini's on tool calls. */
function sealsOfMessage(message: unknown): readonly string[] | undefined {
  const {
    reasoning_details: details,
    thinking_blocks: blocks,
    tool_calls: calls,
    extra_content: extra,
  } = fields(message);
  if (details === undefined && blocks === undefined && calls === undefined && extra === undefined) return undefined;
  const sealed = [...listOf(details), ...listOf(blocks)]
    .map(fields)
    .flatMap(({ data, signature }) => [data, signature]);
  const signed = [extra, ...listOf(calls).map((call) => fields(call)['extra_content'])].map(thoughtSignature);
  const keys = [...sealed, ...signed].filter(isText).map(keyOf);
  return keys.length === 0 ? undefined : keys;
}

/** https://ai.google.dev/gemini-api/docs/thought-signatures#openai */
function thoughtSignature(extra: unknown): unknown {
  return extra === undefined ? undefined : fields(fields(extra)['google'])['thought_signature'];
}

/** Items may have megabytes. Their ends differ: encrypted and signed data end with random characters. */
function keyOf(text: string): string {
  return `item:${text.length}:${text.slice(-KEY_CHARACTERS)}`;
}

const KEY_CHARACTERS = 48;

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
