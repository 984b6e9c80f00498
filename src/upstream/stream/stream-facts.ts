/** Collects facts from the chunks of a stream: whether it has content, whether it is complete, and its usage. */

import type { Surface } from '../../domain/call.ts';
import { fields } from '../../domain/json.ts';
import type { Usage } from '../../domain/usage.ts';
import { reportedCostOf, usageOf } from '../../pricing/usage.ts';
import { hasBrokenToolArguments, isBroken } from '../answer-body.ts';
import { argumentsOf, bearsContent, nonTextOutput, hasNonTextOutput } from './delta.ts';

/** The facts of the chunks so far. */
export abstract class StreamFacts {
  /** A chunk had text, a tool call, a refusal, reasoning or audio. */
  hasContent = false;
  /** Every choice has its `finish_reason`, or the provider sent the final usage, or the response is complete. */
  complete = false;
  /** The provider reported a failure in a form for which the SDK throws no error. */
  failed = false;
  /** A content filter cut the answer off. */
  filtered = false;
  /** The error in a failed response. */
  error: unknown = undefined;
  /** The text of the first choice so far. */
  text = '';
  /** Everything the model wrote so far, in all choices: text, refusals, reasoning, names and arguments of tool calls. */
  output = '';
  /** The arguments of a tool call cannot be parsed. Set when the stream is complete. */
  brokenToolArguments = false;
  /** The last usage that was read. */
  usage: Usage | undefined = undefined;
  reportedUsd: number | undefined = undefined;
  model: string | undefined = undefined;
  /** The id of a Responses API response. */
  responseId: string | undefined = undefined;

  /** Called once for each chunk. */
  abstract see(chunk: unknown): void;

  /** Reads the usage of a chunk, and returns whether it has one. */
  protected seeUsage(surface: Surface, chunk: unknown): boolean {
    const usage = usageOf(surface, chunk);
    if (!usage) return false;
    this.usage = usage;
    this.reportedUsd = reportedCostOf(chunk) ?? this.reportedUsd;
    return true;
  }
}

/** Whether a chunk has only usage, as `stream_options.include_usage` adds it: `{ choices: [], usage }`. */
export function isUsageChunk(chunk: unknown): boolean {
  const { choices, usage } = fields(chunk);
  return Array.isArray(choices) && choices.length === 0 && usage !== undefined && usage !== null;
}

export function createStreamFacts(surface: Surface): StreamFacts {
  return surface === 'responses' ? new ResponseFacts() : new ChoiceFacts(surface);
}

/** Chat and legacy completions: chunks with choices. */
class ChoiceFacts extends StreamFacts {
  readonly #surface: Surface;
  /** Indices of choices that have begun and not finished. Usually there is one. */
  readonly #unfinished: unknown[] = [];
  /** Indices of finished choices. OpenRouter repeats a finished choice in the chunk with the usage. */
  readonly #finished: unknown[] = [];
  #hasFinalUsage = false;
  /** The arguments received so far, by choice and call. */
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
    if (this.seeUsage(this.#surface, chunk) && this.#isFinalUsage(listed)) this.#hasFinalUsage = true;
    this.complete = this.#hasFinalUsage || (this.#finished.length > 0 && this.#unfinished.length === 0);
  }

  /**
   * Whether usage beside these choices is the final one. Snowflake and OpenAI's audio models send no `finish_reason`, and LiteLLM
   * sends it for one choice of several. Other providers send usage with each piece of the answer.
   */
  #isFinalUsage(choices: readonly unknown[]): boolean {
    if (choices.length === 0) return this.#unfinished.length > 0;
    return this.#finished.length > 0 && !choices.some(bearsContent);
  }

  #seeNonText(choiceIndex: unknown, delta: unknown): void {
    this.output += nonTextOutput(delta);
    for (const { call, text } of argumentsOf(delta)) {
      const key = `${String(choiceIndex)}:${String(call)}`;
      this.#toolArguments ??= new Map();
      this.#toolArguments.set(key, (this.#toolArguments.get(key) ?? '') + text);
    }
  }

  #checkTools(): void {
    if (this.#toolArguments) this.brokenToolArguments = [...this.#toolArguments.values()].some(isBroken);
  }

  #seeChoice(choice: unknown): void {
    const { index, delta, text, finish_reason: finishReason } = fields(choice);
    if (!this.hasContent) this.hasContent = bearsContent(choice);
    const written = text ?? fields(delta).content;
    if (typeof written === 'string') {
      this.output += written;
      if (index === 0 || index === undefined) this.text += written;
    }
    if (!written && hasNonTextOutput(delta)) this.#seeNonText(index, delta);
    if (finishReason === undefined || finishReason === null) {
      if (!this.#unfinished.includes(index) && !this.#finished.includes(index)) this.#unfinished.push(index);
      return;
    }
    // With any other reason the arguments were cut or filtered, which is not the model's fault.
    if (finishReason === 'tool_calls' || finishReason === 'stop') this.#checkTools();
    const position = this.#unfinished.indexOf(index);
    if (position >= 0) this.#unfinished.splice(position, 1);
    if (!this.#finished.includes(index)) this.#finished.push(index);
    if (finishReason === 'error') this.failed = true;
    if (finishReason === 'content_filter') this.filtered = true;
  }
}

/** The Responses API: events with a type. */
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
