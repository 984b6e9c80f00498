/** Reads the whole body of a 2xx answer: whether it is malformed or filtered, its tool calls, and its output text. */

import type { Surface } from '../domain/call.ts';
import { type Fields, fields, isRecord } from '../domain/json.ts';
import { nonTextOutput } from './stream/delta.ts';

/**
 * Why a body is malformed.
 *
 * - `notJson`: a page, a text or nothing in place of an object
 * - `noChoices`: no choices
 * - `noMessage`: a choice without a message
 * - `errorInBody`: an error under a status that means success
 * - `noData`: no output, vectors or results
 */
export type Malformation = 'notJson' | 'noChoices' | 'noMessage' | 'errorInBody' | 'noData';

/**
 * Why a parsed body that is not a stream is malformed; `undefined` if a caller can read an answer from it, however short or unusual.
 * Refusals, filtered answers and truncated answers are answers. Bodies of surfaces that are not portable are never malformed.
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

/** Whether a content filter cut the answer off. */
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
 * Whether a tool call has arguments that cannot be parsed: not JSON, or JSON that is not an object. Absent arguments are fine. The
 * arguments of an answer that was truncated or filtered are not checked: a retry would not help.
 */
export function hasBrokenToolArguments(surface: Surface, data: unknown): boolean {
  if (surface === 'chat' && isPlain(data)) return false;
  return toolCallsOf(surface, data).some(({ arguments: text }) => isBroken(text));
}

/** Whether a body has one choice without tool calls. Most answers do, and this is the cheapest check. */
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
    // OpenRouter reports a vendor's failure this way.
    if (choice['finish_reason'] === 'error') return 'errorInBody';
    // Azure omits the message of a choice that it filtered.
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

/** The error is an object, or the text that some relays send. */
function hasError(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { error } = value;
  return typeof error === 'string' ? error !== '' : typeof error === 'object' && error !== null;
}

/** Whether the arguments of a tool call cannot be parsed. */
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

/** Everything the model wrote, in all choices: text, refusals, reasoning, names and arguments of tool calls. Never throws. */
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
  const { content, arguments: written, summary } = fields(item);
  const parts = [...listOf(content), ...listOf(summary)].map(fields);
  return parts.map(({ text, refusal }) => textOf(text) + textOf(refusal)).join('') + textOf(written);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A call of a function. Tools that take free text instead of arguments are left out. */
export interface ToolCall {
  /** As the provider sent them. Should be JSON in a string. */
  readonly arguments: unknown;
}

/** The tool calls of an answer that was neither truncated nor filtered. Never throws. */
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
