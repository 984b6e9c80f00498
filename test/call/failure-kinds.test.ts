/** The effect of each failure kind on retries, fallbacks and the breaker. */

import { expect, test } from 'vitest';
import { ask, errorWithin, within } from '../support/calls.ts';
import { failed, malformed, unreachable, type Reply } from '../support/replies.ts';
import { route } from '../../src/index.ts';
import { setUpCanary } from '../support/set-up.ts';

/** Longer than any back-off of the defaults. */
const BACKOFF_MS = 1_000;

interface Row {
  readonly name: string;
  readonly reply: Reply;
  readonly kind: string;
}

const TRANSIENT: readonly Row[] = [
  { name: 'a broken connection', reply: unreachable(), kind: 'connection' },
  { name: 'status 408', reply: failed(408), kind: 'timeout' },
  { name: 'malformed JSON', reply: malformed(), kind: 'malformed' },
  ...[500, 502, 503, 504, 529].map((status) => ({ name: `status ${status}`, reply: failed(status), kind: 'server' })),
];

test.each(TRANSIENT)('retries $name after a back-off', async (row) => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', row.reply);
  await within(clock, BACKOFF_MS, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'gemini']);
  const [retry] = events.of('retry');
  expect(retry).toMatchObject({ upstream: 'gemini', kind: row.kind });
  expect(providers.sent[1]!.atMs - providers.sent[0]!.atMs).toBeCloseTo(retry!.delayMs, 3);
  expect(events.of('fallback')).toEqual([]);
});

test.each(TRANSIENT)('falls back after $name twice', async (row) => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', row.reply, row.reply);
  await within(clock, BACKOFF_MS, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
  expect(events.of('fallback')).toMatchObject([{ from: 'gemini', to: 'openai', reason: row.kind }]);
});

test.each(TRANSIENT)('counts $name as a failure for the breaker', async (row) => {
  const { ai, clock, providers } = setUpCanary({ canary: { breaker: { consecutive: 1 } } });
  providers.script('gemini', row.reply);
  await within(clock, BACKOFF_MS, ask(ai));
  expect(ai.canary.snapshot().upstreams['gemini']!.breaker.state).toBe('open');
});

const REFUSED: readonly Row[] = [
  { name: 'status 402', reply: failed(402), kind: 'quota' },
  { name: '429 insufficient_quota', reply: failed(429, { code: 'insufficient_quota' }), kind: 'quota' },
  { name: 'status 401', reply: failed(401), kind: 'auth' },
  { name: 'status 403', reply: failed(403), kind: 'forbidden' },
  { name: 'status 404', reply: failed(404), kind: 'modelNotFound' },
  { name: '400 model_not_found', reply: failed(400, { code: 'model_not_found' }), kind: 'modelNotFound' },
  { name: 'status 429', reply: failed(429), kind: 'rateLimit' },
];

test.each(REFUSED)('falls back at once after $name', async (row) => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.script('gemini', row.reply);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
  expect(events.of('fallback')).toMatchObject([{ from: 'gemini', to: 'openai', reason: row.kind }]);
  expect(events.of('retry')).toEqual([]);
});

const NOT_THE_REQUEST = new Set<string>(['quota', 'auth', 'rateLimit']);

test.each(REFUSED.filter(({ kind }) => NOT_THE_REQUEST.has(kind)))(
  'does not count $name as a failure for the breaker',
  async (row) => {
    const { ai, clock, providers, events } = setUpCanary({ canary: { breaker: { consecutive: 1 } } });
    providers.script('gemini', row.reply);
    await within(clock, 0, ask(ai));
    expect(ai.canary.snapshot().upstreams['gemini']!.breaker.state).toBe('closed');
    expect(events.of('breaker')).toEqual([]);
  },
);

const CALLERS: readonly Row[] = [400, 413, 422].map((status) => ({
  name: `status ${status}`,
  reply: failed(status),
  kind: 'badRequest',
}));

const BY_NAME_ONLY: readonly Row[] = [
  { name: 'context_length_exceeded', reply: failed(400, { code: 'context_length_exceeded' }), kind: 'contextLength' },
  { name: 'a content filter', reply: failed(400, { code: 'content_filter' }), kind: 'contentFilter' },
];

const REFUSALS = [...CALLERS, ...REFUSED.filter(({ kind }) => !NOT_THE_REQUEST.has(kind)), BY_NAME_ONLY[0]!];

test.each(REFUSALS)('sends a call to stable after $name, and counts it as a failure of the canary', async (row) => {
  const { ai, clock, providers, events } = setUpCanary({ canary: { breaker: { consecutive: 1 } } });
  providers.script('gemini', row.reply);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
  expect(events.of('attempt')).toMatchObject([
    { upstream: 'gemini', outcome: 'failure', kind: row.kind },
    { upstream: 'openai', outcome: 'success' },
  ]);
  expect(ai.canary.snapshot().upstreams['gemini']).toMatchObject({ failures: 1, breaker: { state: 'open' } });
});

test.each(REFUSALS)('counts $name for neither upstream if stable refuses as well', async (row) => {
  const { ai, clock, providers, events } = setUpCanary({ canary: { breaker: { consecutive: 1 } } });
  providers.script('gemini', row.reply).script('openai', failed(422, { code: 'of_stable' }));
  const error = await errorWithin(clock, 0, ask(ai));
  expect(error).toMatchObject({ status: 422, code: 'of_stable' });
  expect(providers.asked).toEqual(['gemini', 'openai']);
  expect(events.of('attempt')).toMatchObject([
    { upstream: 'gemini', outcome: 'neutral', kind: row.kind },
    { upstream: 'openai', outcome: 'neutral' },
  ]);
  expect(events.of('breaker')).toEqual([]);
});

test.each([...CALLERS, BY_NAME_ONLY[0]!])('does not send a call elsewhere after $name of stable', async (row) => {
  const { ai, clock, providers, events } = setUpCanary({ canary: { weights: { openai: 1 }, fallbacks: ['gemini'] } });
  providers.script('openai', row.reply);
  await errorWithin(clock, 0, ask(ai));
  await clock.advance(60_000);
  expect(providers.asked).toEqual(['openai']);
  expect(events.of('attempt')).toMatchObject([{ outcome: 'neutral', kind: row.kind }]);
});

test('asks stable after a refusal although its breaker is open', async () => {
  const { ai, clock, providers } = setUpCanary({ canary: { breaker: { consecutive: 1 } }, client: { maxRetries: 0 } });
  providers.script('openai', failed(503));
  await errorWithin(clock, 0, ask(ai, route({ upstream: 'openai', fallbacks: false })));
  providers.script('gemini', failed(400));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['openai', 'gemini', 'openai']);
});

test('neither retries nor falls back after a content filter', async () => {
  const { ai, clock, providers, events } = setUpCanary({ canary: { breaker: { consecutive: 1 } } });
  providers.script('gemini', failed(400, { code: 'content_filter' }));
  const error = await errorWithin(clock, 0, ask(ai));
  expect(error).toBeInstanceOf(Error);
  await clock.advance(60_000);
  expect(providers.asked).toEqual(['gemini']);
  expect(events.of('attempt')).toMatchObject([{ outcome: 'neutral', kind: 'contentFilter' }]);
  expect(events.of('breaker')).toEqual([]);
});

test('falls back after a context length of stable with retry.fallBackOn', async () => {
  const { ai, clock, providers } = setUpCanary({
    canary: { weights: { openai: 1 }, fallbacks: ['gemini'], retry: { fallBackOn: ['contextLength'] } },
  });
  providers.script('openai', failed(400, { code: 'context_length_exceeded' }));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['openai', 'gemini']);
});

test.each(BY_NAME_ONLY)('falls back after $name to the upstreams that are listed for it', async (row) => {
  const { ai, clock, providers, events } = setUpCanary({
    upstreams: { large: {} },
    canary: { fallbacks: { default: ['openai'], [row.kind]: ['large'] } },
  });
  providers.script('gemini', row.reply);
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'large']);
  expect(events.of('fallback')).toMatchObject([{ to: 'large', reason: row.kind }]);
});

test('does not fall back to upstreams that are listed for another kind', async () => {
  const { ai, clock, providers } = setUpCanary({
    upstreams: { large: {} },
    canary: { fallbacks: { default: ['openai'], contextLength: ['large'] } },
  });
  providers.script('gemini', failed(401));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('warns once about an upstream that does not know the model', async () => {
  const { ai, clock, providers, events } = setUpCanary();
  providers.usually('gemini', failed(404));
  await within(clock, 0, ask(ai));
  await within(clock, 0, ask(ai));
  expect(events.of('warning')).toHaveLength(1);
  expect(events.of('warning')[0]).toMatchObject({ code: 'modelNotFound' });
  expect(events.of('warning')[0]!.message).toContain('gemini');
  expect(events.of('warning')[0]!.message).toContain('gpt-4.1');
});

test('does not retry after x-should-retry: false', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.script('gemini', failed(503, {}, { 'x-should-retry': 'false' }));
  await within(clock, 0, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'openai']);
});

test('retries after x-should-retry: true, even a fault of the caller', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.script('gemini', failed(409, {}, { 'x-should-retry': 'true' }));
  await within(clock, BACKOFF_MS, ask(ai));
  expect(providers.asked).toEqual(['gemini', 'gemini']);
});

test('waits for the retry-after of a server error instead of the back-off', async () => {
  const { ai, clock, providers } = setUpCanary();
  providers.script('gemini', failed(503, {}, { 'retry-after': '5' }));
  await within(clock, 5_000, ask(ai));
  expect(providers.sent.map(({ atMs }) => atMs - providers.sent[0]!.atMs)).toEqual([0, 5_000]);
});
