/** Encodes answers for replay. */

import type { AttemptRecord, CallLedger } from '../domain/attempt.ts';
import type { Surface } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import type { StreamInternals } from '../upstream/sdk/types.ts';
import { passStream } from '../upstream/stream/guard-stream.ts';
import { CompletenessCheck } from './complete-answer.ts';
import type { StoredAnswer } from './answer-store.ts';

/** An encoded response, without where it came from and what it cost. */
export type EncodedAnswer = Pick<StoredAnswer, 'status' | 'statusText' | 'url' | 'headers' | 'body' | 'responseId'>;

const encoder = new TextEncoder();

/** Encodes a whole body; called before the caller can modify it. */
export function encodeBody(data: unknown, response: Response, surface: Surface): EncodedAnswer {
  // The SDK returns a body that is not JSON as text.
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return { ...headOf(response), body: encoder.encode(text), responseId: responseIdOf(data, surface) };
}

/** Encodes a whole stream from its encoded events. */
function encodeEvents(events: readonly string[], response: Response, responseId: string | undefined): EncodedAnswer {
  return { ...headOf(response), body: encoder.encode(events.join('')), responseId };
}

/** Encodes one chunk as a server-sent event. */
function encodeEvent(chunk: unknown, surface: Surface): string {
  const { type } = fields(chunk);
  const name = surface === 'responses' && typeof type === 'string' ? `event: ${type}\n` : '';
  return `${name}data: ${JSON.stringify(chunk)}\n\n`;
}

/** The end marker of a stream; Responses API streams end with an event of their own. */
function endOfEvents(surface: Surface): readonly string[] {
  return surface === 'responses' ? [] : ['data: [DONE]\n\n'];
}

/** The attempt that produced the answer; `undefined` if the answer is not worth replaying. */
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

/** The response id in a Responses API body or event. */
function responseIdOf(data: unknown, surface: Surface): string | undefined {
  if (surface !== 'responses') return undefined;
  const { id, response } = fields(data);
  const responseId = id ?? fields(response).id;
  return typeof responseId === 'string' ? responseId : undefined;
}

function headOf({ status, statusText, url, headers }: Response): Omit<EncodedAnswer, 'body' | 'responseId'> {
  return { status, statusText, url, headers: [...headers].filter(([name]) => !isTransient(name)) };
}

/** Whether a header describes the transfer or a passing state. */
function isTransient(name: string): boolean {
  return TRANSIENT_HEADERS.has(name) || name.includes('ratelimit-') || name.startsWith('retry-after');
}

const TRANSIENT_HEADERS: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'set-cookie',
]);

/** Records the chunks of a stream while its reader reads them. */
export class EventRecorder {
  readonly #surface: Surface;
  readonly #maxLength: number;
  readonly #check: CompletenessCheck;
  #events: string[] | undefined = [];
  #length = 0;
  #responseId: string | undefined;

  /** @param maxLength longer streams are not recorded, in characters */
  constructor(surface: Surface, maxLength: number) {
    this.#surface = surface;
    this.#maxLength = maxLength;
    this.#check = new CompletenessCheck(surface);
  }

  /** Records what the reader of `stream` reads. Calls `onRead` if it reads to the end. */
  record(stream: StreamInternals, onRead: () => void): void {
    passStream(stream, {
      silence: undefined,
      holds: false,
      drains: false,
      isCommitted: () => true,
      see: (chunk) => this.#see(chunk),
      hides: () => false,
      onEnd: ({ kind }) => {
        if (kind === 'done') onRead();
      },
    });
  }

  /** All chunks as the body of `response`; `undefined` if the stream was too long or its answer is not complete. */
  whole(response: Response): EncodedAnswer | undefined {
    return this.#events && this.#check.isComplete
      ? encodeEvents([...this.#events, ...endOfEvents(this.#surface)], response, this.#responseId)
      : undefined;
  }

  /** Encodes the chunk immediately, since the reader may modify it. */
  #see(chunk: unknown): void {
    if (!this.#events) return;
    this.#check.see(chunk);
    const event = encodeEvent(chunk, this.#surface);
    this.#responseId ??= responseIdOf(chunk, this.#surface);
    this.#events.push(event);
    this.#length += event.length;
    if (this.#length > this.#maxLength) this.#events = undefined;
  }
}
