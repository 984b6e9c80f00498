/** The services that calls are dispatched with, and the interfaces that features implement for them. */

import type { AcceptOption, Call, StreamMode } from '../domain/call.ts';
import type { CallTrace } from '../domain/trace.ts';
import type { Clock } from '../time/clock.ts';
import type { CountTokens } from '../pricing/count-tokens.ts';
import type { ResponseMode } from '../upstream/response-mode.ts';
import type { BackgroundResponses } from '../upstream/background-responses.ts';
import type { AbandonedStreams } from '../upstream/stream/abandoned-streams.ts';
import type { RetryBudget } from '../resilience/retry-budget.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Budgets } from '../budgets/budgets.ts';
import type { CallPlan } from './call-plan.ts';
import type { CallObserver } from './call-observer.ts';
import type { EstimateCostUsd, InputTokensOf, IsPriced, Pricing } from '../upstream/upstream-costs.ts';
import type { Hedging } from '../resilience/hedge-policy.ts';
import type { Fallbacks } from './fallbacks.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { AnswerReader } from '../upstream/attempt-types.ts';
import type { CallRecorder } from './call-record.ts';

/** The limits of retries, waits and buffers of a call. */
export interface DispatchPolicy {
  /** Extra attempts per call; `undefined`: `maxRetries` plus the number of other upstreams that may serve the call. */
  readonly attempts: number | undefined;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** The longest `Retry-After` for which a caller is kept waiting. */
  readonly maxRetryAfterMs: number;
  /** The time budget of a call; `undefined`: only the SDK's time-out for each attempt applies. */
  readonly deadlineMs: number | undefined;
  /** The longest silence of a stream before the first sign of an answer; `Infinity`: unlimited. */
  readonly firstChunkMs: number;
  /** The longest silence of a stream after that; `Infinity`: unlimited. */
  readonly idleMs: number;
  readonly streamMode: StreamMode;
  /** The check of answers; `undefined`: every answer is accepted. */
  readonly accept: AcceptOption | undefined;
  /** The approximate size up to which a stream is buffered, in bytes. */
  readonly maxBufferBytes: number;
}

/** Built once for a client and its clones. */
export interface CallServices {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly stable: string;
  readonly policy: DispatchPolicy;
  readonly fallbacks: Fallbacks;
  /** Whether an upstream was rolled back, and gets no calls. */
  readonly isRolledBack: (upstream: string) => boolean;
  readonly retryBudget: RetryBudget;
  readonly hedging: Hedging | undefined;
  readonly shadow: Mirror | undefined;
  readonly observer: CallObserver;
  readonly pricing: Pricing;
  readonly inputTokensOf: InputTokensOf;
  readonly estimateCostUsd: EstimateCostUsd;
  readonly budgets: Budgets | undefined;
  readonly background: BackgroundResponses;
  /** Absent if calls may go to upstreams without a known price. */
  readonly isPriced: IsPriced | undefined;
  /** Counts tokens if the provider reports no usage; `undefined` until it is loaded, or if no tokenizer is installed. */
  readonly tokenizer: () => CountTokens | undefined;
  /** Registers calls that rollouts are judged by. Returns the value of `ResponseMode.judged`. */
  readonly rollouts: { dispatched(call: Call, body: unknown, plan: CallPlan, atMs: number): unknown } | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether secrets are removed from errors. Without the `canary` option the caller sees the SDK's errors unchanged. */
  readonly redacts: boolean;
  /** Called with the id of an answer that only its upstream knows, or with the key of an item that only it can read. */
  readonly remember: (id: string, upstream: string) => void;
  /** The upstream that `remember` was called with. */
  readonly ownerOf: (id: string) => string | undefined;
  readonly abandonedStreams: AbandonedStreams;
  /** The upstream of each tool run in progress. */
  readonly toolRuns: WeakMap<object, string>;
}

/** A call in dispatch, as far as mirroring needs it. */
export interface MirrorRun {
  readonly call: Call;
  readonly plan: CallPlan;
  readonly source: CallSource;
  readonly recorder: Pick<CallRecorder, 'shadow' | 'mirrored'>;
}

/** Sends copies of calls to other upstreams. */
export interface Mirror {
  /** The observer of the call's real answer; `undefined` if no copy is sent. `firstUpstream` serves its first attempt. */
  mirror(state: MirrorRun, firstUpstream: string): AnswerObserver | undefined;
}

/** Reads the real answer of a mirrored call, attempt by attempt. */
export interface AnswerObserver {
  witness(attemptIndex: number): AnswerReader;
}

/** The application's side of a call. */
export interface CallSource {
  readonly options: RequestOptions;
  readonly mode: ResponseMode;
  /** The SDK's `maxRetries` and `timeout` for this call. */
  readonly maxRetries: number;
  readonly timeoutMs: number;
  /** The SDK client of an upstream, and how to send through it. */
  readonly connect: (upstream: Upstream) => UpstreamConnection;
  /** Follows the call; `undefined` if no tracer does. */
  readonly trace: CallTrace | undefined;
}
