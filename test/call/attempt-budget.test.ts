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
  [3, ['gemini', 'gemini', 'openai', 'openai']],
  [5, ['gemini', 'gemini', 'openai', 'openai', 'openai']],
  [9, ['gemini', 'gemini', 'openai', 'openai', 'openai']],
])(
  'makes, with retry.attempts %i, the attempts %j: one retry where another can serve, at most maxRetries on the last',
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
  expect(providers.sent.map(({ headers }) => headers.get('x-stainless-retry-count'))).toEqual(['0', '1', '0']);
});

test('back-off doubles up to maxDelay, less up to a quarter at random', async () => {
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
    expect(Math.max(...delays)).toBeLessThanOrEqual(boundMs);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0.75 * boundMs);
    expect(Math.min(...delays)).toBeLessThan(0.8 * boundMs);
    expect(Math.max(...delays)).toBeGreaterThan(0.95 * boundMs);
  });
});

const AT_ONCE = { minDelay: 0, maxDelay: 0 };

test('limits the load of retries to their share where another upstream can serve', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { breaker: false, retry: { ...AT_ONCE, budget: 0.2 } },
    client: { maxRetries: 1 },
  });
  providers.usually('gemini', failed(503));
  for (let call = 0; call < 200; call++) await within(clock, 0, ask(ai));
  // The 10 retries that the budget starts with, and a fifth of the calls. The share of the first call is lost, since the budget is full.
  expect(providers.asked.filter((name) => name === 'gemini')).toHaveLength(200 + 10 + 39);
});

test('retries as often as the SDK where no other upstream can serve, whatever the budget', async () => {
  const { ai, clock, providers } = setUp({ canary: { retry: { ...AT_ONCE, budget: 0 } } });
  providers.usually('openai', failed(503));
  for (let call = 0; call < 20; call++) await errorWithin(clock, 0, ask(ai));
  expect(providers.sent).toHaveLength(20 * 3);
});

test('a retry budget of 0 allows fallbacks but no retries', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { retry: { budget: 0 } } });
  providers.script('gemini', failed(503));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('refills an exhausted retry budget over time', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { breaker: false, retry: { ...AT_ONCE, budget: 0.001 } },
    client: { maxRetries: 1 },
  });
  const retriesOf = async (calls: number): Promise<number> => {
    providers.sent.length = 0;
    for (let call = 0; call < calls; call++) await within(clock, 0, ask(ai));
    return providers.asked.filter((name) => name === 'gemini').length - calls;
  };
  providers.usually('gemini', failed(503));
  expect(await retriesOf(50)).toBe(10);
  expect(await retriesOf(4)).toBe(0);
  await clock.advance(5_000);
  expect(await retriesOf(4)).toBe(4);
});

test.each([
  [undefined, undefined, 2],
  [0, undefined, 0],
  [4, undefined, 4],
  [4, 1, 1],
])('an upstream with maxRetries %j and a call with %j is retried %i times', async (ofUpstream, ofCall, retries) => {
  const { ai, clock, providers } = setUpCanary({
    upstreams: { gemini: ofUpstream === undefined ? {} : { maxRetries: ofUpstream } },
  });
  providers.usually('gemini', failed(503));
  const options = ofCall === undefined ? {} : { maxRetries: ofCall };
  await errorWithin(clock, LONG_MS, ask(ai, { ...route({ fallbacks: false }), ...options }));
  expect(providers.asked).toEqual(Array.from({ length: 1 + retries }, () => 'gemini'));
});

test.each([
  [undefined, ['gemini', 'gemini', 'first', 'first', 'second', 'second', 'openai']],
  [0, ['gemini', 'first', 'second', 'openai']],
])('with maxRetries %j every upstream of a chain is reached', async (maxRetries, asked) => {
  const { ai, clock, providers } = setUpCanary({
    upstreams: { first: {}, second: {} },
    canary: { fallbacks: ['first', 'second', 'openai'] },
    client: maxRetries === undefined ? {} : { maxRetries },
  });
  for (const name of ['gemini', 'first', 'second']) providers.usually(name, failed(500));
  await within(clock, LONG_MS, ask(ai));
  expect([...new Set(providers.asked)]).toEqual([...new Set(asked)]);
  expect(providers.asked.at(-1)).toBe('openai');
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
