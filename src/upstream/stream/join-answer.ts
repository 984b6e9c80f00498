/** Joins the chunks of a stream to the answer that the same call would get without streaming. */

import type { Surface } from '../../domain/call.ts';
import { type Fields, fields, isRecord } from '../../domain/json.ts';
import type { AnswerReader } from '../attempt-types.ts';

type Draft = Record<string, unknown>;

/** Reads one answer, from a body or a stream. */
export class JoinedAnswer implements AnswerReader {
  readonly #surface: Surface;
  #head: Draft = {};
  readonly #choices = new Map<unknown, Draft>();
  /** The finished output items of a response. Some servers leave them out of the last event. */
  readonly #items: unknown[] = [];
  #whole: unknown;

  constructor(surface: Surface) {
    this.#surface = surface;
  }

  body(body: unknown): void {
    this.#whole = this.#surface === 'responses' ? withOutputText(body) : body;
  }

  chunk(chunk: unknown): void {
    if (this.#surface === 'responses') return this.#event(fields(chunk));
    const { choices, usage, ...rest } = fields(chunk);
    this.#head = { ...rest, ...this.#head };
    if (isRecord(usage)) this.#head['usage'] = usage;
    if (Array.isArray(choices)) for (const choice of choices) this.#choice(fields(choice));
  }

  get answer(): unknown {
    if (this.#whole !== undefined) return this.#whole;
    const object = this.#surface === 'completions' ? 'text_completion' : 'chat.completion';
    return { ...this.#head, object, choices: [...this.#choices.values()] };
  }

  #choice({ index = 0, delta, text, logprobs, ...rest }: Fields): void {
    let choice = this.#choices.get(index);
    if (!choice) {
      choice = this.#surface === 'completions' ? { index, text: '' } : { index, message: { content: null } };
      this.#choices.set(index, choice);
    }
    for (const [name, value] of Object.entries(rest)) if (value !== null) choice[name] = value;
    if (typeof text === 'string') choice['text'] = `${textOf(choice['text'])}${text}`;
    if (isRecord(logprobs)) join(choice, { logprobs });
    if (isRecord(choice['message'])) join(choice['message'], fields(delta));
  }

  #event({ type, response, item }: Fields): void {
    if (type === 'response.output_item.done') this.#items.push(item);
    if (response === undefined || typeof type !== 'string' || !END_EVENTS.has(type)) return;
    const { output } = fields(response);
    const isLeftOut = !Array.isArray(output) || output.length === 0;
    this.body(isLeftOut ? { ...fields(response), output: this.#items } : response);
  }
}

/** Events of the Responses API that end an answer. */
const END_EVENTS: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete']);

/** Names and ids arrive whole; all other text arrives in pieces. */
const WHOLE_FIELDS: ReadonlySet<string> = new Set(['role', 'type', 'id', 'name']);

/** Adds a delta to what was received before it. Lists have an index in each entry, or are appended. */
function join(draft: Draft, delta: Fields): void {
  for (const [name, value] of Object.entries(delta)) {
    const known = draft[name];
    if (value === null || value === undefined) draft[name] ??= null;
    else if (Array.isArray(value)) draft[name] = joinLists(Array.isArray(known) ? (known as unknown[]) : [], value);
    else if (isRecord(value)) join((draft[name] = isRecord(known) ? { ...known } : {}), value);
    else if (typeof value === 'string' && typeof known === 'string' && !WHOLE_FIELDS.has(name))
      draft[name] = known + value;
    else draft[name] = value;
  }
}

function joinLists(known: readonly unknown[], pieces: readonly unknown[]): readonly unknown[] {
  const list = [...known];
  for (const piece of pieces) {
    const { index, ...rest } = fields(piece);
    const entry = typeof index === 'number' ? list.find((each) => fields(each)['index'] === index) : undefined;
    if (isRecord(entry)) join(entry, rest);
    else
      list.push(
        isRecord(piece)
          ? { ...piece, ...(isRecord(rest['function']) && { function: { ...rest['function'] } }) }
          : piece,
      );
  }
  return list;
}

/** The SDK adds `output_text` after the answer has been checked. */
function withOutputText(response: unknown): unknown {
  if (!isRecord(response) || response['output_text'] !== undefined || !Array.isArray(response['output']))
    return response;
  const contents = response['output'].flatMap((item: unknown) => {
    const { type, content } = fields(item);
    return type === 'message' && Array.isArray(content) ? (content as unknown[]).map(fields) : [];
  });
  const text = contents.map((part) => (part['type'] === 'output_text' ? textOf(part['text']) : ''));
  return { ...response, output_text: text.join('') };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
