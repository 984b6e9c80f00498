/** `presets.failover`: the setting of `canary` that rescues the most calls. */

import type { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { presets, type CanaryOptions } from '../../src/index.ts';
import { ask, drain, STREAM_BODY, watch, within } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';
import { chatStream, chunk, events, type StreamStep } from '../support/stream-replies.ts';

/** Stable `openai` with the fallback `gemini`. */
function world(canary: CanaryOptions = {}): SetUp {
  return setUp({ upstreams: { gemini: {} }, canary: { ...presets.failover, fallbacks: ['gemini'], ...canary } });
}

/** The text of a stream, which is read to its end. */
async function read({ ai }: SetUp): Promise<string> {
  const { chunks, error } = await drain(await ai.chat.completions.create(STREAM_BODY));
  expect(error).toBeUndefined();
  return textOf(chunks);
}

function textOf(chunks: readonly OpenAI.ChatCompletionChunk[]): string {
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
}

const word = (content: string): StreamStep => ({ event: chunk({ body: { model: 'm' } }, { delta: { content } }) });

test('another upstream answers in place of a stream that breaks off', async () => {
  const set = world();
  set.providers
    .usually('openai', events([word('Half')], { done: false }))
    .script('gemini', chatStream(['All', ' of it']));
  expect(await within(set.clock, 60_000, read(set))).toBe('All of it');
  expect(set.providers.asked).toEqual(['openai', 'openai', 'gemini']);
});

test.each([
  ['before its first content', [{ waitMs: 60_000 }, word('Late')]],
  ['after it', [word('Early'), { waitMs: 60_000 }, word(' and late')]],
])('another upstream answers in place of a stream that is silent for 20 s %s', async (_name, steps) => {
  const set = world();
  set.providers.script('openai', events(steps)).script('gemini', chatStream(['All']));
  const reading = watch(read(set));
  await set.clock.advance(19_999);
  expect(set.providers.asked).toEqual(['openai']);
  await set.clock.advance(1);
  expect(reading.now).toEqual({ state: 'resolved', value: 'All' });
  expect(set.providers.asked).toEqual(['openai', 'gemini']);
});

test('a prompt that is too long goes to the fallback', async () => {
  const set = world();
  set.providers.script('openai', failed(400, { code: 'context_length_exceeded' }));
  expect((await within(set.clock, 0, ask(set.ai))).choices[0]?.message.content).toBe('Hello.');
  expect(set.providers.asked).toEqual(['openai', 'gemini']);
});

test('a Retry-After of up to a minute is waited for where no other upstream can serve', async () => {
  const set = world({ fallbacks: [] });
  set.providers.script('openai', failed(429, {}, { 'retry-after': '60' }));
  const call = watch(ask(set.ai));
  await set.clock.advance(59_999);
  expect(call.now.state).toBe('pending');
  await set.clock.advance(1);
  expect(call.now.state).toBe('resolved');
  expect(set.providers.sent.map(({ atMs }) => atMs - (set.providers.sent[0]?.atMs ?? 0))).toEqual([0, 60_000]);
});

test('an application’s own options win over it', async () => {
  const set = world({ stream: 'committed', timeouts: {} });
  set.providers.script('openai', events([word('One'), { waitMs: 300_000 }, word(' two')]));
  expect(await within(set.clock, 300_000, read(set))).toBe('One two');
  expect(set.providers.asked).toEqual(['openai']);
});
