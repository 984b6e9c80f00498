/** Makes a planned call, consumes its answer in the planned way, and returns what the caller saw. */

import { setTimeout as delay } from 'node:timers/promises';
import { APIUserAbortError, type OpenAI } from 'openai';
import { route, type CanaryClient } from '../../../../src/index.ts';
import type { PlannedCall } from './plan.ts';
import type { Reading, Taken } from './reading.ts';
import { startCall, type StartedCall } from './start-call.ts';
import { readRaw, readStream, readWhole } from './take-answer.ts';
import { CALL_HEADER } from './wire.ts';

/** What the caller saw of a call. */
export interface CallEnd {
  readonly planned: PlannedCall;
  /**
   * - `whole`: the answer was read to its end
   * - `left`: the caller stopped reading, or aborted its own signal
   * - `failed`: an error was thrown
   * - `hung`: nothing happened for `HUNG_AFTER_MS`
   */
  readonly how: 'whole' | 'left' | 'failed' | 'hung';
  /** The text that each reader of the answer got. */
  readonly texts: readonly string[];
  readonly error: unknown;
}

/** Longer than the time-outs of all attempts of a call together. */
const HUNG_AFTER_MS = 15_000;

/** The clients and the signal that calls use. */
export interface Callers {
  readonly client: CanaryClient;
  readonly clone: OpenAI;
  /** One signal for several calls; never aborted. */
  readonly shared: AbortSignal;
}

export async function makeCall(planned: PlannedCall, callers: Callers): Promise<CallEnd> {
  const reading: Reading = { planned, texts: [] };
  const { signal, release } = signalOf(planned, callers.shared);
  const watchdog = new AbortController();
  const hung = delay(HUNG_AFTER_MS, 'hung' as const, { signal: watchdog.signal, ref: false }).catch(
    () => 'hung' as const,
  );
  try {
    const how = await Promise.race([take(reading, callers, signal), hung]);
    return { planned, how: how === 'whole' && signal?.aborted ? 'left' : how, texts: reading.texts, error: undefined };
  } catch (error) {
    const left = signal?.aborted === true || (planned.way === 'helperAborted' && error instanceof APIUserAbortError);
    return { planned, how: left ? 'left' : 'failed', texts: reading.texts, error };
  } finally {
    watchdog.abort();
    release();
  }
}

function take(reading: Reading, callers: Callers, signal: AbortSignal | undefined): Promise<Taken> {
  const { planned } = reading;
  const make = (): Promise<Taken> =>
    takeAnswer(reading, startCall(planned, clientFor(planned, callers), optionsOf(planned, signal)));
  if (planned.steering !== 'context') return make();
  return callers.client.canary.run({ attributes: { plan: 'premium' } }, make);
}

function takeAnswer(reading: Reading, started: StartedCall): Promise<Taken> {
  if (started.kind === 'helper') return started.take(reading);
  const { way } = reading.planned;
  if (way === 'raw' || way === 'rawCancelled') return readRaw(reading, started.promise);
  return reading.planned.stream ? readStream(reading, started.promise) : readWhole(reading, started.promise);
}

function clientFor({ by }: PlannedCall, { client, clone }: Callers): OpenAI {
  return by === 'clone' ? clone : client;
}

function optionsOf(planned: PlannedCall, signal: AbortSignal | undefined): OpenAI.RequestOptions {
  const { index, by, steering, fallbacks, buffered } = planned;
  const key = steering === 'key' ? { key: `user-${index % 40}` } : {};
  const attributes = steering === 'segment' ? { attributes: { plan: 'premium' } } : {};
  const forced = typeof steering === 'object' ? { upstream: steering.forced } : {};
  const mode = buffered ? { stream: 'buffered' as const } : {};
  return {
    ...route({ task: String(index), fallbacks, ...key, ...attributes, ...forced, ...mode }),
    headers: { [CALL_HEADER]: String(index) },
    ...(signal ? { signal } : {}),
    ...(by === 'options' ? { timeout: 2_100, maxRetries: 1 } : {}),
  };
}

interface OwnSignal {
  readonly signal: AbortSignal | undefined;
  readonly release: () => void;
}

function signalOf({ signal, way }: PlannedCall, shared: AbortSignal): OwnSignal {
  const nothing = (): void => undefined;
  if (signal === 'aborted') return { signal: AbortSignal.abort(), release: nothing };
  // The SDK has no time-out for a raw body, so its reader needs one.
  const isRaw = way === 'raw' || way === 'rawCancelled';
  if (typeof signal === 'string' && !isRaw)
    return { signal: signal === 'shared' ? shared : undefined, release: nothing };
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), typeof signal === 'string' ? 3_000 : signal.afterMs);
  return { signal: controller.signal, release: () => clearTimeout(timer) };
}
