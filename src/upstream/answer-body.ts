/** Whether the whole body of a 2xx answer is an answer. */

import type { Surface } from '../domain/call.ts';
import { type Fields, fields, isRecord } from '../domain/json.ts';
import { nonTextOutput } from './stream/delta.ts';

/**
 * What is wrong: `notJson`, a page, a text or nothing where an object belongs; `noChoices`; `noMessage`, a choice without
 * one; `errorInBody`, an error under a status that says success; `noData`, an answer without its output, vectors or results.
 */
export type Malformation = 'notJson' | 'noChoices' | 'noMessage' | 'errorInBody' | 'noData';

/**
 * What is wrong with a parsed body that is no stream; `undefined` for all that a caller could read an answer from, however
 * short or unusual. Refusals, filtered and cut answers are answers. On surfaces that are not portable nothing is judged.
 */
export function malformation(surface: Surface, data: unknown): Malformation | undefined {
  if (surface === 'other') return undefined;
  if (!isRecord(data)) return Array.isArray(data) && data.some(hasError) ? 'errorInBody' : 'notJson';
  switch (surface) {
    case 'chat':
    case 'completions':
      return choicesMalformation(surface, data);
    case 'responses':
      if (hasError(data) || data['status'] === 'failed') return 'errorInBody';
      return Array.isArray(data['output']) ? undefined : 'noData';
    case 'embeddings':
      return listMalformation(data, 'data');
    case 'moderations':
      return listMalformation(data, 'results');
    default:
      return surface satisfies never;
  }
}

/** Whether the provider cut the answer off for its content. */
export function isFiltered(surface: Surface, data: unknown): boolean {
  if (!isRecord(data)) return false;
  if (surface === 'responses') {
    const details = data['incomplete_details'];
    return isRecord(details) && details['reason'] === 'content_filter';
  }
  const { choices } = data;
  return (
    Array.isArray(choices) && choices.some((choice) => isRecord(choice) && choice['finish_reason'] === 'content_filter')
  );
}

/**
 * Whether a function that the model wants called has arguments that cannot be read: no JSON, or JSON that is no object.
 * No arguments at all are fine, and so are those of an answer that was cut or filtered: another try would not help them.
 */
export function hasBrokenToolArguments(surface: Surface, data: unknown): boolean {
  if (surface === 'chat' && isPlain(data)) return false;
  return toolCallsOf(surface, data).some(({ arguments: text }) => isBroken(text));
}

/** What most answers are, at the least cost: one choice of words. */
function isPlain(data: unknown): boolean {
  const choices = isRecord(data) ? data['choices'] : undefined;
  if (!Array.isArray(choices) || choices.length !== 1 || !isRecord(choices[0])) return false;
  const { message } = choices[0];
  return isRecord(message) && !message['tool_calls'] && !message['function_call'];
}

function choicesMalformation(surface: 'chat' | 'completions', data: Fields): Malformation | undefined {
  const { choices } = data;
  if (!Array.isArray(choices) || choices.length === 0) return hasError(data) ? 'errorInBody' : 'noChoices';
  for (const choice of choices) {
    if (!isRecord(choice)) return 'noMessage';
    // OpenRouter passes on a vendor's failure this way.
    if (choice['finish_reason'] === 'error') return 'errorInBody';
    // Azure leaves the message out of a choice that it filtered.
    if (choice['finish_reason'] === 'content_filter') continue;
    const isText = surface === 'completions' && typeof choice['text'] === 'string';
    if (!isText && !isRecord(choice['message'])) return hasError(choice) ? 'errorInBody' : 'noMessage';
  }
  return undefined;
}

function listMalformation(data: Fields, field: 'data' | 'results'): Malformation | undefined {
  const list = data[field];
  if (Array.isArray(list) && list.length > 0) return undefined;
  return hasError(data) ? 'errorInBody' : 'noData';
}

/** An object, or the text that some relays put there. */
function hasError(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { error } = value;
  return typeof error === 'string' ? error !== '' : typeof error === 'object' && error !== null;
}

export function isBroken(text: unknown): boolean {
  if (text === undefined || text === null) return false;
  if (typeof text !== 'string') return true;
  if (text.trim() === '') return false;
  try {
    const parsed: unknown = JSON.parse(text);
    return !isRecord(parsed) && parsed !== null;
  } catch {
    return true;
  }
}

/* PART: All that a model wrote, out of a whole body. */

/** Texts, refusals, reasoning and the arguments of tools, of every choice. Never throws. */
export function outputTextOf(surface: Surface, body: unknown): string {
  const { choices, output } = fields(body);
  const parts = surface === 'responses' ? listOf(output).map(itemText) : listOf(choices).map(choiceText);
  return parts.join('');
}

function choiceText(choice: unknown): string {
  const { text, message } = fields(choice);
  const { content } = fields(message);
  return textOf(text) + textOf(content) + nonTextOutput(message);
}

function itemText(item: unknown): string {
  const { content, arguments: words, summary } = fields(item);
  const parts = [...listOf(content), ...listOf(summary)].map(fields);
  return parts.map(({ text, refusal }) => textOf(text) + textOf(refusal)).join('') + textOf(words);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/* PART: The functions that an answer wants called, wherever the surface puts them. */

/** A wanted call; tools that take free text instead of arguments are left out. */
export interface ToolCall {
  /** As the provider sent them: JSON in a string, if all is well. */
  readonly arguments: unknown;
}

/** The calls in a whole body whose answer ended by itself: not cut by a limit, not filtered. Never throws. */
function toolCallsOf(surface: Surface, data: unknown): readonly ToolCall[] {
  switch (surface) {
    case 'chat':
      return listOf(fields(data)['choices']).flatMap((choice) => callsOfChoice(fields(choice)));
    case 'responses':
      return fields(data)['status'] === 'incomplete' ? [] : listOf(fields(data)['output']).filter(isFunctionCall);
    case 'completions':
    case 'embeddings':
    case 'moderations':
    case 'other':
      return [];
    default:
      return surface satisfies never;
  }
}

function callsOfChoice({ finish_reason: finishReason, message }: Fields): readonly ToolCall[] {
  if (finishReason === 'length' || finishReason === 'content_filter') return [];
  const { tool_calls: toolCalls, function_call: functionCall } = fields(message);
  return [...listOf(toolCalls).map((call) => fields(call)['function']), functionCall].filter(isCall);
}

function isFunctionCall(item: unknown): item is ToolCall {
  return fields(item)['type'] === 'function_call';
}

function isCall(call: unknown): call is ToolCall {
  return typeof call === 'object' && call !== null;
}
