/** Meters a list: the SDK's own promise is left to do its work, and observed from the side. */

import type { Call } from '../domain/call.ts';
import { NOTHING_KNOWN } from '../upstream/attempt-types.ts';
import { classifyFailure, type Failure } from '../resilience/failure.ts';
import type { APIPromise } from '../upstream/sdk/types.ts';
import { CallProgress } from './call-record.ts';
import type { DispatchParts } from './call-services.ts';

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
export function meterPage(page: APIPromise<unknown>, source: PageSource, parts: DispatchParts): void {
  // Neither parses the page nor sends it again.
  const respond = page.asResponse.bind(page);
  let metered = false;
  const look = (): void => {
    if (!metered) void meter(respond(), source, parts);
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
  { describe, upstream, redact }: PageSource,
  { observer, pricing, clock }: DispatchParts,
): Promise<void> {
  const failure = await response.then(
    () => undefined,
    (error: unknown): Failure => {
      // This handler is the first that the promise has: nobody has seen the error yet.
      redact(error);
      return classifyFailure(error);
    },
  );
  const atMs = clock.now();
  // Options that never came were never sent.
  const call = await describe().catch(() => undefined);
  if (!call) return;
  const progress = new CallProgress(call, upstream, observer, pricing);
  const started = progress.start(upstream, 'first', call.model, call.startedAtMs);
  progress.answered(started.index);
  progress.end(started, { ...NOTHING_KNOWN, failure, atMs });
}
