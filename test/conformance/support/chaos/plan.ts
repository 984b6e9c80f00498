/** What shall happen to every call: made from a seed, before anything happens. */

import { seededRandom, type Fault } from '../../../../src/testing/index.ts';
import { PROVIDERS, type ProviderName } from './vocabulary.ts';

/** How a caller takes an answer that is no stream. */
export type WholeWay = 'await' | 'withResponse' | 'raw' | 'rawCancelled';

/** How a caller takes a stream, or leaves it. */
export type StreamWay =
  | 'read'
  | 'withResponse'
  | 'break'
  | 'controller'
  | 'neverRead'
  | 'tee'
  | 'teeOneSide'
  | 'teeLeft'
  | 'readable'
  | 'readableCancelled'
  | 'raw'
  | 'rawCancelled'
  | 'helper'
  | 'helperAborted';

export type ChaosSurface = 'chat' | 'completions' | 'responses' | 'embeddings';

/** One call of the application, and the fate of each of its requests. */
export interface PlannedCall {
  readonly index: number;
  readonly surface: ChaosSurface;
  readonly stream: boolean;
  readonly way: WholeWay | StreamWay;
  /** Chunks or pieces that are read before the caller leaves, where its way is to leave. */
  readonly leaveAfter: number;
  /** The caller's signal: none, one that all such calls share, one aborted before the call, or aborted so many ms after it began. */
  readonly signal: 'none' | 'shared' | 'aborted' | { readonly afterMs: number };
  /** Made with the client, with a clone of other options, or with options of its own. */
  readonly by: 'client' | 'clone' | 'options';
  /** How the call is steered. */
  readonly steering: 'split' | 'key' | 'segment' | 'context' | { readonly forced: ProviderName };
  readonly fallbacks: boolean;
  readonly buffered: boolean;
  readonly asksForUsage: boolean;
  /** What strikes the first, second… request of the call at each provider; those after the last are healthy. */
  readonly faults: Readonly<Record<ProviderName, readonly Fault[]>>;
}

/** The same calls for the same seed. */
export function planChaos(seed: number, calls: number): readonly PlannedCall[] {
  const random = seededRandom(seed);
  return Array.from({ length: calls }, (_, index) => planCall(index, random));
}

/** Leaves the answer as it is: what a healthy request in a list of faults gets. */
export const HEALTHY: Fault = { kind: 'lateFirstToken', delayMs: 0 };

type Random = () => number;

function planCall(index: number, random: Random): PlannedCall {
  const surface = pick(random, [
    'chat',
    'chat',
    'chat',
    'responses',
    'responses',
    'completions',
    'embeddings',
  ] as const);
  const stream = surface !== 'embeddings' && random() < 0.6;
  const way = stream ? pick(random, surface === 'chat' ? CHAT_STREAM_WAYS : STREAM_WAYS) : pick(random, WHOLE_WAYS);
  return {
    index,
    surface,
    stream,
    way,
    leaveAfter: Math.floor(random() * 4),
    signal: pickSignal(random),
    by: pick(random, ['client', 'client', 'clone', 'options'] as const),
    steering: pick(random, STEERINGS),
    fallbacks: random() < 0.85,
    buffered: random() < 0.2,
    asksForUsage: random() < 0.3,
    faults: { openai: faults(random), gemini: faults(random), deepseek: faults(random) },
  };
}

const WHOLE_WAYS = ['await', 'await', 'withResponse', 'raw', 'rawCancelled'] as const;

const STREAM_WAYS = [
  'read',
  'read',
  'read',
  'withResponse',
  'break',
  'controller',
  'neverRead',
  'tee',
  'teeOneSide',
  'teeLeft',
  'readable',
  'readableCancelled',
  'raw',
  'rawCancelled',
] as const;

const CHAT_STREAM_WAYS = [...STREAM_WAYS, 'helper', 'helperAborted'] as const;

const STEERINGS = ['split', 'split', 'key', 'segment', 'context', ...PROVIDERS.map((forced) => ({ forced }))] as const;

function pickSignal(random: Random): PlannedCall['signal'] {
  const draw = random();
  // Most aborts come within the time that an answer takes, some late.
  const afterMs = random() ** 2 * 400;
  if (draw < 0.5) return 'none';
  if (draw < 0.78) return 'shared';
  return draw < 0.82 ? 'aborted' : { afterMs };
}

function faults(random: Random): Fault[] {
  return Array.from({ length: 4 }, () => ({ ...(random() < 0.45 ? pickFault(random) : HEALTHY), times: 1 }));
}

/** Cuts come within the first pieces of an answer: none has so few that its last one would be reached. */
function pickFault(random: Random): Fault {
  const afterChunks = Math.floor(random() * 5);
  return pick<Fault>(random, [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 500, headers: { 'x-should-retry': 'false' } },
    { kind: 'status', status: 503, headers: { 'retry-after-ms': '5' } },
    { kind: 'status', status: 529 },
    { kind: 'status', status: 408 },
    { kind: 'status', status: 429, headers: { 'retry-after-ms': '8' } },
    { kind: 'status', status: 429, headers: { 'retry-after-ms': '8' } },
    { kind: 'status', status: pick(random, [400, 401, 402, 403, 404, 422]) },
    { kind: 'reset' },
    { kind: 'reset' },
    { kind: 'cut', afterChunks },
    { kind: 'cut', afterChunks },
    { kind: 'endEarly', afterChunks },
    { kind: 'endEarly', afterChunks },
    { kind: 'malformedChunk', chunk: afterChunks },
    { kind: 'errorEvent', afterChunks },
    { kind: 'errorEvent', afterChunks },
    { kind: 'noDone' },
    { kind: 'lateFirstToken', delayMs: 5 },
    { kind: 'stall', afterChunks, forMs: 5 },
    { kind: 'html' },
    { kind: 'html', status: 200 },
    { kind: 'emptyBody' },
    { kind: 'contextLength' },
    { kind: 'contentFilter' },
    // Only a time-out ends these two: they are rare, so that the whole does not take long.
    random() < 0.5 ? { kind: 'silence' } : { kind: 'stall', afterChunks },
  ]);
}

function pick<T>(random: Random, from: readonly T[]): T {
  // The index is within the list.
  return from[Math.floor(random() * from.length)] as T;
}
