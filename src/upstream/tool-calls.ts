/** The functions that an answer wants called, wherever the surface puts them. */

import type { Surface } from '../domain/call.ts';
import { type Fields, fields } from '../domain/json.ts';

/** A wanted call; tools that take free text instead of arguments are left out. */
export interface ToolCall {
  /** As the provider sent them: JSON in a string, if all is well. */
  readonly arguments: unknown;
}

/** The calls in a whole body whose answer ended by itself: not cut by a limit, not filtered. Never throws. */
export function toolCallsOf(surface: Surface, data: unknown): readonly ToolCall[] {
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

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
