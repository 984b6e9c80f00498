/** The input of an attempt, its answer, and how it ended. */

import type { Surface } from '../domain/call.ts';
import type { PartialAnswer } from '../domain/errors.ts';
import type { Usage } from '../domain/usage.ts';
import type { CountTokens } from '../pricing/count-tokens.ts';
import type { Failure } from '../resilience/failure.ts';
import type { ResponseHeaders } from '../resilience/retry-after.ts';
import type { TimeLimit } from '../resilience/time-limit.ts';
import type { Clock } from '../time/clock.ts';
import type { ResponseMode } from './response-mode.ts';
import type { SendRequest } from './sdk/send.ts';
import type { Parsed, RequestOptions } from './sdk/types.ts';
import type { AbandonedStreams } from './stream/abandoned-streams.ts';
import type { BodyWatch } from './stream/body-watch.ts';

/** The answer of an attempt, in the form that the caller chose. */
export type Answer =
  | ({ readonly kind: 'parsed' } & Parsed)
  | { readonly kind: 'raw'; readonly response: Response; readonly parse: () => Promise<Parsed> };

/** How an attempt ended. */
export interface AttemptEnd {
  /** `undefined` when the attempt succeeded. */
  readonly failure: Failure | undefined;
  readonly atMs: number;
  readonly firstChunkAtMs: number | undefined;
  readonly usage: Usage | undefined;
  /** The provider sent no usage: `usage` is estimated from the output. */
  readonly usageEstimated: boolean;
  /** A stream had content before it ended. */
  readonly partial: boolean;
  /** The arguments of a tool call cannot be parsed. */
  readonly brokenToolArguments?: boolean | undefined;
  /** The cost that the provider reported, in USD. */
  readonly reportedUsd: number | undefined;
  /** The model that the response names. */
  readonly model: string | undefined;
}

/** Checks of an answer before the caller gets it, and of a stream until it ends. */
export interface AnswerChecks {
  /** The longest silence before the first sign of an answer, in ms; `Infinity`: unlimited. Any byte ends a silence. */
  readonly firstChunkMs: number;
  /** The longest silence after that, in ms; `Infinity`: unlimited. */
  readonly idleMs: number;
  /** Another upstream could take over: the stream is held back. Otherwise it is handed over at its first event. */
  readonly holds: boolean;
  /** A stream is held back to its end, or to about this many bytes. `undefined`: it is held back to the first sign of an answer. */
  readonly bufferBytes: number | undefined;
  /** `[DONE]` without a `finish_reason` means that the answer was truncated. @default false */
  readonly needsFinishReason?: boolean;
  /** Called when an answer ended with `[DONE]` and without a `finish_reason`, and was taken for complete. */
  readonly onMissingFinishReason?: (() => void) | undefined;
  /** A stream that the caller leaves is read to its end, to learn its true usage. */
  readonly drains: boolean;
  /** The error for a stream that broke off. */
  readonly interrupted: (partial: Omit<PartialAnswer, 'upstream' | 'attempts'>, cause: unknown) => Error;
}

/** Reads an answer alongside the caller. It must neither throw nor change what it reads. */
export interface AnswerReader {
  chunk(chunk: unknown): void;
  body(body: unknown): void;
}

/** Checks a whole answer. Returns the reason why it is rejected; `undefined` accepts it. */
export type AnswerCheck = (answer: unknown) => string | undefined | Promise<string | undefined>;

/**
 * Decides what is counted for an answer of the surface `other`, given the usage that it states. `answer` is absent for streams.
 * Called once, when the answer has ended.
 */
export type AnswerMeter = (stated: Usage | undefined, answer?: unknown) => Usage | undefined;

export interface AttemptInput {
  readonly surface: Surface;
  /** Whether the body of a raw response may be read alongside the caller. */
  readonly metersRaw: boolean;
  /** We requested the usage chunk of the stream and the caller did not: it is hidden. */
  readonly hidesUsage: boolean;
  /** Observes the bytes of a stream. Absent: they are not observed. */
  readonly body?: BodyWatch | undefined;
  readonly send: SendRequest;
  readonly options: RequestOptions;
  /** The SDK's retries: 0 where we retry, `null` where the SDK retries as its client is configured. */
  readonly retries: number | null;
  readonly mode: ResponseMode;
  readonly limit: TimeLimit | undefined;
  /** The checks of the answer. Absent: answers pass unchecked. */
  judge?: (() => AnswerChecks) | undefined;
  /** Why a whole answer is rejected; `undefined` accepts it. Never throws or rejects. Absent: every answer is accepted. */
  readonly accept?: AnswerCheck | undefined;
  /** Counts tokens where the provider sends no usage. */
  readonly tokenizer?: (() => CountTokens | undefined) | undefined;
  /** Removes secrets from an error before the caller sees it. */
  redact(error: unknown): void;
  readonly clock: Clock;
  /**
   * Called with the error of a refused request. Returns whether the refusal was for a field that we added: the field has been removed from
   * `options`, and the request is sent again.
   */
  removeRefused?: ((error: unknown) => boolean) | undefined;
  /** Called with the headers of every response, before the body is read. */
  onHeaders?: ((headers: ResponseHeaders, isRefusal: boolean) => void) | undefined;
  /** Called with the id of a Responses API response as soon as it is known, even if the response fails later. */
  onResponseId?: ((id: string) => void) | undefined;
  readonly witness?: AnswerReader | undefined;
  /** Set for calls of the surface `other` that may be billed. */
  readonly meter?: AnswerMeter | undefined;
  /** Cancels streams that the caller abandons. */
  readonly openReaders?: AbandonedStreams | undefined;
  /** Called exactly once, at the latest when the stream of the answer has ended. */
  onEnd(end: AttemptEnd): void;
  /** How long the caller took to read the answer after it arrived, in ms. */
  lateMs?: number | undefined;
  /** How long `accept` took, in ms. */
  acceptMs?: number | undefined;
}

/** Fills the fields of an end of which only the time is known. */
export const NOTHING_KNOWN = {
  failure: undefined,
  firstChunkAtMs: undefined,
  usage: undefined,
  usageEstimated: false,
  partial: false,
  reportedUsd: undefined,
  model: undefined,
} as const;

/** Reports the end of an attempt. The time that the caller and its `accept` took is subtracted from the upstream's latency. */
export function reportEnd(input: AttemptInput, end: AttemptEnd): void {
  const { lateMs = 0, acceptMs = 0 } = input;
  if (lateMs === 0 && acceptMs === 0) return input.onEnd(end);
  const firstChunkAtMs = end.firstChunkAtMs === undefined ? undefined : end.firstChunkAtMs - lateMs;
  input.onEnd({ ...end, atMs: end.atMs - lateMs - acceptMs, firstChunkAtMs });
}
