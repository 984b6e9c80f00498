/** Takes a request from a client to its answer. */

import type { OpenAI } from 'openai';
import type { Classifier } from '../routing/tasks.ts';
import { describeCall } from './describe-call.ts';
import { dispatchDirect } from './dispatch-direct.ts';
import type { CallSource, Line } from './call-services.ts';
import type { Call } from '../domain/call.ts';
import { dispatch } from './dispatch.ts';
import { meterPage } from './meter-page.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Answer } from '../upstream/attempt-types.ts';
import type { Claim } from '../upstream/response-mode.ts';
import { redact } from '../upstream/sdk/redact.ts';
import { secretsOf } from '../upstream/sdk/secrets.ts';
import type { APIPromise, RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** A client, its engine, and its ways to the upstreams. */
export interface Caller {
  readonly client: OpenAI;
  readonly engine: Engine;
  readonly connect: (upstream: Upstream) => Line;
}

/** The call runs in the caller's async context up to the first `await`. */
export async function answerCall(
  { client, engine, connect }: Caller,
  given: RequestOptions | Promise<RequestOptions>,
  retries: number | null,
  claim: Claim,
): Promise<Answer> {
  const { parts, routes } = engine;
  const startedAtMs = parts.clock.now();
  const context = engine.context.current;
  engine.tallies.note(claim);
  const options = await given;
  const id = engine.nextCallId();
  const described = describeCall(options, { id, startedAtMs, context, keyOption: engine.keyOption, keyed: routes });
  const named = engine.classifier && taskOf(described, options, engine.classifier);
  const task = named instanceof Promise ? await named : named;
  const call = task === undefined ? described : { ...described, task };
  const retriesOfClient = options.maxRetries ?? client.maxRetries;
  const maxRetries = retries === null ? retriesOfClient : Math.min(retriesOfClient, retries);
  const source: CallSource = { options, claim, maxRetries, timeoutMs: options.timeout ?? client.timeout, connect };
  const nowMs = routes ? parts.clock.now() : startedAtMs;
  const plan = routes ? engine.plan(call, options.body, nowMs) : undefined;
  if (!plan || plan.reason === 'notPortable') return await dispatchDirect(call, engine.home, source, retries, parts);
  try {
    if (engine.cache?.admits(call, options.body)) return await engine.cache.answer(call, plan, source);
    parts.retryBudget.deposit();
    return await dispatch(call, plan, source, parts, nowMs);
  } catch (error) {
    if (typeof error === 'object' && error !== null) engine.claims.set(error, claim);
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
  const { parts } = engine;
  const startedAtMs = parts.clock.now();
  const id = engine.nextCallId();
  const surroundings = { id, startedAtMs, context: undefined, keyOption: undefined, keyed: false };
  const describe = async (): Promise<Call> => describeCall(await given, surroundings);
  const redactFor = (error: unknown): void => {
    const { apiKey, adminAPIKey } = connect(upstream).client;
    const headers = given instanceof Promise ? undefined : given.headers;
    if (parts.redacts) redact(error, [apiKey, adminAPIKey, ...secretsOf({ headers, url: '' })]);
  };
  meterPage(page, { describe, upstream: upstream.name, redact: redactFor }, parts);
}
