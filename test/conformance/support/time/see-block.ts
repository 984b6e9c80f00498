/** Calls of all kinds, with an event loop that is blocked while their answers arrive. */

import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { route, type CanaryClient, type CanaryOptions } from '../../../../src/index.ts';
import { collectEvents } from '../../../../src/testing/index.ts';
import { STREAM_BODY, ask } from '../../../support/calls.ts';
import { canaryAt } from './canary-at.ts';
import { startProviderProcess, type PlainProviderOptions } from './provider-process.ts';

/** What the callers saw. */
export interface Blocked {
  readonly begun: readonly StreamSeen[];
  readonly midway: readonly StreamSeen[];
  readonly whole: readonly unknown[];
  readonly long: readonly unknown[];
  readonly deadline: readonly unknown[];
  /** The error codes of calls to the silent upstream. */
  readonly silent: readonly unknown[];
  /** The failure kinds or outcomes of all attempts except those on the silent upstream. */
  readonly attempts: readonly string[];
}

interface StreamSeen {
  readonly text: string;
  readonly error: unknown;
}

/** The answer of the provider: a stream of 55 chunks. */
export const TEXT = 'The answer that came while nobody looked. '.repeat(5);

/** The number of vectors in each long body. */
export const VECTORS = 40;

/** The number of warm-up calls, so that no code runs for the first time during the block. */
export const WARM_UPS = 4;

/** By then all requests are sent, and only the first chunks of the streams in progress have arrived. */
const SENT_MS = 350;
const ANSWER_MS = 700;
const BLOCKED_MS = 2_000;
/** The delay between chunks of the streams in progress; all chunks have arrived by the end of the block. */
const CHUNK_MS = 20;

const PATIENT: PlainProviderOptions = { answer: TEXT, latencyMs: ANSWER_MS, chunkDelayMs: 1 };
const IMPATIENT: CanaryOptions = { timeouts: { deadline: '60s', firstChunk: '1s', idle: '1s' } };

export async function seeBlock(): Promise<Blocked> {
  await using late = await startProviderProcess(PATIENT);
  await using slow = await startProviderProcess({ answer: TEXT, chunkDelayMs: CHUNK_MS });
  await using mute = await startProviderProcess({ faults: { '*': { kind: 'silence' } } });
  const clients = {
    begun: canaryAt(late.url, IMPATIENT),
    midway: canaryAt(slow.url, IMPATIENT),
    whole: canaryAt(late.url, IMPATIENT, { timeout: '1s' }),
    deadline: canaryAt(late.url, { timeouts: { deadline: '1s' } }),
  };
  const kinds = Object.values(clients).map((client) => collectEvents(client, ['attempt']));
  await Promise.all(Object.values(clients).map((client) => ask(client)));

  const seen = Promise.all([
    times(30, () => readStream(clients.begun)),
    times(30, () => readStream(clients.midway)),
    times(30, () => readWhole(clients.whole)),
    times(10, () => embed(clients.whole)),
    times(20, () => readWhole(clients.deadline)),
    times(5, () => readWhole(canaryAt(mute.url, IMPATIENT, { timeout: '1s' }))),
  ]);
  await delay(SENT_MS);
  // After this phase of the event loop, timers run before arrived data is read.
  await setImmediate();
  blockFor(BLOCKED_MS);
  const [begun, midway, whole, long, deadline, silent] = await seen;
  const attempts = kinds.flatMap((events) => events.of('attempt').map(({ kind, outcome }) => kind ?? outcome));
  return { begun, midway, whole, long, deadline, silent, attempts };
}

function times<T>(count: number, call: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, call));
}

function blockFor(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

async function readStream(client: CanaryClient): Promise<StreamSeen> {
  let text = '';
  try {
    for await (const { choices } of await client.chat.completions.create(STREAM_BODY)) {
      text += choices[0]?.delta.content ?? '';
    }
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  }
}

/** The text of an answer, or the code of its error. */
function readWhole(client: CanaryClient): Promise<unknown> {
  return ask(client).then(({ choices }) => choices[0]?.message.content, codeOf);
}

/** The number of vectors received: about 8 kB each as base64, together more than one read returns. */
function embed(client: CanaryClient): Promise<unknown> {
  const body = {
    model: 'text-embedding-3-small',
    input: Array.from({ length: VECTORS }, (_, index) => `text ${index}`),
  };
  return client.embeddings.create(body, route({ upstream: 'gemini' })).then(({ data }) => data.length, codeOf);
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
}
