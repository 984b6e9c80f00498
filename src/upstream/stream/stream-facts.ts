/** What the chunks of a stream say about it: whether it has content, whether it is complete, what it used. */

import type { Surface } from '../../domain/call.ts';
import { fields } from '../../domain/json.ts';
import type { Usage } from '../../domain/usage.ts';
import { reportedCostOf } from '../../pricing/reported-cost.ts';
import { usageOf } from '../../pricing/usage.ts';

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
