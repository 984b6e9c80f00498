/** The facts of a stream of chunks with choices. */

import type { Surface } from '../../domain/call.ts';
import { fields } from '../../domain/json.ts';
import { isBroken } from '../answer-body.ts';
import { argumentsOf, bearsContent, otherOutput, writesOther } from './delta.ts';
import { StreamFacts } from './stream-facts.ts';

/** Chat and legacy completions: chunks with choices. */
export class ChoiceFacts extends StreamFacts {
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
    this.output += otherOutput(delta);
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
    if (!words && writesOther(delta)) this.#seeOther(index, delta);
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
