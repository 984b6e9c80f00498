/** What goes into an attempt, and what comes out of it. */

import type { Clock } from '../domain/clock.ts';
import type { Surface } from '../domain/call.ts';
import type { Usage } from '../domain/usage.ts';
import type { Claim } from './claim.ts';
import type { Failure } from './failure.ts';
import type { Parsed, RequestOptions, Send } from './sdk.ts';
import type { TimeLimit } from './time-limit.ts';

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
  /** The cost that the provider itself named, in USD. */
  readonly reportedUsd: number | undefined;
  /** The model that the response names. */
  readonly model: string | undefined;
}

export interface AttemptInput {
  readonly surface: Surface;
  /** Whether the body of a raw response may be read beside the caller. */
  readonly metersRaw: boolean;
  /** The last usage chunk of a stream is there because we asked for it: the caller does not see it. */
  readonly hidesUsage: boolean;
  readonly send: Send;
  readonly options: RequestOptions;
  /** For the SDK; 0 where retries are ours, `null` where they are the SDK's own. */
  readonly retries: number | null;
  readonly claim: Claim;
  readonly limit: TimeLimit | undefined;
  /** Takes secrets out of an error before anybody sees it. */
  readonly redact: (error: unknown) => void;
  readonly clock: Clock;
  /** Called with the id of a Responses API response as soon as it is known, also of one that does not end well. */
  readonly onResponseId?: ((id: string) => void) | undefined;
  /** Called exactly once: at the latest when the stream that the answer holds has ended. */
  readonly onEnd: (end: AttemptEnd) => void;
}

/** An end of which only the time is known. */
export const NOTHING_KNOWN = {
  failure: undefined,
  firstChunkAtMs: undefined,
  usage: undefined,
  reportedUsd: undefined,
  model: undefined,
} as const;
