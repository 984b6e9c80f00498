/** Collects the content of an answer while its caller reads it, in bounded memory. */

import type { Surface } from '../../domain/call.ts';
import { fields, type Fields } from '../../domain/json.ts';
import type { ReadAnswer, ReadToolCall } from '../../domain/shadow.ts';
import type { AnswerReader } from '../../upstream/attempt-types.ts';

/** The maximum number of characters kept of a streamed answer, text and tool arguments together; about a chapter of a novel. */
export const MAX_READ_CHARACTERS = 262_144;

/** Collects one answer, from a body or a stream. Bodies are kept by reference; chunks are not kept. */
export class AnswerCollector implements AnswerReader {
  readonly #surface: Surface;
  #whole: ReadAnswer | undefined;
  #text = '';
  #refused = false;
  #finishReason: string | undefined;
  #characters = 0;
  readonly #calls: { -readonly [field in keyof ReadToolCall]: ReadToolCall[field] }[] = [];

  constructor(surface: Surface) {
    this.#surface = surface;
  }

  get answer(): ReadAnswer {
    if (this.#whole) return this.#whole;
    const toolCalls = this.#calls.filter(Boolean);
    const finishReason = this.#finishReason;
    const refused = this.#refused || finishReason === 'content_filter';
    return { text: this.#text, finishReason, refused, toolCalls, body: undefined };
  }

  body(body: unknown): void {
    this.#whole = readBody(this.#surface, body);
  }

  chunk(chunk: unknown): void {
    const { choices, response, type } = fields(chunk);
    // The last event of a Responses API stream contains the whole answer.
    if (response !== undefined && typeof type === 'string' && END_EVENTS.has(type)) this.body(response);
    if (!Array.isArray(choices)) return;
    for (const choice of choices) this.#choice(fields(choice));
  }

  #choice({ index = 0, delta, text, finish_reason: finishReason }: Fields): void {
    if (index !== 0) return;
    const { content, refusal, tool_calls: toolCalls, function_call: functionCall } = fields(delta);
    this.#text += this.#fit(text ?? content);
    if (typeof refusal === 'string' && refusal !== '') this.#refused = true;
    if (Array.isArray(toolCalls)) for (const call of toolCalls) this.#toolCall(fields(call));
    if (functionCall) this.#toolCall({ index: 0, function: functionCall });
    // Legacy function calls are reported as tool calls.
    if (typeof finishReason === 'string')
      this.#finishReason = finishReason === 'function_call' ? 'tool_calls' : finishReason;
  }

  #toolCall({ index = 0, function: called, custom }: Fields): void {
    if (typeof index !== 'number' || index < 0 || index >= MAX_CALLS) return;
    const call = (this.#calls[index] ??= { name: '', arguments: '' });
    call.name += this.#fit(fields(called ?? custom)['name']);
    call.arguments += this.#fit(fields(called)['arguments'] ?? fields(custom)['input']);
  }

  /** The part of a text that fits within the limit. */
  #fit(text: unknown): string {
    if (typeof text !== 'string' || text === '') return '';
    const kept = text.slice(0, Math.max(0, MAX_READ_CHARACTERS - this.#characters));
    this.#characters += kept.length;
    return kept;
  }
}

/** Events of the Responses API that end an answer. */
const END_EVENTS: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete']);
/** Providers number parallel tool calls from 0; a higher index is treated as malformed. */
const MAX_CALLS = 128;

/** Reads a whole body. Never throws: missing parts are empty. */
function readBody(surface: Surface, body: unknown): ReadAnswer {
  return surface === 'responses' ? readResponse(body) : readChoice(body);
}

function readChoice(body: unknown): ReadAnswer {
  const { message, text, finish_reason: reason } = fields(listOf(fields(body)['choices'])[0]);
  const { content, refusal, tool_calls: toolCalls, function_call: functionCall } = fields(message);
  const calls = listOf(toolCalls).map((call) => toolCall(fields(call)));
  if (functionCall) calls.push(toolCall({ function: functionCall }));
  const finishReason = reason === 'function_call' ? 'tool_calls' : stringOf(reason);
  const refused = (stringOf(refusal) ?? '') !== '' || finishReason === 'content_filter';
  return { text: stringOf(text) ?? stringOf(content) ?? '', finishReason, refused, toolCalls: calls, body };
}

function toolCall({ function: called, custom }: Fields): ReadToolCall {
  const { name, arguments: written } = fields(called ?? custom);
  return { name: stringOf(name) ?? '', arguments: stringOf(written) ?? stringOf(fields(custom)['input']) ?? '' };
}

function readResponse(body: unknown): ReadAnswer {
  const { output, status, incomplete_details: details } = fields(body);
  const items = listOf(output).map(fields);
  const contents = items.filter(({ type }) => type === 'message').flatMap(({ content }) => listOf(content).map(fields));
  const toolCalls = items.flatMap(({ type, name, arguments: written, input }) =>
    type === 'function_call' || type === 'custom_tool_call'
      ? [{ name: stringOf(name) ?? '', arguments: stringOf(written) ?? stringOf(input) ?? '' }]
      : [],
  );
  const finishReason =
    status === 'incomplete' ? incompleteReason(fields(details)) : toolCalls.length > 0 ? 'tool_calls' : 'stop';
  return {
    text: contents.map(({ type, text }) => (type === 'output_text' ? (stringOf(text) ?? '') : '')).join(''),
    finishReason,
    refused: finishReason === 'content_filter' || contents.some(({ type }) => type === 'refusal'),
    toolCalls,
    body,
  };
}

/** The reason as a chat completion's `finish_reason`. */
function incompleteReason({ reason }: Fields): string | undefined {
  return reason === 'max_output_tokens' ? 'length' : stringOf(reason);
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
