/** A complete stream ends, even if its provider keeps the connection open. */

import { expect, test } from 'vitest';
import { BODY, STREAM_BODY, within } from '../support/calls.ts';
import { setUp } from '../support/set-up.ts';
import { chunk, events } from '../support/stream-replies.ts';

const inHand = { body: BODY as unknown as Readonly<Record<string, unknown>> };
const word = { event: chunk(inHand, { delta: { content: 'Hello.' } }) };
const end = { event: chunk(inHand, { delta: {}, finish_reason: 'stop' }) };
const usage = { event: { choices: [], usage: { prompt_tokens: 10, completion_tokens: 5 } } };
const FOREVER = { waitMs: 3_600_000 };

test('closes a connection that stays open after finish_reason and usage, and counts a success', async () => {
  const { ai, clock, providers, events: emitted } = setUp();
  providers.script('openai', events([word, end, usage, FOREVER], { done: false }));
  let text = '';
  const read = async (): Promise<void> => {
    for await (const part of await ai.chat.completions.create(STREAM_BODY))
      text += part.choices[0]?.delta.content ?? '';
  };
  await within(clock, 500, read());
  expect(text).toBe('Hello.');
  expect(emitted.of('attempt')).toMatchObject([{ outcome: 'success', usage: { outputTokens: 5 } }]);
  expect(clock.pendingTimers).toBe(0);
});

test('reads usage that arrives half a second after finish_reason', async () => {
  const { ai, clock, providers, events: emitted } = setUp();
  providers.script('openai', events([word, end, { waitMs: 499 }, usage]));
  const read = async (): Promise<void> => {
    for await (const part of await ai.chat.completions.create(STREAM_BODY)) void part;
  };
  await within(clock, 500, read());
  expect(emitted.of('attempt')).toMatchObject([{ outcome: 'success', usage: { outputTokens: 5 } }]);
});
