/** Meters list requests, which the SDK sends by itself. */

import { classifyFailure, type Failure } from '../resilience/failure.ts';
import type { Call } from '../domain/call.ts';
import { NOTHING_KNOWN } from '../upstream/attempt-types.ts';
import { redact, secretsOf } from '../upstream/sdk/secrets.ts';
import type { APIPromise, RequestOptions } from '../upstream/sdk/types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { CallRecorder } from './call-record.ts';
import type { CallServices } from './call-services.ts';
import { describeCall } from './describe-call.ts';
import type { Caller } from './handle-call.ts';

/** Meters a list request that the SDK has already sent. */
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

/** A list request, beside its promise. */
interface PageSource {
  readonly describe: () => Promise<Call>;
  readonly upstream: string;
  /** Removes secrets from an error. */
  readonly redact: (error: unknown) => void;
}

/**
 * Meters a list request without changing the SDK's promise. Metering starts when the caller first uses the promise: observing it handles its
 * rejection, and a failure that the caller ignores must stay an unhandled rejection.
 */
function meterPage(page: APIPromise<unknown>, source: PageSource, services: CallServices): void {
  // `asResponse` neither parses the page nor sends the request again.
  const respond = page.asResponse.bind(page);
  let metered = false;
  const startMetering = (): void => {
    if (!metered) void meter(respond(), source, services);
    metered = true;
  };
  for (const name of PROMISE_METHODS) {
    const own = page[name].bind(page) as (...args: unknown[]) => unknown;
    const observed = (...args: unknown[]): unknown => {
      startMetering();
      return own(...args);
    };
    Reflect.defineProperty(page, name, { value: observed, configurable: true, writable: true });
  }
}

/** The methods by which a caller uses the promise of a page. */
const PROMISE_METHODS = ['then', 'catch', 'finally', 'asResponse', 'withResponse', '_thenUnwrap'] as const;

async function meter(
  response: Promise<Response>,
  { describe, upstream, redact: redactFor }: PageSource,
  services: CallServices,
): Promise<void> {
  const failure = await response.then(
    () => undefined,
    (error: unknown): Failure => {
      // This is the first handler of the promise, so the error is redacted before the caller sees it.
      redactFor(error);
      return classifyFailure(error);
    },
  );
  const atMs = services.clock.now();
  // If the promise of the options rejects, no request is sent.
  const call = await describe().catch(() => undefined);
  if (!call) return;
  const recorder = new CallRecorder(call, upstream, services);
  const started = recorder.start(upstream, 'first', call.model, call.startedAtMs);
  recorder.answered(started.index);
  recorder.end(started, { ...NOTHING_KNOWN, failure, atMs });
}
