/** What the chunks of a stream say about it: whether it has content, whether it is complete, what it used. */

import type { Surface } from '../../domain/call.ts';
import { fields } from '../../domain/json.ts';
import type { Usage } from '../../domain/usage.ts';
import { reportedCostOf, usageOf } from '../../pricing/usage.ts';
import { hasBrokenToolArguments, isBroken } from '../answer-body.ts';
import { argumentsOf, bearsContent, nonTextOutput, hasNonTextOutput } from './delta.ts';

/** The facts so far. */
export abstract class StreamFacts {
  /** A chunk bore text, a tool call, a refusal, reasoning or audio. */
  hasContent = false;
  /**
   * The provider said that it is done: every choice has its `finish_reason`, or the tokens of all are counted, or the response
   * is complete.
   */
  complete = false;
  /** The provider said that it failed, without an error that the SDK would throw. */
  failed = false;
  /** The provider cut the answer off for its content. */
  filtered = false;
  /** What a provider that failed said of it. */
  error: unknown = undefined;
  /** The text so far, of the first choice. */
  text = '';
  /** All that the model has written, of every choice: text, refusals, reasoning, arguments of tools. */
  output = '';
  /** A function is to be called with arguments that cannot be read; known when the stream is complete. */
  brokenToolArguments = false;
  /** The last usage that was not null. */
  usage: Usage | undefined = undefined;
  reportedUsd: number | undefined = undefined;
  model: string | undefined = undefined;
  /** The id of a Responses API response. */
  responseId: string | undefined = undefined;

  /** Called once a chunk. */
  abstract see(chunk: unknown): void;

  /** Whether the chunk tells a usage. */
  protected seeUsage(surface: Surface, chunk: unknown): boolean {
    const usage = usageOf(surface, chunk);
    if (!usage) return false;
    this.usage = usage;
    this.reportedUsd = reportedCostOf(chunk) ?? this.reportedUsd;
    return true;
  }
}

/** A chunk that holds nothing but usage, as `stream_options.include_usage` adds it: `{ choices: [], usage }`. */
export function isUsageChunk(chunk: unknown): boolean {
  const { choices, usage } = fields(chunk);
  return Array.isArray(choices) && choices.length === 0 && usage !== undefined && usage !== null;
}

/** Chooses how the chunks of a stream are read. */
export function createStreamFacts(surface: Surface): StreamFacts {
  return surface === 'responses' ? new ResponseFacts() : new ChoiceFacts(surface);
}

/* PART: The facts of a stream of chunks with choices. */

/** Chat and legacy completions: chunks with choices. */
class ChoiceFacts extends StreamFacts {
  readonly #surface: Surface;
  /** Indices of choices that have begun and not finished: one, most of the time. */
  readonly #unfinished: unknown[] = [];
  /** A choice may still be mentioned after its `finish_reason`, as OpenRouter does beside the usage. */
  readonly #finished: unknown[] = [];
  #counted = false;
  /** By choice and call, as far as they have come. */
  #toolArguments: Map<string, string> | undefined;

  constructor(surface: Surface) {
    super();
    this.#surface = surface;
  }

  see(chunk: unknown): void {
    const { choices, model } = fields(chunk);
    if (this.model === undefined && typeof model === 'string') this.model = model;
    const listed: readonly unknown[] = Array.isArray(choices) ? choices : [];
    for (const choice of listed) this.#seeChoice(choice);
    if (this.seeUsage(this.#surface, chunk) && this.#endsWith(listed)) this.#counted = true;
    this.complete = this.#counted || (this.#finished.length > 0 && this.#unfinished.length === 0);
  }

  /**
   * Whether usage beside these choices is the sum at the end. Snowflake and OpenAI's audio models give no `finish_reason`,
   * LiteLLM gives it for one choice of several; other providers send a usage with each piece of the answer.
   */
  #endsWith(choices: readonly unknown[]): boolean {
    if (choices.length === 0) return this.#unfinished.length > 0;
    return this.#finished.length > 0 && !choices.some(bearsContent);
  }

  #seeOther(choiceIndex: unknown, delta: unknown): void {
    this.output += nonTextOutput(delta);
    for (const { call, words } of argumentsOf(delta)) {
      const key = `${String(choiceIndex)}:${String(call)}`;
      this.#toolArguments ??= new Map();
      this.#toolArguments.set(key, (this.#toolArguments.get(key) ?? '') + words);
    }
  }

  #judgeTools(): void {
    if (this.#toolArguments) this.brokenToolArguments = [...this.#toolArguments.values()].some(isBroken);
  }

  #seeChoice(choice: unknown): void {
    const { index, delta, text, finish_reason: finishReason } = fields(choice);
    if (!this.hasContent) this.hasContent = bearsContent(choice);
    const words = text ?? fields(delta).content;
    if (typeof words === 'string') {
      this.output += words;
      if (index === 0 || index === undefined) this.text += words;
    }
    if (!words && hasNonTextOutput(delta)) this.#seeOther(index, delta);
    if (finishReason === undefined || finishReason === null) {
      if (!this.#unfinished.includes(index) && !this.#finished.includes(index)) this.#unfinished.push(index);
      return;
    }
    // Arguments that were cut or filtered are not the model's fault.
    if (finishReason === 'tool_calls' || finishReason === 'stop') this.#judgeTools();
    const place = this.#unfinished.indexOf(index);
    if (place >= 0) this.#unfinished.splice(place, 1);
    if (!this.#finished.includes(index)) this.#finished.push(index);
    if (finishReason === 'error') this.failed = true;
    if (finishReason === 'content_filter') this.filtered = true;
  }
}

/* PART: The facts of a stream of named events. */

/** The Responses API: named events. */
class ResponseFacts extends StreamFacts {
  see(chunk: unknown): void {
    const { type, response, delta } = fields(chunk);
    if (typeof type !== 'string') return;
    if (!this.hasContent) this.hasContent = type.endsWith('.delta');
    if (typeof delta === 'string') this.output += delta;
    if (type === 'response.output_text.delta' && typeof delta === 'string') this.text += delta;
    if (response === undefined) return;
    const { id, model, error, incomplete_details } = fields(response);
    if (typeof id === 'string') this.responseId = id;
    if (typeof model === 'string') this.model = model;
    if (type === 'response.completed' || type === 'response.incomplete') this.complete = true;
    if (type === 'response.incomplete') this.filtered = fields(incomplete_details).reason === 'content_filter';
    if (type === 'response.failed') [this.failed, this.error] = [true, error];
    if (type === 'response.completed') this.brokenToolArguments = hasBrokenToolArguments('responses', response);
    this.seeUsage('responses', chunk);
  }
}
