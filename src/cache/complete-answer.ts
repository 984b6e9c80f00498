/** Whether an answer is complete: an answer that was cut off, filtered or left empty is not given again. */

import type { Surface } from '../domain/call.ts';
import { type Fields, fields } from '../domain/json.ts';
import { choiceHasContent, isText, itemHasOutput, messageHasContent } from '../upstream/empty-answer.ts';

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
      return (status === 'completed' || status === undefined) && listOf(output).some(itemHasOutput);
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
      if (isText(text) || messageHasContent(fields(delta))) seen.hasContent = true;
      seen.end = end ?? seen.end;
    }
  }

  /** Some servers leave the output out of the last event, so the events before it count as well. */
  #seeEvent({ type, response, delta, item }: Fields): void {
    if (isText(delta) && CONTENT_EVENTS.has(type)) this.#hasOutput = true;
    if (type === 'response.output_item.done' && itemHasOutput(item)) this.#hasOutput = true;
    if (type !== 'response.completed') return;
    const { status, output } = fields(response);
    const hasAny = this.#hasOutput || listOf(output).some(itemHasOutput);
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
  return WHOLE_ENDS.has(fields(choice).finish_reason) && choiceHasContent(choice);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
