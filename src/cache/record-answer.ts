/** Writes an answer down as it would come again. */

import type { AttemptRecord, CallLedger } from '../domain/attempt.ts';
import type { Surface } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import type { StreamInternals } from '../upstream/sdk/types.ts';
import { passStream } from '../upstream/stream/guard-stream.ts';
import type { StoredAnswer } from './answer-store.ts';

/** A response, without what it is about. */
export type EncodedAnswer = Pick<StoredAnswer, 'status' | 'statusText' | 'url' | 'headers' | 'body' | 'responseId'>;

const encoder = new TextEncoder();

/** A whole body, before anybody can change it. */
export function encodeBody(data: unknown, response: Response, surface: Surface): EncodedAnswer {
  // What is no JSON the SDK gives as text.
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return { ...headOf(response), body: encoder.encode(text), responseId: responseIdOf(data, surface) };
}

/** A whole stream, of its encoded events. */
function encodeEvents(events: readonly string[], response: Response, responseId: string | undefined): EncodedAnswer {
  return { ...headOf(response), body: encoder.encode(events.join('')), responseId };
}

/** One chunk as a server-sent event. */
function encodeEvent(chunk: unknown, surface: Surface): string {
  const { type } = fields(chunk);
  const name = surface === 'responses' && typeof type === 'string' ? `event: ${type}\n` : '';
  return `${name}data: ${JSON.stringify(chunk)}\n\n`;
}

/** How streams end where no event says so itself. */
function endOfEvents(surface: Surface): readonly string[] {
  return surface === 'responses' ? [] : ['data: [DONE]\n\n'];
}

/** The attempt that brought a whole answer that is worth giving again. */
export function servedBy(ledger: CallLedger | undefined): AttemptRecord | undefined {
  const served = ledger?.attempts.find(({ outcome, reason }) => outcome === 'success' && reason !== 'shadow');
  return served?.brokenToolArguments ? undefined : served;
}

export function storedAnswer(
  encoded: EncodedAnswer,
  { upstream, model, cost, stableCostUsd }: AttemptRecord,
): StoredAnswer {
  return { ...encoded, upstream, model, savedUsd: stableCostUsd ?? cost.costUsd };
}

/** The id that a response, or an event of its stream, has. */
function responseIdOf(data: unknown, surface: Surface): string | undefined {
  if (surface !== 'responses') return undefined;
  const { id, response } = fields(data);
  const named = id ?? fields(response).id;
  return typeof named === 'string' ? named : undefined;
}

function headOf({ status, statusText, url, headers }: Response): Omit<EncodedAnswer, 'body' | 'responseId'> {
  return { status, statusText, url, headers: [...headers].filter(([name]) => !isOfItsMoment(name)) };
}

/** Headers that speak of the transfer, or of a moment that will be over. */
function isOfItsMoment(name: string): boolean {
  return MOMENTARY.has(name) || name.includes('ratelimit-') || name.startsWith('retry-after');
}

const MOMENTARY: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'set-cookie',
]);

/** Writes down the chunks of a stream as they pass to their reader. */
export class EventRecorder {
  readonly #surface: Surface;
  readonly #maxLength: number;
  #events: string[] | undefined = [];
  #length = 0;
  #responseId: string | undefined;

  /** What is longer than `maxLength` is not written down. */
  constructor(surface: Surface, maxLength: number) {
    this.#surface = surface;
    this.#maxLength = maxLength;
  }

  /** Watches what the reader of `stream` reads; `onRead` is called where that was all of it. */
  record(stream: StreamInternals, onRead: () => void): void {
    passStream(stream, {
      idle: undefined,
      drains: false,
      isCommitted: () => true,
      see: (chunk) => this.#see(chunk),
      hides: () => false,
      onEnd: ({ kind }) => {
        if (kind === 'done') onRead();
      },
    });
  }

  /** All chunks, as the body of `response`. */
  whole(response: Response): EncodedAnswer | undefined {
    return this.#events && encodeEvents([...this.#events, ...endOfEvents(this.#surface)], response, this.#responseId);
  }

  /** At once: the reader may change the chunk. */
  #see(chunk: unknown): void {
    if (!this.#events) return;
    const event = encodeEvent(chunk, this.#surface);
    this.#responseId ??= responseIdOf(chunk, this.#surface);
    this.#events.push(event);
    this.#length += event.length;
    if (this.#length > this.#maxLength) this.#events = undefined;
  }
}
