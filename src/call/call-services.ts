/** What dispatching a call is made of. */

import type { Call, StreamMode } from '../domain/call.ts';
import type { Clock } from '../time/clock.ts';
import type { CountTokens } from '../pricing/count-tokens.ts';
import type { ResponseMode } from '../upstream/response-mode.ts';
import type { AbandonedStreams } from '../upstream/stream/abandoned-streams.ts';
import type { RetryBudget } from '../resilience/retry-budget.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Budgets } from '../budgets/budgets.ts';
import type { CallPlan } from './call-plan.ts';
import type { TaskRoutes } from '../routing/tasks.ts';
import type { CallObserver } from './call-observer.ts';
import type { EstimateCostUsd, InputTokensOf, IsPriced, Pricing } from '../upstream/upstream-costs.ts';
import type { Hedging } from '../resilience/hedge-policy.ts';
import type { Fallbacks } from './fallbacks.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { AnswerReader } from '../upstream/attempt-types.ts';
import type { CallRecorder } from './call-record.ts';

/** How often, how long and how far a call is tried. */
export interface DispatchPolicy {
  /** Extra attempts a call may take; `undefined`: as many as the client retries, at least 2. */
  readonly attempts: number | undefined;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** The time budget of a call; `undefined`: ten minutes, or the SDK's time-out where that is longer. */
  readonly deadlineMs: number | undefined;
  /** The longest wait for the first content of a stream, and for each chunk after it. */
  readonly firstChunkMs: number;
  readonly idleMs: number;
  readonly streamMode: StreamMode;
  /** How much of a buffered stream is held back, in bytes, about. */
  readonly maxBufferBytes: number;
}

/** What dispatching needs from the engine. */
export interface CallServices {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly stable: string;
  readonly policy: DispatchPolicy;
  readonly fallbacks: Fallbacks;
  readonly taskRoutes: TaskRoutes | undefined;
  readonly retryBudget: RetryBudget;
  readonly hedging: Hedging | undefined;
  readonly shadow: Mirror | undefined;
  readonly observer: CallObserver;
  readonly pricing: Pricing;
  readonly inputTokensOf: InputTokensOf;
  readonly estimateCostUsd: EstimateCostUsd;
  readonly budgets: Budgets | undefined;
  /** Absent where calls may go to upstreams whose price nobody knows. */
  readonly isPriced: IsPriced | undefined;
  /** Counts tokens where providers do not: `undefined` until it is loaded, and where there is none. */
  readonly tokenizer: () => CountTokens | undefined;
  /** Takes note of calls that are evidence, and gives what `claim.judged` keeps. */
  readonly rollouts: { dispatched(call: Call, body: unknown, plan: CallPlan, atMs: number): unknown } | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** Errors are freed of secrets. Without a `canary` option the caller sees what the SDK alone would show. */
  readonly redacts: boolean;
  /** Called when an answer names an id that only its upstream knows. */
  readonly remember: (id: string, upstream: string) => void;
  readonly abandonedStreams: AbandonedStreams;
  /** The upstreams of runs of tools under way. */
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
  /** The reader of a call's real answer, where copies of it are sent. `firstAsked` is the upstream of its first attempt. */
  mirror(state: MirrorRun, firstAsked: string): AnswerObserver | undefined;
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
}
