/** The bodies of copies take a bounded amount of memory. */

import { expect, test } from 'vitest';
import type { OpenAI } from 'openai';
import { failed, silent } from '../support/replies.ts';
import { BodyMemory } from '../../src/shadow/body-memory.ts';
import { shadowed } from './support/shadowed.ts';

/** A call with a text of about `characters` characters. */
const body = (characters: number): OpenAI.ChatCompletionCreateParamsNonStreaming => ({
  model: 'gpt-4.1',
  messages: [{ role: 'user', content: 'x'.repeat(characters) }],
});

test('copies whose bodies do not fit are dropped and counted, and calls are answered', async () => {
  const { ai, clock, providers } = shadowed({ maxBytes: 25_000 });
  providers.usually('gemini', silent());
  for (let call = 0; call < 5; call += 1) await ai.chat.completions.create(body(10_000));
  await clock.advance(0);
  expect(providers.to('gemini')).toHaveLength(2);
  expect(providers.to('openai')).toHaveLength(5);
  expect(ai.canary.snapshot().shadow?.['gemini']?.dropped).toMatchObject({ full: 3 });
});

test.each([
  ['has ended', undefined],
  ['has failed', failed(500)],
])('the memory of a copy is free again once it %s', async (_name, reply) => {
  const { ai, clock, providers } = shadowed({ maxBytes: 15_000 });
  if (reply) providers.usually('gemini', reply);
  for (let call = 0; call < 4; call += 1) {
    await ai.chat.completions.create(body(10_000));
    await clock.advance(0);
  }
  expect(ai.canary.snapshot().shadow?.['gemini']?.dropped).toMatchObject({ full: 0 });
});

test('a copy that is not admitted gives its memory back', async () => {
  const { ai, clock } = shadowed({ maxBytes: 15_000, budgetUsd: 0 });
  for (let call = 0; call < 4; call += 1) {
    await ai.chat.completions.create(body(10_000));
    await clock.advance(0);
  }
  expect(ai.canary.snapshot().shadow?.['gemini']?.dropped).toMatchObject({ full: 0, budget: 4 });
});

test('memory that is given back twice counts once, and a body above the limit takes none', () => {
  const memory = new BodyMemory(1_000);
  const release = memory.take({ text: 'x'.repeat(600) });
  expect(memory.take({ text: 'x'.repeat(600) })).toBeUndefined();
  release?.();
  release?.();
  expect(memory.take('x'.repeat(2_000))).toBeUndefined();
  expect(memory.take({ text: 'x'.repeat(600) })).toBeDefined();
  expect(memory.take({ text: 'x'.repeat(600) })).toBeUndefined();
});

test('a body with a cycle or with bytes is measured', () => {
  const memory = new BodyMemory(1_000);
  const cyclic: Record<string, unknown> = { data: new Uint8Array(400) };
  cyclic['self'] = cyclic;
  expect(memory.take(cyclic)).toBeDefined();
  expect(memory.take(cyclic)).toBeDefined();
  expect(memory.take(cyclic)).toBeUndefined();
});
