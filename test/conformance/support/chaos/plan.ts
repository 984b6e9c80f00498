/** The plan of a chaos run: what happens to every call, computed from a seed before the run. */

import { seededRandom, type Fault } from '../../../../src/testing/index.ts';
import { PROVIDERS, type ProviderName } from './vocabulary.ts';

/** How a caller consumes an answer that is not a stream. */
export type WholeWay = 'await' | 'withResponse' | 'raw' | 'rawCancelled';

/** How a caller consumes or leaves a stream. */
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

/** One call of the application, and the faults of each of its requests. */
export interface PlannedCall {
  readonly index: number;
  readonly surface: ChaosSurface;
  readonly stream: boolean;
  readonly way: WholeWay | StreamWay;
  /** The number of chunks or pieces that the caller reads before it leaves, if it leaves. */
  readonly leaveAfter: number;
  /**
   * The caller's signal: no signal, one shared by several calls, one aborted before the call, or one aborted
   * `afterMs` after its start.
   */
  readonly signal: 'none' | 'shared' | 'aborted' | { readonly afterMs: number };
  /** Made with the client, with a clone that has other options, or with options of the call. */
  readonly by: 'client' | 'clone' | 'options';
  /** What routes the call. */
  readonly steering: 'split' | 'key' | 'segment' | 'context' | { readonly forced: ProviderName };
  readonly fallbacks: boolean;
  readonly buffered: boolean;
  readonly asksForUsage: boolean;
  /** The faults of the first, second… request of the call at each provider; later requests have no fault. */
  readonly faults: Readonly<Record<ProviderName, readonly Fault[]>>;
}

/** The planned calls; equal for equal seeds. */
export function planChaos(seed: number, calls: number): readonly PlannedCall[] {
  const random = seededRandom(seed);
  return Array.from({ length: calls }, (_, index) => planCall(index, random));
}

/** A fault without effect, for a healthy request in a list of faults. */
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
  // Most aborts are within the time of an answer, some are later.
  const afterMs = random() ** 2 * 400;
  if (draw < 0.5) return 'none';
  if (draw < 0.78) return 'shared';
  return draw < 0.82 ? 'aborted' : { afterMs };
}

function faults(random: Random): Fault[] {
  return Array.from({ length: 4 }, () => ({ ...(random() < 0.45 ? pickFault(random) : HEALTHY), times: 1 }));
}

/** Cuts are within the first pieces of an answer: every answer has more pieces than that. */
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
    // Only a time-out ends these two. They are rare, so that the run stays short.
    random() < 0.5 ? { kind: 'silence' } : { kind: 'stall', afterChunks },
  ]);
}

function pick<T>(random: Random, from: readonly T[]): T {
  // the index is within the list
  return from[Math.floor(random() * from.length)] as T;
}
