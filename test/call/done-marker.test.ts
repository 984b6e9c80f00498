/** Streams without a `finish_reason`: `[DONE]` marks them as complete. */

import { describe, expect, test } from 'vitest';
import { ConfigError, StreamInterruptedError } from '../../src/index.ts';
import { STREAM_BODY, errorWithin, within } from '../support/calls.ts';
import { ROLE, listening, say } from '../support/chat-steps.ts';
import { setUpCanary, type SetUp } from '../support/set-up.ts';
import { events, type StreamStep } from '../support/stream-replies.ts';

const NO_REASON: { readonly capabilities: { readonly finishReason: boolean } } = {
  capabilities: { finishReason: false },
};
const WORDS = [ROLE, say('Hel'), say('lo')];
const DONE: StreamStep = { event: '[DONE]' };
const SILENCE: StreamStep = { waitMs: Infinity };
const texts = ['Hel', 'lo'].map((text) => ({ event: { choices: [{ index: 0, text, finish_reason: null }] } }));

/** A canary that streams exactly `steps`; the fallback `openai` answers "Hello.". */
function streaming(steps: readonly StreamStep[], options = NO_REASON): SetUp & { hungUp: () => readonly boolean[] } {
  const set = setUpCanary({ upstreams: { gemini: options }, client: { maxRetries: 0, logLevel: 'off' } });
  const { reply, hungUp } = listening(events(steps, { done: false }));
  set.providers.usually('gemini', reply);
  return { ...set, hungUp };
}

const WAYS: readonly (readonly [string, (set: SetUp) => Promise<unknown>, readonly StreamStep[]])[] = [
  ['chat', ({ ai }) => readAll(ai.chat.completions.create(STREAM_BODY)), WORDS],
  ['raw chat', ({ ai }) => readText(ai.chat.completions.create(STREAM_BODY).asResponse()), WORDS],
  ['completions', ({ ai }) => readAll(ai.completions.create({ model: 'm', prompt: 'Hi', stream: true })), texts],
  [
    'raw completions',
    ({ ai }) => readText(ai.completions.create({ model: 'm', prompt: 'Hi', stream: true }).asResponse()),
    texts,
  ],
];

async function readAll(opening: PromiseLike<AsyncIterable<unknown>>): Promise<void> {
  for await (const chunk of await opening) void chunk;
}

async function readText(opening: Promise<Response>): Promise<void> {
  await (await opening).text();
}

describe.each(WAYS)('%s', (_name, read, words) => {
  test('content and `[DONE]` are a complete answer', async () => {
    const set = streaming([...words, DONE]);
    await read(set);
    expect(set.events.of('attempt')).toMatchObject([{ upstream: 'gemini', outcome: 'success', usageEstimated: true }]);
  });

  test('an end before `[DONE]` is a truncation', async () => {
    const set = streaming(words);
    await expect(read(set)).rejects.toBeInstanceOf(StreamInterruptedError);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'failure', kind: 'truncated' }]);
  });

  test('the answer is complete without the capability, too', async () => {
    const set = streaming([...words, DONE], { capabilities: {} } as never);
    await read(set);
    expect(set.events.of('attempt')).toMatchObject([{ upstream: 'gemini', outcome: 'success' }]);
    expect(set.events.of('warning')).toMatchObject([{ code: 'finishReason' }]);
  });

  test('a missing finish_reason is a truncation with the capability, even after `[DONE]`', async () => {
    const set = streaming([...words, DONE], { capabilities: { finishReason: true } });
    await expect(read(set)).rejects.toBeInstanceOf(StreamInterruptedError);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'failure', kind: 'truncated' }]);
  });

  test('falls back after `[DONE]` without content', async () => {
    const set = streaming([DONE]);
    await read(set).catch(() => undefined);
    expect(set.events.of('attempt')[0]).toMatchObject({ upstream: 'gemini', outcome: 'failure', kind: 'truncated' });
  });

  test('ends within 15 s if the connection stays open after `[DONE]`', async () => {
    const set = streaming([...words, DONE, SILENCE]);
    await within(set.clock, 15_000, read(set));
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success' }]);
    expect(set.clock.pendingTimers).toBe(0);
  });
});

test('closes the connection of a raw stream 15 s after `[DONE]`', async () => {
  const set = streaming([...WORDS, DONE, SILENCE]);
  await within(set.clock, 15_000, readText(set.ai.chat.completions.create(STREAM_BODY).asResponse()));
  expect(set.hungUp()).toEqual([true]);
});

test('does not end an answer whose text contains `[DONE]`', async () => {
  const set = streaming([...WORDS, say('\ndata: [DONE]')]);
  expect(await errorWithin(set.clock, 0, WAYS[0]![1](set))).toBeInstanceOf(StreamInterruptedError);
});

test('passes on chunks and raw bytes unchanged', async () => {
  const set = streaming([...WORDS, DONE]);
  const response = await set.ai.chat.completions.create(STREAM_BODY).asResponse();
  const lines = WORDS.map((step) => `data: ${JSON.stringify('event' in step && step.event)}\n\n`);
  expect(await response.text()).toBe(`${lines.join('')}data: [DONE]\n\n`);
});

test('accepts only booleans for the capability', () => {
  const build = () => streaming([], { capabilities: { finishReason: 1 } } as never);
  expect(build).toThrow(ConfigError);
  expect(build).toThrow('canary.upstreams.gemini.capabilities.finishReason should be true or false, got 1');
});
