/** Reads the deltas of a streamed answer. */

import { fields } from '../../domain/json.ts';

/** Whether a choice of a chunk has text, a tool call, a refusal, reasoning, audio or an image. */
export function bearsContent(choice: unknown): boolean {
  const { delta, text } = fields(choice);
  if (typeof text === 'string' && text !== '') return true;
  const known = fields(delta);
  // Iterates over the few fields of the delta. Looking up every possible field would be the most expensive part of a chunk.
  for (const name in known) if (CONTENT_FIELDS.has(name) && isFilled(known[name])) return true;
  return false;
}

function isFilled(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== undefined && value !== null && value !== '';
}

/** Whether a delta has fields other than its role and text. */
export function hasNonTextOutput(delta: unknown): boolean {
  for (const name in fields(delta)) if (name !== 'role' && name !== 'content') return true;
  return false;
}

/** What the model wrote in a delta other than text: refusal, reasoning, names and arguments of tool calls. */
export function nonTextOutput(delta: unknown): string {
  const { refusal, reasoning_content, reasoning, tool_calls, function_call } = fields(delta);
  const calls = Array.isArray(tool_calls) ? tool_calls.map((call: unknown) => fields(call).function) : [];
  const written = [refusal, reasoning_content ?? reasoning];
  for (const called of [...calls, function_call]) written.push(fields(called).name, fields(called).arguments);
  return written.filter((part) => typeof part === 'string').join('');
}

/** The pieces of tool arguments in a delta, by call. */
export function argumentsOf(delta: unknown): readonly { readonly call: unknown; readonly text: string }[] {
  const { tool_calls, function_call } = fields(delta);
  if (!tool_calls && !function_call) return [];
  const calls: readonly unknown[] = Array.isArray(tool_calls) ? tool_calls : [];
  const pieces = calls.map((call) => ({ call: fields(call).index, text: fields(fields(call).function).arguments }));
  pieces.push({ call: 'function_call', text: fields(function_call).arguments });
  return pieces.flatMap(({ call, text }) => (typeof text === 'string' ? [{ call, text }] : []));
}

const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  'content',
  'tool_calls',
  'refusal',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  'thinking_blocks',
  'audio',
  'images',
  'function_call',
]);
