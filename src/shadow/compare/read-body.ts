/** What a whole body says. */

import type { Surface } from '../../domain/call.ts';
import type { ReadAnswer, ReadToolCall } from '../../domain/shadow.ts';
import { fields, type Fields } from '../../domain/json.ts';

/** Never throws: what is not there is empty. */
export function readBody(surface: Surface, body: unknown): ReadAnswer {
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
  const finishReason = status === 'incomplete' ? cutBy(fields(details)) : toolCalls.length > 0 ? 'tool_calls' : 'stop';
  return {
    text: contents.map(({ type, text }) => (type === 'output_text' ? (stringOf(text) ?? '') : '')).join(''),
    finishReason,
    refused: finishReason === 'content_filter' || contents.some(({ type }) => type === 'refusal'),
    toolCalls,
    body,
  };
}

/** In the words of chat completions. */
function cutBy({ reason }: Fields): string | undefined {
  return reason === 'max_output_tokens' ? 'length' : stringOf(reason);
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
