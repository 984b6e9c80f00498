/** Whether an answer is complete: an answer that was cut off, filtered or left empty is not given again. */

import type { Surface } from '../domain/call.ts';
import { type Fields, fields } from '../domain/json.ts';

/** Ends of an answer that the model chose itself. Some providers send an empty one, or none. */
const WHOLE_ENDS: ReadonlySet<unknown> = new Set([
  'stop',
  'tool_calls',
  'function_call',
  'eos',
  'eos_token',
  'stop_sequence',
  'end_turn',
  '',
  null,
  undefined,
]);

/** Whether a whole body is a complete answer with content. */
export function isComplete(surface: Surface, body: unknown): boolean {
  const { choices, data, results, status, output } = fields(body);
  switch (surface) {
    case 'chat':
    case 'completions':
      return listOf(choices).length > 0 && listOf(choices).every(isWholeChoice);
    case 'responses':
      return (status === 'completed' || status === undefined) && listOf(output).some(hasOutput);
    case 'embeddings':
      return listOf(data).length > 0;
    case 'moderations':
      return listOf(results).length > 0;
    case 'other':
      return false;
    default:
      return surface satisfies never;
  }
}

/** Sees the chunks of a stream, and knows at its end whether the answer is complete. */
export class CompletenessCheck {
  readonly #surface: Surface;
  /** By the index of the choice: whether it has content, and how it ended. */
  readonly #choices = new Map<unknown, { hasContent: boolean; end: unknown }>();
  #isResponseComplete = false;
  #hasOutput = false;

  constructor(surface: Surface) {
    this.#surface = surface;
  }

  see(chunk: unknown): void {
    const { choices } = fields(chunk);
    if (this.#surface === 'responses') return this.#seeEvent(fields(chunk));
    for (const choice of listOf(choices)) {
      const { index, delta, text, finish_reason: end } = fields(choice);
      let seen = this.#choices.get(index);
      if (!seen) this.#choices.set(index, (seen = { hasContent: false, end: undefined }));
      if (isText(text) || hasContent(fields(delta))) seen.hasContent = true;
      seen.end = end ?? seen.end;
    }
  }

  /** Some servers leave the output out of the last event, so the events before it count as well. */
  #seeEvent({ type, response, delta, item }: Fields): void {
    if (isText(delta) && CONTENT_EVENTS.has(type)) this.#hasOutput = true;
    if (type === 'response.output_item.done' && hasOutput(item)) this.#hasOutput = true;
    if (type !== 'response.completed') return;
    const { status, output } = fields(response);
    const hasAny = this.#hasOutput || listOf(output).some(hasOutput);
    this.#isResponseComplete = (status === 'completed' || status === undefined) && hasAny;
  }

  get isComplete(): boolean {
    if (this.#surface === 'responses') return this.#isResponseComplete;
    const choices = [...this.#choices.values()];
    return choices.length > 0 && choices.every(({ hasContent: has, end }) => has && WHOLE_ENDS.has(end));
  }
}

const CONTENT_EVENTS: ReadonlySet<unknown> = new Set(['response.output_text.delta', 'response.refusal.delta']);

function isWholeChoice(choice: unknown): boolean {
  const { message, text, finish_reason: end } = fields(choice);
  return WHOLE_ENDS.has(end) && (isText(text) || hasContent(fields(message)));
}

/** A refusal is the model's answer. Reasoning without an answer is not. */
function hasContent({ content, refusal, tool_calls: calls, function_call: call, audio }: Fields): boolean {
  if (isText(content) || isText(refusal) || listOf(calls).length > 0) return true;
  return Boolean(call) || Boolean(audio) || listOf(content).length > 0;
}

/** Reasoning without a message or a call is no answer. */
function hasOutput(item: unknown): boolean {
  const { type, content } = fields(item);
  if (type === 'reasoning') return false;
  if (type !== 'message') return true;
  return listOf(content).some((part) => {
    const { text, refusal } = fields(part);
    return isText(text) || isText(refusal);
  });
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
