/** The outcome of a stream with checks. */

import { APIError, APIUserAbortError } from 'openai';
import { describe, expect, test } from 'vitest';
import type { AnswerChecks, AttemptInput } from '../../../src/upstream/attempt-types.ts';
import { DeadlineError, StreamInterruptedError, UpstreamTimeoutError } from '../../../src/domain/errors.ts';
import type { StreamEnd, StreamStage } from '../../../src/upstream/stream/guarded-reader.ts';
import { StreamGuard } from '../../../src/upstream/stream/stream-guard.ts';
import type { TimeLimit } from '../../../src/resilience/time-limit.ts';
import { attemptInput } from '../support/attempt-input.ts';

const CHECKS: AnswerChecks = {
  firstChunkMs: Infinity,
  idleMs: 1_000,
  holds: true,
  bufferBytes: undefined,
  drains: false,
  interrupted: (partial, cause) => new StreamInterruptedError({ ...partial, upstream: 'u', attempts: [] }, cause),
};

function guardOf({
  checks = {},
  ...options
}: Partial<Omit<AttemptInput, 'judge'>> & { checks?: Partial<AnswerChecks> }) {
  const attempted = attemptInput(options);
  const controller = new AbortController();
  const guard = new StreamGuard(attempted.input, { ...CHECKS, ...checks }, controller);
  const see = (...chunks: readonly unknown[]): void => chunks.forEach((chunk) => guard.see(chunk));
  return { ...attempted, controller, guard, see };
}

const say = (content: string) => ({ choices: [{ index: 0, delta: { content } }] });
const finish = (reason: string) => ({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
const USAGE = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };

const DONE: StreamEnd = { kind: 'done' };
const LEFT: StreamEnd = { kind: 'aborted' };
const broken = (error: unknown): StreamEnd => ({ kind: 'error', error });
const reset = new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } });

function limitThat(expired: Error | undefined): TimeLimit & { stops: number } {
  const limit = {
    signal: new AbortController().signal,
    expired: () => expired,
    stops: 0,
    stopTimer: () => void (limit.stops += 1),
    restartTimer: () => undefined,
    headersArrived: () => undefined,
    abort: () => undefined,
    release: () => undefined,
    controlledBy: () => undefined,
  };
  return limit;
}

describe('the commitment', () => {
  test.each([
    ['text', { content: 'Hi' }],
    ['a tool call', { tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] }],
    ['a refusal', { refusal: 'No.' }],
    ['reasoning', { reasoning_content: 'Hm.' }],
    ['audio', { audio: { data: 'AAAA' } }],
  ])('comes with %s, not before', (_name, delta) => {
    const { guard, see } = guardOf({});
    see(
      { choices: [], prompt_filter_results: [] },
      { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] },
    );
    expect(guard.isCommitted()).toBe(false);
    see({ choices: [{ index: 0, delta }] });
    expect(guard.isCommitted()).toBe(true);
  });

  test('of a buffered stream comes when the buffer is full', () => {
    const { guard, see } = guardOf({ checks: { bufferBytes: 100 } });
    see(say('Hel'));
    expect(guard.isCommitted()).toBe(false);
    see(say('lo '.repeat(30)));
    expect(guard.isCommitted()).toBe(true);
  });

  test('stops the time limit and starts the limit of silence', async () => {
    const limit = limitThat(undefined);
    const { guard, see, clock, controller } = guardOf({ limit });
    guard.silence?.waiting();
    see({ choices: [{ index: 0, delta: { role: 'assistant' } }] });
    await clock.advance(5_000);
    expect([limit.stops, controller.signal.aborted]).toEqual([0, false]);
    see(say('Hi'));
    expect(limit.stops).toBe(1);
    guard.silence?.waiting();
    await clock.advance(1_000);
    expect(controller.signal.aborted).toBe(true);
  });
});

describe('a usage chunk', () => {
  const chunk = { ...say('Hi'), usage: null };

  test('that we requested is hidden, and so is usage: null', () => {
    const { guard } = guardOf({ hidesUsage: true });
    const empty = { ...chunk };
    expect(guard.hides({ choices: [], usage: USAGE })).toBe(true);
    expect(guard.hides(empty)).toBe(false);
    expect(empty).toEqual(say('Hi'));
  });

  test('that the caller requested as well is not hidden', () => {
    const { guard } = guardOf({ hidesUsage: false });
    const empty = { ...chunk };
    expect(guard.hides({ choices: [], usage: USAGE })).toBe(false);
    expect(guard.hides(empty)).toBe(false);
    expect(empty).toEqual(chunk);
  });
});

describe('an end', () => {
  test('with a finish_reason is a success with usage, cost and model', () => {
    const { guard, see, ends, clock } = guardOf({});
    see({ ...say('Hi'), model: 'm-1' }, finish('stop'), { choices: [], usage: { ...USAGE, cost: 0.5 } });
    expect(guard.onEnd(DONE, 'committed')).toBeUndefined();
    expect(ends).toMatchObject([
      {
        failure: undefined,
        atMs: clock.now(),
        usage: { inputTokens: 3, outputTokens: 4 },
        usageEstimated: false,
        reportedUsd: 0.5,
        model: 'm-1',
      },
    ]);
  });

  test('of one choice of two is an interruption', () => {
    const { guard, see, ends } = guardOf({});
    see(say('Hi'), { choices: [{ index: 1, delta: { content: 'Hey' } }] }, finish('stop'));
    expect(guard.onEnd(DONE, 'committed')).toBeInstanceOf(StreamInterruptedError);
    expect(ends).toMatchObject([{ failure: { kind: 'truncated' } }]);
  });

  test('without a finish_reason is an interruption without a cause, with the partial text', () => {
    const { guard, see, ends } = guardOf({ options: { method: 'post', path: '/x', body: { messages: [] } } });
    see(say('Hel'), say('lo'));
    const error = guard.onEnd(DONE, 'committed');
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ partialText: 'Hello', usageEstimated: true, usage: { outputTokens: 1 } });
    expect(error).not.toHaveProperty('cause');
    expect(ends).toMatchObject([{ failure: { kind: 'truncated' }, partial: true, usageEstimated: true }]);
  });

  test('by an error is an interruption with that error as its cause, redacted', () => {
    const { guard, see, ends, redacted } = guardOf({});
    see(say('Hel'));
    const error = guard.onEnd(broken(reset), 'committed');
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ cause: reset, partialText: 'Hel' });
    expect(redacted).toEqual([reset]);
    expect(ends).toMatchObject([{ failure: { kind: 'connection', outcome: 'failure' } }]);
  });

  test('by an error before the commitment throws that error, so that the call can fall back', () => {
    const { guard, ends } = guardOf({});
    expect(guard.onEnd(broken(reset), 'held')).toBe(reset);
    expect(ends).toMatchObject([{ failure: { kind: 'connection', tryNext: true }, partial: false, usage: undefined }]);
  });

  test('by interruption keeps the usage that the provider sent', () => {
    const { guard, see } = guardOf({});
    see({ ...say('Hel'), usage: USAGE });
    const error = guard.onEnd(DONE, 'committed');
    expect(error).toMatchObject({ usage: { inputTokens: 3, outputTokens: 4 }, usageEstimated: false });
  });

  test.each<[string, AttemptInput['surface'], unknown, string, string]>([
    ['finish_reason "error"', 'chat', finish('error'), 'server_error', 'server'],
    [
      'response.failed',
      'responses',
      { type: 'response.failed', response: { error: { code: 'rate_limit_exceeded', message: 'Slow down.' } } },
      'rate_limit_exceeded',
      'rateLimit',
    ],
  ])('by %s is a failure, for which the SDK throws no error', (_name, surface, chunk, code, kind) => {
    const { guard, see, ends } = guardOf({ surface });
    see(chunk);
    const error = guard.onEnd(DONE, 'held');
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ code });
    expect(ends).toMatchObject([{ failure: { kind } }]);
  });
});

describe('a content filter', () => {
  test('is neutral and not an error', () => {
    const { guard, see, ends } = guardOf({});
    see(say('Hel'), finish('content_filter'));
    expect(guard.onEnd(DONE, 'committed')).toBeUndefined();
    expect(ends).toMatchObject([{ failure: { kind: 'contentFilter', outcome: 'neutral', breakerOutcome: 'neutral' } }]);
  });

  test('filters the whole answer when it comes before the commitment', () => {
    const { guard, see } = guardOf({});
    expect(guard.isFilteredWhole).toBe(false);
    see(finish('content_filter'));
    expect(guard.isFilteredWhole).toBe(false);
    guard.onEnd(DONE, 'held');
    expect(guard.isFilteredWhole).toBe(true);
  });

  test('of the Responses API is found in an incomplete response', () => {
    const { guard, see, ends } = guardOf({ surface: 'responses' });
    const response = { id: 'r', incomplete_details: { reason: 'content_filter' } };
    see({ type: 'response.incomplete', response });
    expect(guard.onEnd(DONE, 'held')).toBeUndefined();
    expect(ends).toMatchObject([{ failure: { kind: 'contentFilter' } }]);
  });
});

describe('a caller that leaves', () => {
  test.each<StreamStage>(['committed', 'left'])('a stream that is %s aborts it without an error', (stage) => {
    const { guard, see, ends } = guardOf({});
    see(say('Hel'));
    expect(guard.onEnd(LEFT, stage)).toBeUndefined();
    expect(ends).toMatchObject([{ failure: { outcome: 'aborted', kind: undefined }, usageEstimated: true }]);
  });

  test('a stream that is held back aborts the call', () => {
    const { guard, ends } = guardOf({});
    expect(guard.onEnd(LEFT, 'held')).toBeInstanceOf(APIUserAbortError);
    expect(ends).toMatchObject([{ failure: { outcome: 'aborted', kind: undefined }, usage: undefined }]);
  });

  test('after the finish_reason has not aborted', () => {
    const { guard, see, ends } = guardOf({});
    see(say('Hel'), finish('stop'));
    expect(guard.onEnd(LEFT, 'left')).toBeUndefined();
    expect(ends).toMatchObject([{ failure: undefined }]);
  });

  test('is not blamed on the upstream when the time limit passes later', () => {
    const { guard, see, ends } = guardOf({ limit: limitThat(new DeadlineError(5)) });
    see(say('Hel'));
    guard.onEnd(LEFT, 'left');
    expect(ends).toMatchObject([{ failure: { outcome: 'aborted' } }]);
  });
});

describe('a timeout', () => {
  test('before the first content is thrown as it is', () => {
    const expired = new UpstreamTimeoutError('firstChunk', 5);
    const { guard, ends } = guardOf({ limit: limitThat(expired) });
    expect(guard.onEnd(LEFT, 'held')).toBe(expired);
    expect(ends).toMatchObject([
      { failure: { kind: 'timeout', phase: 'firstChunk', retrySame: false, tryNext: true } },
    ]);
  });

  test('before the next chunk is an interruption', async () => {
    const { guard, see, ends, clock } = guardOf({});
    see(say('Hel'));
    guard.silence?.waiting();
    await clock.advance(1_000);
    const error = guard.onEnd(LEFT, 'committed');
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ cause: { code: 'UPSTREAM_TIMEOUT', phase: 'idle', budgetMs: 1_000 } });
    expect(ends).toMatchObject([{ failure: { kind: 'timeout', phase: 'idle' } }]);
  });

  test('after the finish_reason changes nothing', () => {
    const { guard, see, ends } = guardOf({ limit: limitThat(new DeadlineError(5)) });
    see(say('Hel'), finish('stop'));
    expect(guard.onEnd(LEFT, 'committed')).toBeUndefined();
    expect(ends).toMatchObject([{ failure: undefined }]);
  });
});

test('reports the id of a response once, as soon as it is known', () => {
  const { see, ids } = guardOf({ surface: 'responses' });
  const response = { id: 'resp_1' };
  see({ type: 'response.created', response }, { type: 'response.in_progress', response });
  expect(ids).toEqual(['resp_1']);
});
