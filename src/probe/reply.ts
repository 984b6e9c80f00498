/** What an upstream said to one request of a probe. */

import type { FailureKind } from '../domain/outcome.ts';
import type { Usage } from '../domain/usage.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import { fields } from '../domain/json.ts';
import type { StreamRead } from './read-stream.ts';

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
