/** The number of attempts of a call, counted at the upstreams. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { seededRandom } from '../../src/testing/index.ts';
import { BODY, ask, errorWithin, within } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';

const LONG_MS = 120_000;

test('retries and fallbacks share one budget', async () => {
  const { ai, clock, providers, events } = setUpCanary({ canary: { retry: { attempts: 2 } } });
  providers.usually('gemini', failed(503)).usually('openai', failed(503));
  await errorWithin(clock, LONG_MS, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
  expect(events.of('call')).toMatchObject([{ attempts: 3, retries: 1, fallbacks: 1, outcome: 'failure' }]);
});

test.each([
  [0, ['gemini']],
  [1, ['gemini', 'openai']],
  [2, ['gemini', 'gemini', 'openai']],
  [3, ['gemini', 'gemini', 'gemini', 'openai']],
  [5, ['gemini', 'gemini', 'gemini', 'openai', 'openai', 'openai']],
  [9, ['gemini', 'gemini', 'gemini', 'openai', 'openai', 'openai']],
])(
  'makes, with retry.attempts %i, the attempts %j, each upstream retried at most maxRetries times',
  async (attempts, asked) => {
    const { ai, clock, providers } = setUpCanary({ canary: { retry: { attempts } } });
    providers.usually('gemini', failed(503)).usually('openai', failed(503));
    await errorWithin(clock, LONG_MS, ask(ai));
    expect(providers.asked).toEqual(asked);
  },
);

test('the budget is the client’s maxRetries without retry.attempts', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 4 } });
  providers.usually('openai', failed(503));
  await errorWithin(clock, LONG_MS, ask(ai));
  expect(providers.sent).toHaveLength(5);
});

test('the maxRetries of one call replaces the client’s', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 4 } });
  providers.usually('openai', failed(503));
  await errorWithin(clock, LONG_MS, ask(ai, { maxRetries: 1 }));
  expect(providers.sent).toHaveLength(2);
});

test.each([
  ['the client', { client: { maxRetries: 0 } }, undefined],
  ['one call', {}, { maxRetries: 0 }],
] as const)('maxRetries 0 on %s allows fallbacks but no retries', async (_name, options, call) => {
  const { ai, clock, providers } = setUpCanary(options);
  providers.script('gemini', failed(503));
  await within(clock, 0, ask(ai, call));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('falls back from upstream to upstream while the budget lasts', async () => {
  const { ai, clock, providers } = setUpCanary({
    upstreams: { first: {}, second: {} },
    canary: { fallbacks: ['first', 'second', 'openai'], retry: { attempts: 2 } },
    client: { maxRetries: 0 },
  });
  for (const name of ['gemini', 'first', 'second']) providers.usually(name, failed(503));
  await errorWithin(clock, LONG_MS, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'first', 'second']);
});

test('keeps a call with fallbacks: false on its upstream', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.usually('gemini', failed(503));
  await errorWithin(clock, LONG_MS, ask(ai, route({ fallbacks: false })));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'gemini']);
});

test('sends the number of a retry like the SDK; a fallback starts again at 0', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { retry: { attempts: 3 } } });
  providers.usually('gemini', failed(503));
  await within(clock, LONG_MS, ask(ai));
  expect(providers.sent.map(({ headers }) => headers.get('x-stainless-retry-count'))).toEqual(['0', '1', '2', '0']);
});

test('back-off is uniform between 0 and a bound that doubles up to maxDelay', async () => {
  const { ai, clock, providers, events } = setUp({
    client: { maxRetries: 6 },
    canary: {
      random: seededRandom(7),
      breaker: false,
      retry: { minDelay: '100ms', maxDelay: '1s', budget: 1 },
    },
  });
  const delaysMs: number[][] = Array.from({ length: 6 }, () => []);
  providers.usually('openai', failed(503));
  for (let call = 0; call < 60; call++) {
    await errorWithin(clock, LONG_MS, ai.chat.completions.create({ ...BODY, user: `${call}` }));
  }
  events.of('retry').forEach(({ delayMs }, index) => delaysMs[index % 6]!.push(delayMs));
  [100, 200, 400, 800, 1_000, 1_000].forEach((boundMs, index) => {
    const delays = delaysMs[index]!;
    expect(delays).toHaveLength(60);
    expect(Math.max(...delays)).toBeLessThan(boundMs);
    expect(Math.min(...delays)).toBeLessThan(0.2 * boundMs);
    expect(Math.max(...delays)).toBeGreaterThan(0.8 * boundMs);
  });
});

test('limits the load of retries in an outage to their share', async () => {
  const { ai, clock, providers } = setUp({ canary: { breaker: false, retry: { budget: 0.2 }, random: () => 0 } });
  providers.usually('openai', failed(503));
  for (let call = 0; call < 200; call++) await errorWithin(clock, 0, ask(ai));
  // The 10 retries that the budget starts with, and a fifth of the calls. The share of the first call is lost, since the budget is full.
  expect(providers.sent).toHaveLength(200 + 10 + 39);
});

test('a retry budget of 0 allows fallbacks but no retries', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { retry: { budget: 0 } } });
  providers.script('gemini', failed(503));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('refills an exhausted retry budget over time', async () => {
  const { ai, clock, providers } = setUp({ canary: { breaker: false, random: () => 0 }, client: { maxRetries: 1 } });
  providers.usually('openai', failed(503));
  for (let call = 0; call < 50; call++) await errorWithin(clock, 0, ask(ai));
  const before = providers.sent.length;
  await errorWithin(clock, 0, ask(ai));
  expect(providers.sent.length - before).toBeLessThanOrEqual(2);
  await clock.advance(5_000);
  const later = providers.sent.length;
  for (let call = 0; call < 4; call++) await errorWithin(clock, 0, ask(ai));
  expect(providers.sent.length - later).toBe(8);
});

test('sends a one-shot body once, to one upstream, even if it fails', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.usually('gemini', failed(503));
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{}'));
      controller.close();
    },
  });
  await errorWithin(clock, LONG_MS, ai.post('/chat/completions', { body }));
  expect(providers.asked).toEqual(['gemini']);
});
