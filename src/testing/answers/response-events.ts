/** The events of a Responses stream, in the order in which OpenAI sends them. */

import { pieces } from './generation.ts';
import type { Generation } from './generation.ts';
import type { OutputItem, ResponseObject } from './response-object.ts';
import { sseEvent } from './sse.ts';

/** The numbered and encoded events from `response.created` to `response.completed` or `response.incomplete`. */
export function responseEvents(whole: ResponseObject, { text }: Generation): string[] {
  const started = { ...whole, status: 'in_progress', incomplete_details: null, output: [], usage: null };
  const events: ResponseEvent[] = [
    { type: 'response.created', response: started },
    { type: 'response.in_progress', response: started },
    ...whole.output.flatMap((item, index) => itemEvents(item, index, text)),
    { type: `response.${whole.status}`, response: whole },
  ];
  return events.map((event, index) => sseEvent(event.type, { ...event, sequence_number: index }));
}

interface ResponseEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

function itemEvents(item: OutputItem, outputIndex: number, text: string): ResponseEvent[] {
  const empty = item.type === 'message' ? { content: [] } : { arguments: '' };
  const inside = item.type === 'message' ? textEvents(item.id, outputIndex, text) : argumentEvents(item, outputIndex);
  return [
    {
      type: 'response.output_item.added',
      output_index: outputIndex,
      item: { ...item, ...empty, status: 'in_progress' },
    },
    ...inside,
    { type: 'response.output_item.done', output_index: outputIndex, item },
  ];
}

function textEvents(itemId: string, outputIndex: number, text: string): ResponseEvent[] {
  const at = { item_id: itemId, output_index: outputIndex, content_index: 0 };
  const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
  return [
    { type: 'response.content_part.added', ...at, part },
    ...pieces(text).map((delta) => ({ type: 'response.output_text.delta', ...at, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part: { ...part, text } },
  ];
}

function argumentEvents(
  { id, arguments: text, ...call }: OutputItem & { type: 'function_call' },
  outputIndex: number,
): ResponseEvent[] {
  const at = { item_id: id, output_index: outputIndex };
  return [
    ...pieces(text).map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
    { type: 'response.function_call_arguments.done', ...at, name: call['name'], arguments: text },
  ];
}
