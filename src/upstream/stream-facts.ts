/** What the chunks of a stream say about it: whether it has content, whether it is complete, what it used. */

import type { Surface } from '../domain/call.ts';
import type { Usage } from '../domain/usage.ts';
import { reportedCostOf } from '../pricing/reported-cost.ts';
import { usageOf } from '../pricing/usage.ts';

/** The facts so far. `see()` is called once a chunk. */
export interface StreamFacts {
  see(chunk: unknown): void;
  /** A chunk bore text, a tool call, a refusal, reasoning or audio. */
  readonly hasContent: boolean;
  /** The provider said that it is done: every choice has its `finish_reason`, or the response is complete. */
  readonly complete: boolean;
  /** The provider said that it failed, without an error that the SDK would throw. */
  readonly failed: boolean;
  /** The last usage that was not null. */
  readonly usage: Usage | undefined;
  readonly reportedUsd: number | undefined;
  readonly model: string | undefined;
  /** The id of a Responses API response. */
  readonly responseId: string | undefined;
}

export function createStreamFacts(surface: Surface): StreamFacts {
  return surface === 'responses' ? new ResponseFacts() : new ChoiceFacts(surface);
}

/** A chunk that holds nothing but usage, as `stream_options.include_usage` adds it: `{ choices: [], usage }`. */
export function isUsageChunk(chunk: unknown): boolean {
  const { choices, usage } = fields(chunk);
  return Array.isArray(choices) && choices.length === 0 && usage !== undefined && usage !== null;
}

class CommonFacts {
  hasContent = false;
  complete = false;
  failed = false;
  usage: Usage | undefined = undefined;
  reportedUsd: number | undefined = undefined;
  model: string | undefined = undefined;
  responseId: string | undefined = undefined;

  protected seeUsage(surface: Surface, chunk: unknown): void {
    const usage = usageOf(surface, chunk);
    if (!usage) return;
    this.usage = usage;
    this.reportedUsd = reportedCostOf(chunk) ?? this.reportedUsd;
  }
}

/** Chat and legacy completions: chunks with choices. */
class ChoiceFacts extends CommonFacts implements StreamFacts {
  readonly #surface: Surface;
  /** Indices of choices that have begun and not finished. */
  readonly #unfinished = new Set<unknown>();
  #finished = 0;

  constructor(surface: Surface) {
    super();
    this.#surface = surface;
  }

  see(chunk: unknown): void {
    const { choices, model } = fields(chunk);
    if (this.model === undefined && typeof model === 'string') this.model = model;
    if (Array.isArray(choices)) for (const choice of choices) this.#seeChoice(choice);
    this.complete = this.#finished > 0 && this.#unfinished.size === 0;
    this.seeUsage(this.#surface, chunk);
  }

  #seeChoice(choice: unknown): void {
    const { index, delta, text, finish_reason: finishReason } = fields(choice);
    if (!this.hasContent) this.hasContent = hasContent(delta) || (typeof text === 'string' && text !== '');
    if (finishReason === undefined || finishReason === null) {
      this.#unfinished.add(index);
      return;
    }
    this.#unfinished.delete(index);
    this.#finished += 1;
    if (finishReason === 'error') this.failed = true;
  }
}

/** The Responses API: named events. */
class ResponseFacts extends CommonFacts implements StreamFacts {
  see(chunk: unknown): void {
    const { type, response } = fields(chunk);
    if (typeof type !== 'string') return;
    if (!this.hasContent) this.hasContent = type.endsWith('.delta');
    if (response === undefined) return;
    const { id, model } = fields(response);
    if (typeof id === 'string') this.responseId = id;
    if (typeof model === 'string') this.model = model;
    if (type === 'response.completed' || type === 'response.incomplete') this.complete = true;
    if (type === 'response.failed') this.failed = true;
    this.seeUsage('responses', chunk);
  }
}

const CONTENT_FIELDS = ['content', 'tool_calls', 'refusal', 'reasoning_content', 'reasoning', 'audio', 'function_call'];

function hasContent(delta: unknown): boolean {
  const known = fields(delta);
  return CONTENT_FIELDS.some((name) => {
    const value = known[name];
    if (Array.isArray(value)) return value.length > 0;
    return value !== undefined && value !== null && value !== '';
  });
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
