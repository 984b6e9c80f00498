/** A stream ends where its provider ends it. */

import { expect, test } from 'vitest';
import { BODY, STREAM_BODY, within } from '../support/calls.ts';
import { setUp } from '../support/set-up.ts';
import { chunk, events } from '../support/stream-replies.ts';

const inHand = { body: BODY as unknown as Readonly<Record<string, unknown>> };
const word = { event: chunk(inHand, { delta: { content: 'Hello.' } }) };
const end = { event: chunk(inHand, { delta: {}, finish_reason: 'stop' }) };
const usage = { event: { choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } } };
const FOREVER = { waitMs: 3_600_000 };

test('closes a connection that stays open 15 s after the last byte of a finished answer, and counts a success', async () => {
  const { ai, clock, providers, events: emitted } = setUp();
  providers.script('openai', events([word, end, usage, FOREVER], { done: false }));
  let text = '';
  const read = async (): Promise<void> => {
    for await (const part of await ai.chat.completions.create(STREAM_BODY))
      text += part.choices[0]?.delta.content ?? '';
  };
  await within(clock, 15_000, read());
  expect(text).toBe('Hello.');
  expect(emitted.of('attempt')).toMatchObject([{ outcome: 'success', usage: { outputTokens: 5 } }]);
  expect(clock.pendingTimers).toBe(0);
});

test('reads usage that arrives 14 s after finish_reason', async () => {
  const { ai, clock, providers, events: emitted } = setUp();
  providers.script('openai', events([word, end, { waitMs: 14_000 }, usage]));
  const read = async (): Promise<void> => {
    for await (const part of await ai.chat.completions.create(STREAM_BODY)) void part;
  };
  await within(clock, 14_000, read());
  expect(emitted.of('attempt')).toMatchObject([{ outcome: 'success', usage: { outputTokens: 5 } }]);
});
