/** What is an answer, and what another upstream may better. */

import { expect, test } from 'vitest';
import type { Surface } from '../../src/domain/call.ts';
import type { AnswerChecks } from '../../src/upstream/attempt-types.ts';
import { StreamInterruptedError } from '../../src/domain/errors.ts';
import { checkAnswer, RejectedAnswer } from '../../src/upstream/read-answer.ts';
import type { ResponseProps } from '../../src/upstream/sdk/types.ts';
import { attemptInput } from './support/attempt-input.ts';
import { sdkStream, sse } from './support/sdk-stream.ts';

const JUDGE: AnswerChecks = {
  idleMs: 1_000,
  bufferBytes: undefined,
  drains: false,
  interrupted: (partial, cause) => new StreamInterruptedError({ ...partial, upstream: 'u', attempts: [] }, cause),
};

// Only passed through.
const PROPS = {} as ResponseProps;

function judged(data: unknown, surface: Surface = 'chat') {
  const { input, ends } = attemptInput({ surface });
  const answer = (async () => checkAnswer({ ...input, judge: () => JUDGE }, { data, props: PROPS }))();
  const error = answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { answer, error, ends };
}

const choice = (finish: string) => ({ index: 0, message: { content: 'Hi' }, finish_reason: finish });
const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };

test('a whole answer is given as it came, and its attempt has ended', async () => {
  const data = { choices: [choice('stop')], usage };
  const { answer, ends } = judged(data);
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
])('on %s %j is no answer: a malformed one, kept for want of a better', async (surface, data) => {
  const { error, ends } = judged(data, surface);
  const thrown = await error;
  expect(thrown).toBeInstanceOf(RejectedAnswer);
  expect((thrown as RejectedAnswer).answer).toEqual({ kind: 'parsed', data, props: PROPS });
  expect(ends).toMatchObject([{ failure: { kind: 'malformed', outcome: 'failure', retrySame: true, tryNext: true } }]);
});

test.each<[Surface, unknown]>([
  ['chat', { choices: [choice('content_filter')], usage }],
  ['responses', { id: 'r', output: [], incomplete_details: { reason: 'content_filter' }, usage }],
])('on %s a filtered answer is neutral, has its usage, and is kept for want of a better', async (surface, data) => {
  const { error, ends } = judged(data, surface);
  expect(await error).toBeInstanceOf(RejectedAnswer);
  expect(ends).toMatchObject([{ failure: { kind: 'contentFilter', outcome: 'neutral' }, usage: { inputTokens: 3 } }]);
});

const say = (content: string) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const finish = (reason: string) => ({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });

test('a stream is the SDK’s own object, given from its first content on', async () => {
  const stream = await sdkStream(sse(say(''), say('Hi'), finish('stop'), '[DONE]'));
  const { answer, ends } = judged(stream);
  const given = await answer;
  expect(given.kind === 'parsed' && given.data).toBe(stream);
  expect(ends).toEqual([]);
  expect(await Array.fromAsync(stream)).toEqual([say(''), say('Hi'), finish('stop')]);
  expect(ends).toMatchObject([{ failure: undefined }]);
});

test('a stream that is filtered before its content is kept for want of a better, and can be read', async () => {
  const stream = await sdkStream(sse(say(''), finish('content_filter'), '[DONE]'));
  const { error, ends } = judged(stream);
  expect(await error).toBeInstanceOf(RejectedAnswer);
  expect(ends).toMatchObject([{ failure: { kind: 'contentFilter' } }]);
  expect(await Array.fromAsync(stream)).toEqual([say(''), finish('content_filter')]);
});

test('a stream that ends before its content is no answer', async () => {
  const { error, ends } = judged(await sdkStream(sse(say(''))));
  expect(await error).toBeInstanceOf(StreamInterruptedError);
  expect(ends).toMatchObject([{ failure: { kind: 'truncated', tryNext: true } }]);
});
