/** What the spans say of an answer: its id, why it ended and, if content is captured, its text. */

import type { AttemptReader } from '../index.ts';
import { fields } from '../domain/json.ts';
import { type Message, outputMessages } from './content.ts';

/** No text longer than this is kept of a stream, in characters. An attribute holds as much. */
const MAX_CHARACTERS = 16_384;
/** More choices or tool calls than any answer has. */
const MAX_PARTS = 128;

export class AnswerFacts implements AttemptReader {
  id: string | undefined;
  readonly #captures: boolean;
  readonly #finishReasons = new Map<number, string>();
  #messages: readonly Message[] = [];
  readonly #streamed = new Map<number, StreamedChoice>();

  /** @param captures whether the text is kept */
  constructor(captures: boolean) {
    this.#captures = captures;
  }

  get finishReasons(): string[] {
    return [...this.#finishReasons.values()];
  }

  /** Empty unless the text is kept. */
  get messages(): readonly Message[] {
    if (this.#streamed.size === 0) return this.#messages;
    return [...this.#streamed].map(([index, choice]) => choice.message(this.#finishReasons.get(index)));
  }

  chunk(chunk: unknown): void {
    const { type, response } = fields(chunk);
    // The last event of the Responses API holds the whole answer.
    if (typeof type === 'string' && /^response\.(completed|incomplete|failed)$/.test(type)) return this.body(response);
    if (typeof type === 'string') return;
    this.#read(chunk, ({ index, text, delta }) => {
      let choice = this.#streamed.get(index);
      if (!choice && this.#streamed.size < MAX_PARTS) this.#streamed.set(index, (choice = new StreamedChoice()));
      choice?.add(typeof text === 'string' ? { content: text } : fields(delta));
    });
  }

  body(body: unknown): void {
    this.#read(body);
    const { status, incomplete_details: incomplete } = fields(body);
    const { reason } = fields(incomplete);
    const ended = typeof reason === 'string' ? reason : status;
    if (typeof ended === 'string' && this.#finishReasons.size === 0) this.#finishReasons.set(0, ended);
    if (this.#captures) this.#messages = outputMessages(body);
  }

  #read(part: unknown, streamed?: (choice: { index: number; text: unknown; delta: unknown }) => void): void {
    const { id, choices } = fields(part);
    if (typeof id === 'string' && id !== '') this.id ??= id;
    if (!Array.isArray(choices)) return;
    for (const choice of choices) {
      const { index = 0, finish_reason: reason, text, delta } = fields(choice);
      if (typeof index !== 'number' || this.#finishReasons.size >= MAX_PARTS) continue;
      if (typeof reason === 'string' && reason !== '') this.#finishReasons.set(index, reason);
      if (this.#captures) streamed?.({ index, text, delta });
    }
  }
}

/** A choice of a stream, joined up to a bound. */
class StreamedChoice {
  #text = '';
  readonly #calls = new Map<number, { id: unknown; name: unknown; arguments: string }>();

  add({ content, tool_calls: calls }: Readonly<Record<string, unknown>>): void {
    if (typeof content === 'string') this.#text = joined(this.#text, content);
    if (!Array.isArray(calls)) return;
    for (const part of calls) {
      const { index = 0, id, function: called } = fields(part);
      if (typeof index !== 'number' || (!this.#calls.has(index) && this.#calls.size >= MAX_PARTS)) continue;
      const { name, arguments: args } = fields(called);
      const call = this.#calls.get(index) ?? { id, name, arguments: '' };
      if (typeof args === 'string') call.arguments = joined(call.arguments, args);
      this.#calls.set(index, call);
    }
  }

  message(finishReason: string | undefined): Message {
    const text = this.#text === '' ? [] : [{ type: 'text', content: this.#text }];
    const calls = [...this.#calls.values()].map((call) => ({ type: 'tool_call', ...call }));
    return {
      role: 'assistant',
      parts: [...text, ...calls],
      ...(finishReason !== undefined && { finish_reason: finishReason }),
    };
  }
}

function joined(text: string, more: string): string {
  return text.length >= MAX_CHARACTERS ? text : (text + more).slice(0, MAX_CHARACTERS);
}
