/** Collects facts from the chunks of a stream: whether it has content, whether it is complete, and its usage. */

import type { Surface } from '../../domain/call.ts';
import { fields } from '../../domain/json.ts';
import type { ServiceTier, Usage } from '../../domain/usage.ts';
import { tierNamed } from '../../pricing/usage-extras.ts';
import { reportedCostOf, usageOf } from '../../pricing/usage.ts';
import { hasBrokenToolArguments, isBroken } from '../answer-body.ts';
import { argumentsOf, bearsContent, nonTextOutput, hasNonTextOutput } from './delta.ts';

/** The facts of the chunks so far. */
export abstract class StreamFacts {
  /** A choice, or a response, has begun. */
  hasBegun = false;
  /** A sign of an answer: text, a tool call, a refusal, reasoning, audio, an image; an event of a response other than its beginning. */
  hasContent = false;
  /** Every choice that has begun has its `finish_reason`, or the response is complete. Content after that reopens a choice. */
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
  /** The service tier that was named last, if it is not the standard tier. */
  serviceTier: ServiceTier | undefined = undefined;
  reportedUsd: number | undefined = undefined;
  model: string | undefined = undefined;
  /** The id of a Responses API response. */
  responseId: string | undefined = undefined;

  /** Called once for each chunk. */
  abstract see(chunk: unknown): void;

  /** Every choice that was requested has finished, so the stream may end with silence. */
  abstract get mayEnd(): boolean;

  protected seeUsage(surface: Surface, chunk: unknown): void {
    const usage = usageOf(surface, chunk);
    if (!usage) return;
    const { serviceTier = this.serviceTier } = usage;
    this.usage = serviceTier === usage.serviceTier ? usage : { ...usage, serviceTier };
    this.reportedUsd = reportedCostOf(chunk) ?? this.reportedUsd;
  }
}

/** Whether a chunk has only usage, as `stream_options.include_usage` adds it: `{ choices: [], usage }`. */
export function isUsageChunk(chunk: unknown): boolean {
  const { choices, usage } = fields(chunk);
  return Array.isArray(choices) && choices.length === 0 && usage !== undefined && usage !== null;
}

/** `body` is that of the request. */
export function createStreamFacts(surface: Surface, body?: unknown): StreamFacts {
  return surface === 'responses' ? new ResponseFacts() : new ChoiceFacts(surface, body);
}

/** How many choices a request asks for: `n` for each of its prompts. */
function choicesIn(body: unknown): number {
  const { n, prompt } = fields(body);
  const isList = Array.isArray(prompt) && prompt.length > 0 && typeof prompt[0] !== 'number';
  return (typeof n === 'number' ? n : 1) * (isList ? prompt.length : 1);
}

/** Chat and legacy completions: chunks with choices. */
class ChoiceFacts extends StreamFacts {
  readonly #surface: Surface;
  /** How many choices were requested. */
  readonly #requested: number;
  /** Indices of choices that have begun and not finished. Usually there is one. */
  readonly #unfinished: unknown[] = [];
  /** Indices of finished choices. OpenRouter repeats a finished choice, without content, in the chunk with the usage. */
  readonly #finished: unknown[] = [];
  /** The arguments received so far, by choice and call. */
  #toolArguments: Map<string, string> | undefined;

  constructor(surface: Surface, body: unknown) {
    super();
    this.#surface = surface;
    this.#requested = choicesIn(body);
  }

  get mayEnd(): boolean {
    return this.complete && this.#finished.length >= this.#requested;
  }

  see(chunk: unknown): void {
    const { choices, model, error, service_tier } = fields(chunk);
    // The SDK throws for it. A raw stream passes it on.
    if (error) [this.failed, this.error] = [true, error];
    if (this.model === undefined && typeof model === 'string') this.model = model;
    if (service_tier) this.serviceTier = tierNamed(service_tier);
    const listed: readonly unknown[] = Array.isArray(choices) ? choices : [];
    for (const choice of listed) this.#seeChoice(choice);
    this.seeUsage(this.#surface, chunk);
    this.complete = this.#finished.length > 0 && this.#unfinished.length === 0;
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
    this.hasBegun = true;
    const hasContent = bearsContent(choice);
    this.hasContent ||= hasContent;
    const written = text ?? fields(delta).content;
    if (typeof written === 'string') {
      this.output += written;
      if (index === 0 || index === undefined) this.text += written;
    }
    if (!written && hasNonTextOutput(delta)) this.#seeNonText(index, delta);
    // Some servers send an empty reason with each piece of the answer.
    if (finishReason === undefined || finishReason === null || finishReason === '')
      this.#seeUnfinished(index, hasContent);
    else this.#seeFinish(index, finishReason);
  }

  #seeUnfinished(index: unknown, hasContent: boolean): void {
    const position = this.#finished.indexOf(index);
    if (position >= 0) {
      if (!hasContent) return;
      this.#finished.splice(position, 1);
    }
    if (!this.#unfinished.includes(index)) this.#unfinished.push(index);
  }

  #seeFinish(index: unknown, finishReason: unknown): void {
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
  get mayEnd(): boolean {
    return this.complete || this.failed;
  }

  see(chunk: unknown): void {
    const { type, response, delta } = fields(chunk);
    if (typeof type !== 'string') return;
    this.hasBegun = true;
    if (type === 'error') this.failed = true;
    if (typeof delta === 'string') this.output += delta;
    if (type === 'response.output_text.delta' && typeof delta === 'string') this.text += delta;
    if (!this.hasContent) this.hasContent = isSignOfAnswer(type, response);
    if (response === undefined) return;
    const { id, model, error, incomplete_details, service_tier } = fields(response);
    if (service_tier) this.serviceTier = tierNamed(service_tier);
    if (typeof id === 'string') this.responseId = id;
    if (typeof model === 'string') this.model = model;
    if (type === 'response.completed' || type === 'response.incomplete') this.complete = true;
    if (type === 'response.incomplete') this.filtered = isFilteredBy(incomplete_details);
    if (type === 'response.failed') [this.failed, this.error] = [true, error];
    if (type === 'response.completed') this.brokenToolArguments = hasBrokenToolArguments('responses', response);
    this.seeUsage('responses', chunk);
  }
}

/** Whether an event shows that an answer has begun. A failure and a filtered answer are results that another upstream may better. */
function isSignOfAnswer(type: string, response: unknown): boolean {
  if (type === 'response.incomplete') return !isFilteredBy(fields(response).incomplete_details);
  return !NO_ANSWER.has(type);
}

function isFilteredBy(incompleteDetails: unknown): boolean {
  return fields(incompleteDetails).reason === 'content_filter';
}

const NO_ANSWER: ReadonlySet<string> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.failed',
  'error',
  // Sent by some servers while nothing happens.
  'keepalive',
  'ping',
]);
