/** Checks of an answer, and when it is rejected in favour of another upstream. */

import { expect, test } from 'vitest';
import type { Surface } from '../../src/domain/call.ts';
import type { AnswerChecks } from '../../src/upstream/attempt-types.ts';
import { StreamInterruptedError } from '../../src/domain/errors.ts';
import { checkAnswer, RejectedAnswer } from '../../src/upstream/read-answer.ts';
import type { ResponseProps } from '../../src/upstream/sdk/types.ts';
import { attemptInput } from './support/attempt-input.ts';
import { sdkStream, sse } from './support/sdk-stream.ts';

const CHECKS: AnswerChecks = {
  firstChunkMs: Infinity,
  idleMs: 1_000,
  holds: true,
  bufferBytes: undefined,
  drains: false,
  interrupted: (partial, cause) => new StreamInterruptedError({ ...partial, upstream: 'u', attempts: [] }, cause),
};

// Only passed through.
const PROPS = {} as ResponseProps;

function checked(data: unknown, surface: Surface = 'chat') {
  const { input, ends } = attemptInput({ surface });
  const answer = (async () => checkAnswer({ ...input, judge: () => CHECKS }, { data, props: PROPS }))();
  const error = answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { answer, error, ends };
}

const choice = (finish: string) => ({ index: 0, message: { content: 'Hi' }, finish_reason: finish });
const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };

test('returns a valid answer unchanged and ends the attempt', async () => {
  const data = { choices: [choice('stop')], usage };
  const { answer, ends } = checked(data);
  expect(await answer).toEqual({ kind: 'parsed', data, props: PROPS });
  expect(ends).toMatchObject([{ failure: undefined, usage: { inputTokens: 3 } }]);
});

test.each<[Surface, unknown]>([
  ['chat', { choices: [] }],
  ['chat', '<html></html>'],
  ['chat', null],
  ['completions', { error: { message: 'No.' } }],
  ['responses', { id: 'r', status: 'failed', error: { code: 'server_error' } }],
  ['embeddings', { data: [] }],
  ['moderations', {}],
])('on %s rejects %j as malformed, and keeps it', async (surface, data) => {
  const { error, ends } = checked(data, surface);
  const thrown = await error;
  expect(thrown).toBeInstanceOf(RejectedAnswer);
  expect((thrown as RejectedAnswer).answer).toEqual({ kind: 'parsed', data, props: PROPS });
  expect(ends).toMatchObject([{ failure: { kind: 'malformed', outcome: 'failure', retrySame: true, tryNext: true } }]);
});

test.each<[Surface, unknown]>([
  ['chat', { choices: [choice('content_filter')], usage }],
  ['responses', { id: 'r', output: [], incomplete_details: { reason: 'content_filter' }, usage }],
])('on %s rejects a filtered answer as neutral with its usage, and keeps it', async (surface, data) => {
  const { error, ends } = checked(data, surface);
  expect(await error).toBeInstanceOf(RejectedAnswer);
  expect(ends).toMatchObject([{ failure: { kind: 'contentFilter', outcome: 'neutral' }, usage: { inputTokens: 3 } }]);
});

const say = (content: string) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const finish = (reason: string) => ({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });

test('returns the SDK’s own stream at its first content', async () => {
  const stream = await sdkStream(sse(say(''), say('Hi'), finish('stop'), '[DONE]'));
  const { answer, ends } = checked(stream);
  const given = await answer;
  expect(given.kind === 'parsed' && given.data).toBe(stream);
  expect(ends).toEqual([]);
  expect(await Array.fromAsync(stream)).toEqual([say(''), say('Hi'), finish('stop')]);
  expect(ends).toMatchObject([{ failure: undefined }]);
});

test('rejects a stream that is filtered before its content, and keeps it readable', async () => {
  const stream = await sdkStream(sse(say(''), finish('content_filter'), '[DONE]'));
  const { error, ends } = checked(stream);
  expect(await error).toBeInstanceOf(RejectedAnswer);
  expect(ends).toMatchObject([{ failure: { kind: 'contentFilter' } }]);
  expect(await Array.fromAsync(stream)).toEqual([say(''), finish('content_filter')]);
});

test('throws for a stream that ends before its content', async () => {
  const { error, ends } = checked(await sdkStream(sse(say(''))));
  expect(await error).toBeInstanceOf(StreamInterruptedError);
  expect(ends).toMatchObject([{ failure: { kind: 'truncated', tryNext: true } }]);
});
