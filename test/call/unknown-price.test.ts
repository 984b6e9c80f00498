/** What becomes of calls whose price nobody knows. */

import { expect, test } from 'vitest';
import { UnknownPriceError, route, type CanaryOptions } from '../../src/index.ts';
import { BODY, ask, errorWithin } from '../support/calls.ts';
import { refusalOf } from '../support/message-of.ts';
import { failed } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

const PRICE = { inputPerMTok: 2, outputPerMTok: 8 };

/** The price of `openai` is known, that of `gemini`, which gets every call, is not. */
function unpriced(canary: CanaryOptions = {}): SetUp {
  return setUp({
    client: { maxRetries: 0 },
    upstreams: { gemini: {} },
    canary: { weights: { gemini: 1 }, prices: { openai: PRICE }, ...canary },
  });
}

test('they are made all the same, and counted as unpriced', async () => {
  const { ai, providers } = unpriced();
  await ask(ai);
  expect(providers.asked).toEqual(['gemini']);
  expect(ai.canary.costs({ by: 'model' }).rows).toMatchObject([{ name: 'gpt-4.1', unpriced: 1, costUsd: 0 }]);
});

test('they go where the price is known, if that is asked for', async () => {
  const { ai, providers, events } = unpriced({ onUnknownPrice: 'reject' });
  await ask(ai);
  expect(providers.asked).toEqual(['openai']);
  expect(events.of('fallback')).toMatchObject([{ from: 'gemini', to: 'openai', reason: 'price' }]);
  expect(ai.canary.explain().skipped).toEqual([{ upstream: 'gemini', reason: 'price' }]);
});

test('where it is known nowhere, nothing is sent', async () => {
  const { ai, clock, providers } = unpriced({ onUnknownPrice: 'reject', prices: {} });
  const error = await errorWithin(clock, 0, ask(ai));
  expect(error).toBeInstanceOf(UnknownPriceError);
  expect(error).toMatchObject({ code: 'UNKNOWN_PRICE', upstream: 'gemini', model: 'gpt-4.1' });
  expect(providers.sent).toEqual([]);
});

test('an upstream without a price is no fallback, and none that a caller can force', async () => {
  const { ai, clock, providers } = unpriced({
    onUnknownPrice: 'reject',
    weights: { openai: 1 },
    fallbacks: ['gemini'],
  });
  providers.script('openai', failed(503));
  expect(await errorWithin(clock, 0, ask(ai))).toMatchObject({ status: 503 });
  expect(await errorWithin(clock, 0, ask(ai, route({ upstream: 'gemini', fallbacks: false })))).toBeInstanceOf(
    UnknownPriceError,
  );
  expect(providers.asked).toEqual(['openai']);
});

test('what is free, and what belongs to an account, needs no price', async () => {
  const { ai, providers } = unpriced({ onUnknownPrice: 'reject', prices: {} });
  await ai.moderations.create({ input: 'Hello.' });
  await ai.models.list();
  expect(providers.sent).toHaveLength(2);
});

test('a share of the public price is a price', async () => {
  const prices = { gemini: { multiplier: 0.5, of: 'openai' }, openai: PRICE };
  const { ai, providers, events } = unpriced({ onUnknownPrice: 'reject', prices });
  await ask(ai);
  expect(providers.asked).toEqual(['gemini']);
  const cost = events.of('attempt')[0]?.cost;
  expect(cost).toMatchObject({ source: 'override', table: { version: expect.any(String) } });
  // Ten tokens of gpt-4.1 in and five out at half of 2 and 8 USD a million.
  expect(cost?.costUsd).toBeCloseTo(0.00003, 12);
});

test('a call without a model has none', async () => {
  const { ai, clock } = unpriced({ onUnknownPrice: 'reject', prices: {} });
  // @ts-expect-error a body that the provider would refuse
  const error = await errorWithin(clock, 0, ai.chat.completions.create({ messages: BODY.messages }));
  expect(error).toMatchObject({ model: undefined });
});

test('what becomes of them is one of two things', () => {
  expect(refusalOf({ onUnknownPrice: 'fail' })).toBe(
    'canary.onUnknownPrice should be one of ignore, reject, got "fail"',
  );
});
