/** What an upstream said to one request of a probe. */

import type { FailureKind } from '../domain/attempt.ts';
import { fields } from '../domain/json.ts';
import type { Usage } from '../domain/usage.ts';
import type { Clock } from '../time/clock.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import { bearsContent } from '../upstream/stream/delta.ts';

/** An answer, or what came instead of one. */
export interface Reply {
  /** Set when there was no answer. */
  readonly refusal: Refusal | undefined;
  /** The parsed body; `undefined` for a stream, and for what is no JSON. */
  readonly body: unknown;
  /** The events of a stream. */
  readonly stream: StreamRead | undefined;
  readonly usage: Usage | undefined;
  /** The model that the answer names. */
  readonly model: string | undefined;
  /** From the request to the whole answer. */
  readonly latencyMs: number;
}

/** Why there was no answer. */
export interface Refusal {
  /** `undefined` where no response came. */
  readonly status: number | undefined;
  /** What the client takes it for; `undefined` for an error under a status that says success. */
  readonly kind: FailureKind | undefined;
  /** No answer came in time. */
  readonly timedOut: boolean;
  /** Whether the body is an object `error` with a `message`. */
  readonly wellFormed: boolean;
  /** How long the upstream asks to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** What the upstream says, without secrets and cut short; for people. */
  readonly message: string;
}

/** What came of a request that was thrown at. The error is free of secrets already. */
export function refusalOf(error: unknown, end: AttemptEnd, timedOut: boolean): Refusal {
  const { failure } = end;
  const { status, error: body } = fields(error);
  return {
    status: typeof status === 'number' ? status : failure?.status,
    kind: timedOut ? 'timeout' : failure?.kind,
    timedOut,
    // The SDK keeps of a body what stands under `error`.
    wellFormed: typeof fields(body).message === 'string',
    retryAfterMs: failure?.retryAfterMs,
    message: short(error instanceof Error ? error.message : String(error)),
  };
}

/** An error under a status that says success, as some relays have it. */
export function refusalWithin(body: unknown): Refusal | undefined {
  const { error, choices, data, output } = fields(body);
  if (error === undefined || error === null || choices || data || output) return undefined;
  const { message } = fields(error);
  const said = typeof message === 'string' ? message : 'an error without a message';
  return {
    status: 200,
    kind: undefined,
    timedOut: false,
    wellFormed: typeof message === 'string',
    retryAfterMs: undefined,
    message: short(said),
  };
}

/** The refusal in words. */
export function toldAs({ status, kind, timedOut, message }: Refusal): string {
  if (timedOut) return 'no answer in time';
  if (status === undefined) return kind === 'connection' ? 'cannot be reached' : (kind ?? message);
  return message.startsWith(String(status)) ? message : `${status} ${message}`;
}

const MAX_MESSAGE = 120;

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MAX_MESSAGE ? line : `${line.slice(0, MAX_MESSAGE - 1)}…`;
}

/* PART: Reads what a chat answer says. */

/** A call of a function. */
export interface CalledTool {
  readonly id: unknown;
  readonly name: unknown;
  readonly arguments: unknown;
}

/** A question in the user's words. */
export function user(content: unknown): { readonly messages: readonly object[] } {
  return { messages: [{ role: 'user', content }] };
}

export function choicesOf({ body }: Reply): readonly unknown[] {
  return listOf(fields(body).choices);
}

/** The words of the first choice; empty where there are none. */
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
    const { name, arguments: given } = fields(fields(call).function);
    return { id: fields(call).id, name, arguments: given };
  });
}

/** A number of ms as people read it. */
export function showMs(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`;
}

/* PART: Reads a stream of events to its end, and notes when each came. */

/** An event of a stream. */
export interface StreamEvent {
  /** The text of its `data:` lines. */
  readonly data: string;
  /** Its JSON; `undefined` for `[DONE]` and what is no JSON. */
  readonly chunk: unknown;
  readonly atMs: number;
}

/** A whole stream. */
export interface StreamRead {
  readonly events: readonly StreamEvent[];
  readonly endedAtMs: number;
}

/** Rejects when the connection breaks. */
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

/** The events that bear words. */
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

/** The entries of a list; of anything else, none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value of a JSON text; `undefined` for what is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
