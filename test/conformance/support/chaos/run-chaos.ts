/** Runs all planned calls concurrently, with three providers and one client, and collects the results. */

import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { AttemptRecord, CallRecord, CanaryClient } from '../../../../src/index.ts';
import { systemClock } from '../../../../src/time/system-clock.ts';
import { collectEvents } from '../../../../src/testing/index.ts';
import { CountingClock } from '../counting-clock.ts';
import { makeCall, type CallEnd, type Callers } from './make-call.ts';
import type { PlannedCall } from './plan.ts';
import { PROVIDERS, type ProviderName } from './vocabulary.ts';
import { CALL_HEADER, Wire } from './wire.ts';
import { byProvider, clientOf, listenBadly, startProviders, type Providers } from './world.ts';

/** The results of a run. */
export interface Aftermath {
  readonly ends: readonly CallEnd[];
  readonly attempts: readonly AttemptRecord[];
  readonly calls: readonly CallRecord[];
  /** By provider and call: the requests that the provider's server received and that the client sent. */
  readonly requests: Readonly<
    Record<ProviderName, (call: number) => { readonly sent: number; readonly received: number }>
  >;
  /** The calls in the provider's log, one entry per request. */
  readonly logged: Readonly<Record<ProviderName, readonly number[]>>;
  readonly unhandled: readonly unknown[];
  /** The leftovers before and after the client and the providers were closed. */
  readonly left: { readonly open: Leftovers; readonly closed: Leftovers };
  readonly snapshot: ReturnType<CanaryClient['canary']['snapshot']>;
  readonly costs: ReturnType<CanaryClient['canary']['costs']>;
  readonly warnings: readonly string[];
}

export interface Leftovers {
  readonly timers: number;
  readonly listeners: number;
  /** Answers that were neither read to their end nor cancelled. */
  readonly answers: number;
  readonly sockets: number;
  readonly busyProviders: number;
}

/** The maximum number of concurrent calls. */
export const CONCURRENCY = 120;

export async function runChaos(plan: readonly PlannedCall[], seed: number): Promise<Aftermath> {
  using wire = new Wire();
  using rejections = new UnhandledRejections();
  const providers = await startProviders(plan, seed);
  const clock = new CountingClock(systemClock);
  const client = clientOf(providers, clock, seed);
  const events = collectEvents(client, ['attempt', 'call', 'warning']);
  listenBadly(client);
  const { signal: shared } = new AbortController();
  const callers = { client, clone: client.withOptions({ timeout: 2_300, maxRetries: 3 }), shared };
  const leftovers = async (): Promise<Leftovers> => ({
    timers: clock.pending,
    listeners: getEventListeners(shared, 'abort').length,
    answers: wire.inFlight,
    sockets: wire.openSockets,
    busyProviders: await busyOf(providers),
  });

  const ends = await inParallel(plan, callers);
  await quiet(() => clock.pending + wire.inFlight);
  const open = await leftovers();
  const [snapshot, costs] = [client.canary.snapshot(), client.canary.costs()];
  void client.canary.close();
  const logged = byProvider((name) => providers[name].requests.map(({ headers }) => Number(headers[CALL_HEADER])));
  const ports = byProvider((name) => Number(new URL(providers[name].url).port));
  await Promise.all(PROVIDERS.map((name) => providers[name].close()));
  await quiet(() => wire.openSockets);
  return {
    ends,
    attempts: events.of('attempt'),
    calls: events.of('call'),
    requests: byProvider((name) => (call) => wire.count(ports[name], call)),
    logged,
    unhandled: rejections.seen,
    left: { open, closed: await leftovers() },
    snapshot,
    costs,
    warnings: events.of('warning').map(({ code }) => code),
  };
}

async function inParallel(plan: readonly PlannedCall[], callers: Callers): Promise<CallEnd[]> {
  const ends: CallEnd[] = [];
  const left = plan.values();
  const worker = async (_: unknown, place: number): Promise<void> => {
    // Staggered, because the first calls also warm up the process.
    await delay(place * 5);
    for (const planned of left) ends.push(await makeCall(planned, callers));
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return ends;
}

/** Waits until nothing is in flight, or gives up. Drained streams outlive their calls by a time-out or two. */
async function quiet(goesOn: () => number): Promise<void> {
  let seen = goesOn();
  for (let unchangedMs = 0; seen > 0 && unchangedMs < 2_500; unchangedMs += 25) {
    await delay(25);
    if (goesOn() !== seen) unchangedMs = 0;
    seen = goesOn();
  }
}

/** The number of providers with requests in flight. */
async function busyOf(providers: Providers): Promise<number> {
  const busy = await Promise.all(
    PROVIDERS.map((name) => Promise.race([providers[name].idle().then(() => 0), delay(1_000, 1, { ref: false })])),
  );
  return busy.reduce((sum, count) => sum + count, 0);
}

class UnhandledRejections implements Disposable {
  readonly seen: unknown[] = [];
  readonly #listener = (reason: unknown): void => void this.seen.push(reason);

  constructor() {
    process.on('unhandledRejection', this.#listener);
  }

  [Symbol.dispose](): void {
    process.off('unhandledRejection', this.#listener);
  }
}
