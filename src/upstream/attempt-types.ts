/** What goes into an attempt, and what comes out of it. */

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
import type { DoneMarkerDetector } from './stream/done-marker.ts';

/** What an attempt brought, in the form that the caller claimed. */
export type Answer =
  | ({ readonly kind: 'parsed' } & Parsed)
  | { readonly kind: 'raw'; readonly response: Response; readonly parse: () => Promise<Parsed> };

/** How an attempt ended. */
export interface AttemptEnd {
  /** Absent when it succeeded. */
  readonly failure: Failure | undefined;
  readonly atMs: number;
  readonly firstChunkAtMs: number | undefined;
  readonly usage: Usage | undefined;
  /** The provider told no usage: it is estimated by the text that came. */
  readonly usageEstimated: boolean;
  /** Content had come. */
  readonly partial: boolean;
  /** A function is to be called with arguments that cannot be read. */
  readonly brokenToolArguments?: boolean | undefined;
  /** The cost that the provider itself named, in USD. */
  readonly reportedUsd: number | undefined;
  /** The model that the response names. */
  readonly model: string | undefined;
}

/** What is asked of an answer before the caller has it, and of a stream until it ends. */
export interface AnswerChecks {
  /** The longest wait for a chunk of a stream that has begun. */
  readonly idleMs: number;
  /** A stream is held back whole, up to about so many bytes; `undefined`: up to its first content. */
  readonly bufferBytes: number | undefined;
  /** A stream that the caller leaves is read on, for its true usage. */
  readonly drains: boolean;
  /** The error for a stream that broke off. */
  readonly interrupted: (partial: Omit<PartialAnswer, 'upstream' | 'attempts'>, cause: unknown) => Error;
}

/** Reads an answer beside its caller. It must not throw, nor change what it sees. */
export interface AnswerReader {
  chunk(chunk: unknown): void;
  body(body: unknown): void;
}

export interface AttemptInput {
  readonly surface: Surface;
  /** Whether the body of a raw response may be read beside the caller. */
  readonly metersRaw: boolean;
  /** The last usage chunk of a stream is there because we asked for it: the caller does not see it. */
  readonly hidesUsage: boolean;
  /** The upstream gives no `finish_reason`: `[DONE]` after content says that a stream is whole. */
  readonly done?: DoneMarkerDetector | undefined;
  readonly send: SendRequest;
  readonly options: RequestOptions;
  /** For the SDK; 0 where retries are ours, `null` where they are the SDK's own. */
  readonly retries: number | null;
  readonly mode: ResponseMode;
  readonly limit: TimeLimit | undefined;
  /** How answers are judged; without it they pass as they are. */
  judge?: (() => AnswerChecks) | undefined;
  /** Counts tokens where the provider does not, if there is one. */
  readonly tokenizer?: (() => CountTokens | undefined) | undefined;
  /** Takes secrets out of an error before anybody sees it. */
  redact(error: unknown): void;
  readonly clock: Clock;
  /** Called with the headers of a response, good or bad, before it is read. */
  onHeaders?: ((headers: ResponseHeaders, isRefusal: boolean) => void) | undefined;
  /** Called with the id of a Responses API response as soon as it is known, also of one that does not end well. */
  onResponseId?: ((id: string) => void) | undefined;
  readonly witness?: AnswerReader | undefined;
  /** Where streams stand while they are young. */
  readonly openReaders?: AbandonedStreams | undefined;
  /** Called exactly once: at the latest when the stream that the answer holds has ended. */
  onEnd(end: AttemptEnd): void;
  /** How long the caller took to come for its answer, in ms. */
  lateMs?: number | undefined;
}

/** An end of which only the time is known. */
export const NOTHING_KNOWN = {
  failure: undefined,
  firstChunkAtMs: undefined,
  usage: undefined,
  usageEstimated: false,
  partial: false,
  reportedUsd: undefined,
  model: undefined,
} as const;

/* PART: Tells how an attempt ended. */

/** A caller that came late for its answer does not make the upstream slow: its delay counts in no latency. */
export function reportEnd(input: AttemptInput, end: AttemptEnd): void {
  const { lateMs } = input;
  if (!lateMs) return input.onEnd(end);
  const firstChunkAtMs = end.firstChunkAtMs === undefined ? undefined : end.firstChunkAtMs - lateMs;
  input.onEnd({ ...end, atMs: end.atMs - lateMs, firstChunkAtMs });
}
