/** Takes a request from a client to its answer. */

import type { OpenAI } from 'openai';
import type { Call, RouteOptions } from '../domain/call.ts';
import { classifyFailure, type Failure } from '../resilience/failure.ts';
import type { Classifier } from '../routing/tasks.ts';
import { type Answer, NOTHING_KNOWN } from '../upstream/attempt-types.ts';
import { attempt } from '../upstream/attempt.ts';
import type { ResponseMode } from '../upstream/response-mode.ts';
import { markOptions } from '../upstream/sdk/request-mark.ts';
import { redact, secretsOf } from '../upstream/sdk/secrets.ts';
import type { APIPromise, RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { CallRecorder } from './call-record.ts';
import type { CallSource, CallServices } from './call-services.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import { describeCall } from './describe-call.ts';
import { dispatch } from './dispatch.ts';
import type { KeyOption } from '../routing/key.ts';
import type { Claims } from './call-promise.ts';
import type { CallPlan } from './call-plan.ts';
import type { CallTrackers } from './track-calls.ts';

/** Answers calls from memory where it may. */
export interface CallCache {
  admits(call: Call, body: unknown): boolean;
  answer(call: Call, plan: CallPlan, source: CallSource): Promise<Answer>;
}

/** What a client and its clones share, as far as handling a call needs it. */
export interface CallContext {
  readonly services: CallServices;
  /** Without a `canary` option calls pass as they are, and are only metered. */
  readonly routes: boolean;
  /** Options of the surrounding `canary.run()`. */
  readonly context: { readonly current: RouteOptions | undefined };
  readonly trackers: CallTrackers;
  /** The user's own `key` function, made safe. */
  readonly keyOption: KeyOption | undefined;
  readonly classifier: Classifier | undefined;
  readonly cache: CallCache | undefined;
  /** The upstream that is the application's client itself. */
  readonly home: Upstream;
  readonly modes: Claims;
  nextCallId(): number;
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
  const described = describeCall(options, { id, startedAtMs, context, keyOption: engine.keyOption, keyed: routes });
  const named = engine.classifier && taskOf(described, options, engine.classifier);
  const task = named instanceof Promise ? await named : named;
  const call = task === undefined ? described : { ...described, task };
  const retriesOfClient = options.maxRetries ?? client.maxRetries;
  const maxRetries = retries === null ? retriesOfClient : Math.min(retriesOfClient, retries);
  const source: CallSource = { options, mode, maxRetries, timeoutMs: options.timeout ?? client.timeout, connect };
  const nowMs = routes ? services.clock.now() : startedAtMs;
  const plan = routes ? engine.plan(call, options.body, nowMs) : undefined;
  if (!plan || plan.reason === 'notPortable') return await dispatchDirect(call, engine.home, source, retries, services);
  try {
    if (engine.cache?.admits(call, options.body)) return await engine.cache.answer(call, plan, source);
    services.retryBudget.deposit();
    return await dispatch(call, plan, source, services, nowMs);
  } catch (error) {
    if (typeof error === 'object' && error !== null) engine.modes.set(error, mode);
    throw error;
  }
}

/** What the application's classifier says of a call that names no task. */
function taskOf(call: Call, options: RequestOptions, classifier: Classifier): ReturnType<Classifier['taskOf']> {
  return call.task === undefined && call.surface !== 'other' ? classifier.taskOf(call, options) : undefined;
}

/** Meters a list that is under way already. */
export function observePage(
  { engine, connect }: Caller,
  page: APIPromise<unknown>,
  given: RequestOptions | Promise<RequestOptions>,
  upstream: Upstream,
): void {
  const { services } = engine;
  const startedAtMs = services.clock.now();
  const id = engine.nextCallId();
  const surroundings = { id, startedAtMs, context: undefined, keyOption: undefined, keyed: false };
  const describe = async (): Promise<Call> => describeCall(await given, surroundings);
  const redactFor = (error: unknown): void => {
    const { apiKey, adminAPIKey } = connect(upstream).client;
    const headers = given instanceof Promise ? undefined : given.headers;
    if (services.redacts) redact(error, [apiKey, adminAPIKey, ...secretsOf({ headers, url: '' })]);
  };
  meterPage(page, { describe, upstream: upstream.name, redact: redactFor }, services);
}

/* PART: Sends a call as the SDK alone would, with its own retries, and only meters it. */

/** Rejects with what the SDK rejects with. */
function dispatchDirect(
  call: Call,
  upstream: Upstream,
  source: CallSource,
  retries: number | null,
  services: CallServices,
): Promise<Answer> {
  const { observer, pricing, clock } = services;
  const recorder = new CallRecorder(call, upstream.name, observer, pricing);
  const started = recorder.start(upstream.name, 'first', call.model, clock.now());
  // Nothing follows this attempt: however it ends, the call ends.
  source.mode.ledger = recorder.ledger;
  recorder.answered(started.index);
  const { client, send } = source.connect(upstream);
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
    onEnd: (end) => void recorder.end(started, end),
  });
}

/* PART: Meters a list: the SDK's own promise is left to do its work, and observed from the side. */

/** What is known of a list beside its promise. */
export interface PageSource {
  readonly describe: () => Promise<Call>;
  readonly upstream: string;
  /** Takes secrets out of an error. */
  readonly redact: (error: unknown) => void;
}

/**
 * Metering begins when the caller first asks for the page: to observe a promise is to handle its rejection, and a failure
 * that nobody looks at has to stay an unhandled one.
 */
function meterPage(page: APIPromise<unknown>, source: PageSource, services: CallServices): void {
  // Neither parses the page nor sends it again.
  const respond = page.asResponse.bind(page);
  let metered = false;
  const look = (): void => {
    if (!metered) void meter(respond(), source, services);
    metered = true;
  };
  for (const name of LOOKS) {
    const own = page[name].bind(page) as (...args: unknown[]) => unknown;
    const observed = (...args: unknown[]): unknown => {
      look();
      return own(...args);
    };
    Reflect.defineProperty(page, name, { value: observed, configurable: true, writable: true });
  }
}

/** The ways to ask for a page. */
const LOOKS = ['then', 'catch', 'finally', 'asResponse', 'withResponse', '_thenUnwrap'] as const;

async function meter(
  response: Promise<Response>,
  { describe, upstream, redact: redactFor }: PageSource,
  { observer, pricing, clock }: CallServices,
): Promise<void> {
  const failure = await response.then(
    () => undefined,
    (error: unknown): Failure => {
      // This handler is the first that the promise has: nobody has seen the error yet.
      redactFor(error);
      return classifyFailure(error);
    },
  );
  const atMs = clock.now();
  // Options that never came were never sent.
  const call = await describe().catch(() => undefined);
  if (!call) return;
  const recorder = new CallRecorder(call, upstream, observer, pricing);
  const started = recorder.start(upstream, 'first', call.model, call.startedAtMs);
  recorder.answered(started.index);
  recorder.end(started, { ...NOTHING_KNOWN, failure, atMs });
}
