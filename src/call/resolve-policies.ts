/** Resolves the options of dispatching: retries, time limits, streams, hedging and the breaker. */

import { checkDuration, checkKeys, checkNumber, checkOneOf } from '../domain/check.ts';
import { checkAccept } from './acceptance.ts';
import type { DispatchPolicy } from './call-services.ts';
import type { AcceptOption, StreamMode } from '../domain/call.ts';
import type { HedgingInput } from '../resilience/hedge-policy.ts';
import type {
  BreakerOptions,
  HedgeOptions,
  RetryOptions,
  StreamOptions,
  TimeoutOptions,
} from '../resilience/options.ts';
import type { BreakerPolicy } from '../resilience/breaker.ts';
import { ConfigError } from '../domain/errors.ts';

/** The sections of the options that control how a call is dispatched. */
export interface DispatchOptions {
  readonly retry?: RetryOptions | undefined;
  readonly timeouts?: TimeoutOptions | undefined;
  readonly stream?: StreamMode | StreamOptions | undefined;
  readonly accept?: AcceptOption | undefined;
}

/** @throws ConfigError */
export function resolveDispatch({ retry = {}, timeouts = {}, stream = {}, accept }: DispatchOptions): DispatchPolicy {
  checkKeys('canary.retry', retry, ['attempts', 'minDelay', 'maxDelay', 'budget', 'maxRetryAfter', 'fallBackOn']);
  checkKeys('canary.timeouts', timeouts, ['deadline', 'firstChunk', 'idle']);
  const { minDelay = '500ms', maxRetryAfter = '60s' } = retry;
  const minDelayMs = checkDuration('canary.retry.minDelay', minDelay, { min: 0 });
  const { maxDelay = Math.max(8_000, minDelayMs) } = retry;
  const maxDelayMs = checkDuration('canary.retry.maxDelay', maxDelay, { min: 0 });
  if (minDelayMs > maxDelayMs) {
    throw new ConfigError(
      'canary.retry.minDelay',
      `should not be longer than maxDelay (${maxDelayMs} ms), got ${minDelayMs} ms`,
    );
  }
  const attempts =
    retry.attempts === undefined
      ? undefined
      : checkNumber('canary.retry.attempts', retry.attempts, { min: 0, max: 100, integer: true });
  const deadlineMs =
    timeouts.deadline === undefined ? undefined : checkDuration('canary.timeouts.deadline', timeouts.deadline);
  const { firstChunk, idle } = timeouts;
  return {
    attempts,
    minDelayMs,
    maxDelayMs,
    maxRetryAfterMs: checkDuration('canary.retry.maxRetryAfter', maxRetryAfter, { min: 0 }),
    deadlineMs,
    firstChunkMs: firstChunk === undefined ? Infinity : checkDuration('canary.timeouts.firstChunk', firstChunk),
    idleMs: idle === undefined ? Infinity : checkDuration('canary.timeouts.idle', idle),
    ...resolveStream(stream),
    accept: checkAccept('canary.accept', accept),
  };
}

/** Long answers fit into it with ease. */
const DEFAULT_BUFFER_BYTES = 4 * 1024 * 1024;

function resolveStream(stream: StreamMode | StreamOptions): Pick<DispatchPolicy, 'streamMode' | 'maxBufferBytes'> {
  if (typeof stream === 'string') {
    return { streamMode: checkMode('canary.stream', stream), maxBufferBytes: DEFAULT_BUFFER_BYTES };
  }
  checkKeys('canary.stream', stream, ['mode', 'maxBufferBytes']);
  const { mode = 'committed', maxBufferBytes = DEFAULT_BUFFER_BYTES } = stream;
  return {
    streamMode: checkMode('canary.stream.mode', mode),
    maxBufferBytes: checkNumber('canary.stream.maxBufferBytes', maxBufferBytes, { min: 1 }),
  };
}

function checkMode(path: string, mode: unknown): StreamMode {
  return checkOneOf(path, mode, ['committed', 'buffered']);
}

/** When calls are hedged. */
export type HedgePolicy = Pick<HedgingInput, 'after' | 'maxShare'>;

/** @throws ConfigError */
export function resolveHedge(hedge: HedgeOptions): HedgePolicy {
  checkKeys('canary.hedge', hedge, ['after', 'maxShare']);
  const { after, maxShare = 0.05 } = hedge;
  return {
    after: after === 'p95' ? after : checkDuration('canary.hedge.after', after),
    maxShare: checkNumber('canary.hedge.maxShare', maxShare, { min: 0, max: 1 }),
  };
}

/** @throws ConfigError */
export function resolveBreaker(breaker: BreakerOptions): BreakerPolicy {
  const path = 'canary.breaker';
  checkKeys(path, breaker, ['errorRate', 'window', 'minCalls', 'consecutive', 'openFor', 'maxOpenFor', 'probes']);
  const { errorRate = 0.5, window = '30s', minCalls = 20, consecutive = 5, openFor = '5s', probes = 3 } = breaker;
  const openForMs = checkDuration(`${path}.openFor`, openFor);
  const { maxOpenFor = Math.max(15_000, openForMs) } = breaker;
  const maxOpenForMs = checkDuration(`${path}.maxOpenFor`, maxOpenFor);
  if (openForMs > maxOpenForMs) {
    throw new ConfigError(
      `${path}.openFor`,
      `should not be longer than maxOpenFor (${maxOpenForMs} ms), got ${openForMs} ms`,
    );
  }
  return {
    errorRate: checkNumber(`${path}.errorRate`, errorRate, { min: 0, max: 1 }),
    windowMs: checkDuration(`${path}.window`, window),
    minCalls: checkNumber(`${path}.minCalls`, minCalls, { min: 1, integer: true }),
    consecutive: checkNumber(`${path}.consecutive`, consecutive, { min: 1, integer: true }),
    openForMs,
    maxOpenForMs,
    probes: checkNumber(`${path}.probes`, probes, { min: 1, integer: true }),
  };
}
