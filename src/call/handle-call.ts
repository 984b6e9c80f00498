/** Handles a request of a client: describes, plans and answers the call, directly, from the cache or through dispatch. */

import type { OpenAI } from 'openai';
import { Reservation } from '../budgets/reservation.ts';
import { type Call, isFree, type KeySource, type Surface } from '../domain/call.ts';
import { BudgetExceededError } from '../domain/errors.ts';
import type { Classifier } from '../routing/tasks.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import { attempt } from '../upstream/attempt.ts';
import type { ResponseMode } from '../upstream/response-mode.ts';
import { markOptions } from '../upstream/sdk/request-mark.ts';
import { redact } from '../upstream/sdk/secrets.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { checkMisplaced } from './check-route.ts';
import { CallRecorder } from './call-record.ts';
import type { CallSource, CallServices } from './call-services.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import { type CallSurroundings, describeCall } from './describe-call.ts';
import { dispatch } from './dispatch.ts';
import { followAttempt } from './follow-attempt.ts';
import type { KeyOption } from '../routing/key.ts';
import type { ResponseModes } from './call-promise.ts';
import type { CallPlan } from './call-plan.ts';
import { meterFor, runsInBackground } from './meter-other.ts';
import type { CallTrackers } from './track-calls.ts';
import type { Tracing } from './tracing.ts';

/** Answers identical calls from memory. */
export interface CallCache {
  admits(call: Call, body: unknown): boolean;
  answer(call: Call, plan: CallPlan, source: CallSource): Promise<Answer>;
}

/** What a client and its clones share, as far as the handling of a call needs it. */
export interface CallContext {
  readonly services: CallServices;
  /** `false` without the `canary` option: calls are sent unchanged and only metered. */
  readonly routes: boolean;
  /** Options of the surrounding `canary.run()`. */
  readonly context: { readonly current: CallSurroundings['context'] };
  readonly trackers: CallTrackers;
  readonly tracing: Pick<Tracing, 'begin'>;
  /** The user's `key` function, which does not throw. */
  readonly keyOption: KeyOption | undefined;
  /** The key made from the conversation of a call, of which it learns. */
  readonly conversationKey: (surface: Surface, body: unknown) => string | undefined;
  /** Called for each call that a rollout or the split assigns, with the bucket of its key; `undefined` for a call without a key. */
  readonly noteBucket: (bucket: number | undefined, source: KeySource | undefined) => void;
  readonly classifier: Classifier | undefined;
  readonly cache: CallCache | undefined;
  /** The upstream of calls that belong to one account: the client itself, or stable where the client has no credentials. */
  readonly home: Upstream;
  readonly modes: ResponseModes;
  nextCallId(): number;
  /** Looks in the store for the owner of what the call refers to; `undefined` if there is nothing to wait for. */
  lookUpOwner(call: Call): Promise<void> | undefined;
  /** A promise for the moment that the call must wait until a budget can tell whether it pays for it. */
  moneyKnown(call: Call, body: unknown): Promise<void> | undefined;
  plan(call: Call, body: unknown, nowMs: number): CallPlan;
}

/** A client, what it shares with its clones, and its connections to the upstreams. */
export interface Caller {
  readonly client: OpenAI;
  readonly engine: CallContext;
  readonly connect: (upstream: Upstream) => UpstreamConnection;
}

/** The call runs in the caller's async context up to the first `await`. */
export async function handleCall(
  { client, engine, connect }: Caller,
  given: RequestOptions | Promise<RequestOptions>,
  retries: number | null,
  mode: ResponseMode,
): Promise<Answer> {
  const { services, routes } = engine;
  const startedAtMs = services.clock.now();
  const context = engine.context.current;
  engine.trackers.add(mode);
  const options = await given;
  const id = engine.nextCallId();
  if (routes) checkMisplaced(options);
  const { keyOption, conversationKey } = engine;
  const described = describeCall(options, { id, startedAtMs, context, keyOption, conversationKey, keyed: routes });
  const trace = engine.tracing.begin(described, options.body);
  try {
    const classified = engine.classifier && taskOf(described, options, engine.classifier);
    const task = classified instanceof Promise ? await classified : classified;
    const call = task === undefined ? described : { ...described, task };
    const retriesOfClient = options.maxRetries ?? client.maxRetries;
    const maxRetries = retries === null ? retriesOfClient : Math.min(retriesOfClient, retries);
    const source: CallSource = {
      options,
      mode,
      maxRetries,
      timeoutMs: options.timeout ?? client.timeout,
      connect,
      trace,
    };
    const lookUp = routes && (call.ownedId ?? call.sealedItems) !== undefined && engine.lookUpOwner(call);
    if (lookUp) await lookUp;
    const known = isFree(call) ? undefined : engine.moneyKnown(call, options.body);
    if (known) await known;
    const nowMs = routes ? services.clock.now() : startedAtMs;
    const plan = routes ? engine.plan(call, options.body, nowMs) : undefined;
    if (plan?.bucket !== undefined) engine.noteBucket(call.key === undefined ? undefined : plan.bucket, call.keySource);
    const { assigned, reason } = plan ?? { assigned: engine.home.name, reason: 'notPortable' };
    trace?.planned({ assigned, stable: services.stable, reason });
    if (!plan || reason === 'notPortable') return await dispatchDirect(call, engine.home, source, retries, services);
    if (engine.cache?.admits(call, options.body)) return await engine.cache.answer(call, plan, source);
    services.retryBudget.deposit();
    return await dispatch(call, plan, source, services, nowMs);
  } catch (error) {
    trace?.fail(error);
    if (typeof error === 'object' && error !== null) engine.modes.set(error, mode);
    throw error;
  }
}

/** The task that the user's classifier gives to a call without a task. */
function taskOf(call: Call, options: RequestOptions, classifier: Classifier): ReturnType<Classifier['taskOf']> {
  return call.task === undefined && call.surface !== 'other' ? classifier.taskOf(call, options) : undefined;
}

/** Sends a call as the SDK alone would, with the SDK's own retries, and only meters it. Rejects with the SDK's error. */
function dispatchDirect(
  call: Call,
  upstream: Upstream,
  source: CallSource,
  retries: number | null,
  services: CallServices,
): Promise<Answer> {
  const { observer, clock, background } = services;
  const recorder = new CallRecorder(call, upstream.name, services, source.trace);
  const reservation = isFree(call) ? undefined : reserveDirect(call, upstream.name, source, recorder, services);
  const started = recorder.start(upstream.name, 'first', call.model, clock.now());
  let backgroundId: string | undefined;
  // This attempt is the only one: the call ends with it.
  source.mode.ledger = recorder.ledger;
  recorder.answered(started.index);
  const connection = source.connect(upstream);
  const { client } = connection;
  const { send, witness } = source.trace
    ? followAttempt(source.trace, started, connection, undefined)
    : { send: connection.send, witness: undefined };
  const options = services.redacts ? { ...source.options } : source.options;
  const mark = services.redacts ? markOptions(options, undefined) : undefined;
  return attempt({
    surface: call.surface,
    metersRaw: false,
    hidesUsage: false,
    send,
    options,
    retries,
    mode: source.mode,
    limit: undefined,
    judge: undefined,
    redact: (error) => mark && redact(error, [client.apiKey, client.adminAPIKey, ...mark.secrets]),
    clock,
    openReaders: services.abandonedStreams,
    meter: meterFor(call, options.body, background),
    witness,
    onResponseId: runsInBackground(call, options.body) ? (id) => (backgroundId = id) : undefined,
    onEnd: (end) => {
      const record = recorder.end(started, end);
      reservation?.settle(record);
      if (backgroundId === undefined) return;
      if (end.usage) background.metered(backgroundId);
      else background.wait(backgroundId, { release: () => undefined, onMetered: () => observer.metered(record) });
    },
  });
}

/**
 * Reserves the cost of a paid call that belongs to one account, such as an image.
 *
 * @throws BudgetExceededError
 */
function reserveDirect(
  call: Call,
  upstream: string,
  { options }: CallSource,
  recorder: CallRecorder,
  { budgets, clock }: CallServices,
): Reservation | undefined {
  const reserved = budgets?.reserve(call, upstream, options.body);
  if (reserved === undefined || reserved instanceof Reservation) return reserved;
  const nowMs = clock.now();
  recorder.gaveUp('neutral', undefined, nowMs);
  throw new BudgetExceededError(reserved.snapshot(nowMs));
}
