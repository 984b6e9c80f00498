/** Calls on upstreams without a known price. */

import { expect, test } from 'vitest';
import { UnknownPriceError, route, type CanaryOptions } from '../../src/index.ts';
import { BODY, ask, errorWithin } from '../support/calls.ts';
import { refusalOf } from '../support/message-of.ts';
import { failed } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

const PRICE = { inputPerMTok: 2, outputPerMTok: 8 };

/** The price of `openai` is known. The price of `gemini`, which gets every call, is not. */
function unpriced(canary: CanaryOptions = {}): SetUp {
  return setUp({
    client: { maxRetries: 0 },
    upstreams: { gemini: {} },
    canary: { weights: { gemini: 1 }, prices: { openai: PRICE }, ...canary },
  });
}

test('makes the call and counts its cost as unknown by default', async () => {
  const { ai, providers } = unpriced();
  await ask(ai);
  expect(providers.asked).toEqual(['gemini']);
  expect(ai.canary.costs({ by: 'model' }).rows).toMatchObject([{ name: 'gpt-4.1', unpriced: 1, costUsd: 0 }]);
});

test('sends the call to an upstream with a known price with onUnknownPrice: reject', async () => {
  const { ai, providers, events } = unpriced({ onUnknownPrice: 'reject' });
  await ask(ai);
  expect(providers.asked).toEqual(['openai']);
  expect(events.of('fallback')).toMatchObject([{ from: 'gemini', to: 'openai', reason: 'price' }]);
  expect(ai.canary.explain().skipped).toEqual([{ upstream: 'gemini', reason: 'price' }]);
});

test('rejects without a request if no upstream has a known price', async () => {
  const { ai, clock, providers } = unpriced({ onUnknownPrice: 'reject', prices: {} });
  const error = await errorWithin(clock, 0, ask(ai));
  expect(error).toBeInstanceOf(UnknownPriceError);
  expect(error).toMatchObject({ code: 'UNKNOWN_PRICE', upstream: 'gemini', model: 'gpt-4.1' });
  expect(providers.sent).toEqual([]);
});

test('an upstream without a price is neither a fallback nor can it be forced', async () => {
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

test('free calls and requests of an account need no price', async () => {
  const { ai, providers } = unpriced({ onUnknownPrice: 'reject', prices: {} });
  await ai.moderations.create({ input: 'Hello.' });
  await ai.models.list();
  expect(providers.sent).toHaveLength(2);
});

test('a price can be a share of the public price', async () => {
  const prices = { gemini: { multiplier: 0.5, of: 'openai' }, openai: PRICE };
  const { ai, providers, events } = unpriced({ onUnknownPrice: 'reject', prices });
  await ask(ai);
  expect(providers.asked).toEqual(['gemini']);
  const cost = events.of('attempt')[0]?.cost;
  expect(cost).toMatchObject({ source: 'override', table: { version: expect.any(String) } });
  // 10 input and 5 output tokens of gpt-4.1, at half of 2 and 8 USD per million.
  expect(cost?.costUsd).toBeCloseTo(0.00003, 12);
});

test('a call without a model has no price', async () => {
  const { ai, clock } = unpriced({ onUnknownPrice: 'reject', prices: {} });
  // @ts-expect-error a body that the provider would reject
  const error = await errorWithin(clock, 0, ai.chat.completions.create({ messages: BODY.messages }));
  expect(error).toMatchObject({ model: undefined });
});

test('rejects another value of onUnknownPrice', () => {
  expect(refusalOf({ onUnknownPrice: 'fail' })).toBe(
    'canary.onUnknownPrice should be one of ignore, reject, got "fail"',
  );
});
