/** The reply of an upstream to one request of a probe, and how checks read it. */

import type { FailureKind } from '../domain/attempt.ts';
import { fields } from '../domain/json.ts';
import type { Usage } from '../domain/usage.ts';
import type { Clock } from '../time/clock.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import { bearsContent } from '../upstream/stream/delta.ts';

/** An answer or a refusal. */
export interface Reply {
  /** Set if there is no answer. */
  readonly refusal: Refusal | undefined;
  /** The parsed body; `undefined` for a stream or a body that is not JSON. */
  readonly body: unknown;
  /** The events of a stream. */
  readonly stream: StreamRead | undefined;
  readonly usage: Usage | undefined;
  /** The model that the answer names. */
  readonly model: string | undefined;
  /** From the request to the end of the answer, in ms. */
  readonly latencyMs: number;
}

/** Why there is no answer. */
export interface Refusal {
  /** The HTTP status; `undefined` without a response. */
  readonly status: number | undefined;
  /** How the client classifies the failure; `undefined` for an error sent with a success status. */
  readonly kind: FailureKind | undefined;
  /** The request timed out. */
  readonly timedOut: boolean;
  /** Whether the body has an `error` object with a `message`. */
  readonly wellFormed: boolean;
  /** The wait that the upstream requests, in ms. */
  readonly retryAfterMs: number | undefined;
  /** The upstream's message for people, shortened and without secrets. */
  readonly message: string;
}

/** The refusal for a thrown error, from which secrets have been removed. */
export function refusalOf(error: unknown, end: AttemptEnd, timedOut: boolean): Refusal {
  const { failure } = end;
  const { status, error: body } = fields(error);
  return {
    status: typeof status === 'number' ? status : failure?.status,
    kind: timedOut ? 'timeout' : failure?.kind,
    timedOut,
    // The SDK keeps only the `error` member of the body.
    wellFormed: typeof fields(body).message === 'string',
    retryAfterMs: failure?.retryAfterMs,
    message: short(error instanceof Error ? error.message : String(error)),
  };
}

/** The refusal for an error body with a success status, as some relays send it; `undefined` for other bodies. */
export function refusalWithin(body: unknown): Refusal | undefined {
  const { error, choices, data, output } = fields(body);
  if (error === undefined || error === null || choices || data || output) return undefined;
  const { message } = fields(error);
  const text = typeof message === 'string' ? message : 'an error without a message';
  return {
    status: 200,
    kind: undefined,
    timedOut: false,
    wellFormed: typeof message === 'string',
    retryAfterMs: undefined,
    message: short(text),
  };
}

/** The refusal as text. */
export function describeRefusal({ status, kind, timedOut, message }: Refusal): string {
  if (timedOut) return 'no answer within the timeout';
  if (status === undefined) return kind === 'connection' ? 'cannot be reached' : (kind ?? message);
  return message.startsWith(String(status)) ? message : `${status} ${message}`;
}

const MAX_MESSAGE = 120;

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MAX_MESSAGE ? line : `${line.slice(0, MAX_MESSAGE - 1)}…`;
}

/** A tool call. */
interface CalledTool {
  readonly id: unknown;
  readonly name: unknown;
  readonly arguments: unknown;
}

/** A body with one user message. */
export function user(content: unknown): { readonly messages: readonly object[] } {
  return { messages: [{ role: 'user', content }] };
}

export function choicesOf({ body }: Reply): readonly unknown[] {
  return listOf(fields(body).choices);
}

/** The text of the first choice, or an empty string. */
export function textOf(reply: Reply): string {
  const { content } = fields(fields(choicesOf(reply)[0]).message);
  return typeof content === 'string' ? content : '';
}

export function finishReasonOf(reply: Reply): unknown {
  return fields(choicesOf(reply)[0]).finish_reason;
}

export function calledTools(reply: Reply): readonly CalledTool[] {
  const { tool_calls } = fields(fields(choicesOf(reply)[0]).message);
  return listOf(tool_calls).map((call) => {
    const { name, arguments: args } = fields(fields(call).function);
    return { id: fields(call).id, name, arguments: args };
  });
}

/** Formats a duration for people. */
export function showMs(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`;
}

/** One server-sent event. */
export interface StreamEvent {
  /** The text of its `data:` lines. */
  readonly data: string;
  /** The parsed JSON; `undefined` for `[DONE]` and other data that is not JSON. */
  readonly chunk: unknown;
  readonly atMs: number;
}

/** A whole stream. */
export interface StreamRead {
  readonly events: readonly StreamEvent[];
  readonly endedAtMs: number;
}

/** Reads a stream to its end and notes when each event arrives. Rejects if the connection breaks. */
export async function readStream(response: Response, clock: Clock): Promise<StreamRead> {
  const decoder = new TextDecoder();
  const events: StreamEvent[] = [];
  let pending = '';
  for await (const bytes of response.body ?? []) {
    pending += decoder.decode(bytes, { stream: true });
    const whole = pending.split(/\r\n\r\n|\n\n|\r\r/);
    pending = whole.pop() ?? '';
    for (const text of whole) pushEvent(events, text, clock.now());
  }
  pushEvent(events, pending + decoder.decode(), clock.now());
  return { events, endedAtMs: clock.now() };
}

/** The events with content. */
export function contentEvents({ events }: StreamRead): readonly StreamEvent[] {
  return events.filter(({ chunk }) => listOf(fields(chunk).choices).some(bearsContent));
}

function pushEvent(events: StreamEvent[], text: string, atMs: number): void {
  const data = text
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trimStart())
    .join('\n');
  if (data !== '') events.push({ data, chunk: parsed(data), atMs });
}

/** The value if it is an array, otherwise an empty array. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Parses JSON; `undefined` for a text that is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
