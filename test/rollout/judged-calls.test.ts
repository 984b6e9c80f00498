/** Which calls count as evidence for a rollout. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { ask, within } from '../support/calls.ts';
import { after, chat, failed, malformed } from '../support/replies.ts';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';

const STEPS = [{ weight: 0.5, hold: '1d' }, { weight: 1 }] as const;

function judged(set: ReturnType<typeof setUpRollout>) {
  const { canary, stable } = set.ai.canary.rollout.state;
  return { canary: canary.calls, stable: stable.calls, failures: canary.failures };
}

/** A key whose calls go to this upstream. */
function callerOf(set: ReturnType<typeof setUpRollout>, upstream: string): string {
  const keys = Array.from({ length: 200 }, (_, index) => `caller-${index}`);
  return keys.find((key) => set.ai.canary.explain({ key }).upstream === upstream)!;
}

test('a call counts once, for the side that the split assigned it to', async () => {
  const set = setUpRollout({ steps: STEPS });
  await ask(set.ai, route({ key: callerOf(set, 'gemini') }));
  await ask(set.ai, route({ key: callerOf(set, 'openai') }));
  expect(judged(set)).toEqual({ canary: 1, stable: 1, failures: 0 });
});

test('a call that falls back is a failure of its assigned upstream', async () => {
  const set = setUpRollout({ steps: STEPS });
  set.providers.script('gemini', failed(503));
  const answer = await ask(set.ai, route({ key: callerOf(set, 'gemini') }));
  expect(answer.choices[0]!.message.content).toBe('Hello.');
  expect(judged(set)).toEqual({ canary: 1, stable: 0, failures: 1 });
});

test('a call whose retry on the assigned upstream succeeds is good', async () => {
  const set = setUpRollout({ steps: STEPS }, { retry: { attempts: 2 } });
  set.providers.script('gemini', failed(503), chat());
  const key = callerOf(set, 'gemini');
  const body = { model: 'gpt-4.1', messages: [{ role: 'user' as const, content: 'Hi' }] };
  await within(set.clock, 5_000, set.ai.chat.completions.create(body, { ...route({ key }), maxRetries: 1 }));
  expect(set.providers.to('gemini')).toHaveLength(2);
  expect(judged(set)).toEqual({ canary: 1, stable: 0, failures: 0 });
});

test('a malformed body is a failure', async () => {
  const set = setUpRollout({ steps: STEPS });
  set.providers.script('gemini', malformed());
  await ask(set.ai, route({ key: callerOf(set, 'gemini') }));
  expect(judged(set)).toMatchObject({ canary: 1, failures: 1 });
});

test.each([
  ['a content filter', failed(400, { code: 'content_filter' }), {}],
  ['a forced upstream', chat(), { upstream: 'gemini' }],
])('%s is not evidence', async (_what, reply, options) => {
  const set = setUpRollout({ steps: STEPS });
  set.providers.script('gemini', reply);
  await ask(set.ai, route({ key: callerOf(set, 'gemini'), ...options })).catch(() => undefined);
  expect(judged(set)).toEqual({ canary: 0, stable: 0, failures: 0 });
});

test('an aborted call is not evidence', async () => {
  const set = setUpRollout({ steps: STEPS });
  const abort = new AbortController();
  set.providers.script('gemini', ({ wait }) => wait(Infinity).then(() => new Response()));
  const call = ask(set.ai, { ...route({ key: callerOf(set, 'gemini') }), signal: abort.signal });
  await set.clock.advance(10);
  abort.abort();
  await expect(call).rejects.toThrow('aborted');
  await set.clock.advance(10);
  expect(judged(set)).toEqual({ canary: 0, stable: 0, failures: 0 });
});

test('a body that the canary refuses and stable serves is a failure of the canary', async () => {
  const set = setUpRollout({ steps: STEPS });
  set.providers.script('gemini', failed(404, { code: 'model_not_found' }));
  await ask(set.ai, route({ key: callerOf(set, 'gemini') }));
  expect(judged(set)).toEqual({ canary: 1, stable: 0, failures: 1 });
  expect(set.ai.canary.rollout.state.samples.canary).toMatchObject({ assigned: 1, good: 0, bad: { refused: 1 } });
});

test('a body that both sides refuse is not evidence', async () => {
  const set = setUpRollout({ steps: STEPS });
  for (const name of ['gemini', 'openai']) set.providers.script(name, failed(404, { code: 'model_not_found' }));
  await ask(set.ai, route({ key: callerOf(set, 'gemini') })).catch(() => undefined);
  expect(judged(set)).toEqual({ canary: 0, stable: 0, failures: 0 });
  expect(set.ai.canary.rollout.state.samples.canary).toMatchObject({ assigned: 1, unjudged: 1, inFlight: 0 });
});

test('each call that meets the open breaker of its side is a failure at once', async () => {
  const set = setUpRollout({ steps: STEPS, guardrails: { errorRate: { max: 0.99 } } }, { breaker: { consecutive: 2 } });
  set.providers.usually('gemini', failed(503));
  const [gemini, openai] = [callerOf(set, 'gemini'), callerOf(set, 'openai')];
  for (let call = 0; call < 4; call++) await ask(set.ai, route({ key: gemini }));
  for (let call = 0; call < 4; call++) await ask(set.ai, route({ key: openai }));
  expect(judged(set)).toEqual({ canary: 4, stable: 4, failures: 4 });
  expect(set.ai.canary.rollout.state.samples).toMatchObject({
    canary: { assigned: 4, good: 0, bad: { failed: 2, breaker: 2 } },
    stable: { assigned: 4, good: 4 },
  });
});

test.each([
  ['rate limit', failed(429, {}, { 'retry-after': '30' })],
  ['quota', failed(429, { code: 'insufficient_quota' })],
  ['rejected key', failed(401)],
])('each call that meets a pause of its side for a %s is a failure', async (_what, reply) => {
  const set = setUpRollout({ steps: STEPS, guardrails: { errorRate: { max: 0.99 } } });
  set.providers.usually('gemini', reply);
  const key = callerOf(set, 'gemini');
  for (let call = 0; call < 3; call++) await ask(set.ai, route({ key }));
  expect(set.ai.canary.rollout.state.samples.canary).toMatchObject({ good: 0, bad: { failed: 1, pause: 2 } });
});

test('a call that a limit of the user holds back is not evidence, and the rollout names it', async () => {
  const set = setUpRollout({ steps: STEPS }, { upstreams: { gemini: { limits: { rpm: 1 } } } });
  const key = callerOf(set, 'gemini');
  for (let call = 0; call < 3; call++) await ask(set.ai, route({ key }));
  const { samples, waitsFor } = set.ai.canary.rollout.state;
  expect(samples.canary).toMatchObject({ assigned: 3, good: 1, unjudged: 2, heldBack: 2 });
  expect(waitsFor).toContainEqual({ for: 'limits', message: 'limits or budgets held back 2 of 3 canary calls' });
});

test('an answer from the cache is not evidence', async () => {
  const set = setUpRollout({ steps: STEPS }, { cache: { ttl: '1h', when: () => true } });
  const key = callerOf(set, 'gemini');
  for (let call = 0; call < 3; call++) await ask(set.ai, route({ key }));
  expect(set.providers.to('gemini')).toHaveLength(1);
  expect(judged(set)).toMatchObject({ canary: 1 });
});

test('a recorded quality feeds its guardrail, for the side of the call', async () => {
  const set = setUpRollout({ steps: STEPS, guardrails: { quality: {}, politeness: { better: 'higher' } } });
  const one = set.ai.chat.completions.create(
    { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hi' }] },
    route({ key: callerOf(set, 'gemini') }),
  );
  await one;
  expect(set.ai.canary.record(one, { quality: 0.7, politeness: 0.2 })).toBe(true);
  const { canary, guardrails } = set.ai.canary.rollout.state;
  expect(canary.quality).toBe(0.7);
  expect(guardrails.map(({ guardrail, sides }) => [guardrail, sides.canary])).toEqual([
    ['quality', { calls: 1, mean: 0.7 }],
    ['politeness', { calls: 1, mean: 0.2 }],
  ]);
  expect(() => set.ai.canary.record(one, { rudeness: 1 })).toThrow(
    'record.rudeness should be one of quality, politeness',
  );
  expect(() => set.ai.canary.record(one, { quality: Number.NaN })).toThrow('record.quality should be a number');
});

test('values can be recorded for a call that was sent, but not for one answered from the cache', async () => {
  const set = setUpRollout({ steps: STEPS, guardrails: { quality: {} } }, { cache: { when: () => true } });
  const send = () =>
    set.ai.chat.completions.create(
      { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hi' }] },
      route({ key: callerOf(set, 'gemini') }),
    );
  const [sent, cached] = [send(), send()];
  await Promise.all([sent, cached]);
  expect(set.providers.asked).toHaveLength(1);
  expect([sent, cached].map((call) => set.ai.canary.record(call, { quality: 0.7 }))).toEqual([true, false]);
  expect(judged(set)).toMatchObject({ canary: 1 });
});

test('a canary whose refusals stable serves is rolled back, and the sample ratio says nothing', async () => {
  const set = setUpRollout({ steps: STEPS });
  failAt(set, {});
  let turn = 0;
  const refusal = failed(404, { code: 'model_not_found' });
  set.providers.usually('gemini', (request) => ((turn += 1) % 2 ? refusal : chat())(request));
  await driver(set)({ calls: 600, perSecond: 50, until: () => set.events.of('rollback').length > 0 });
  expect(set.events.of('pause')).toEqual([]);
  expect(set.events.of('rollback')).toMatchObject([{ by: 'evidence', upstream: 'gemini' }]);
  expect(set.events.of('rollback')[0]!.reason).toMatch(
    /^errorRate: \d+ of \d+ canary calls failed \(\d+ refused but served by another upstream\), against 0 of \d+ of stable$/,
  );
});

test('a first attempt that a faster hedge aborts is not a lost call and does not pause the rollout', async () => {
  const set = setUpRollout(
    { steps: STEPS },
    { hedge: { after: '100ms', maxShare: 1 }, fallbacks: ['openai', 'gemini'], retry: { budget: 1 } },
  );
  let turn = 0;
  // Every third canary call is slow. Stable answers at once.
  set.providers.usually('gemini', (request) => ((turn += 1) % 3 ? chat() : after(500, chat()))(request));
  for (let caller = 0; caller < 600; caller++) {
    await within(set.clock, 600, ask(set.ai, route({ key: `user-${caller}` })));
  }
  expect(set.events.of('hedge').length).toBeGreaterThan(60);
  expect(set.events.of('pause')).toEqual([]);
  expect(judged(set).canary).toBeGreaterThan(100);
});

test('a sample ratio mismatch pauses the rollout and does not roll it back', async () => {
  // Calls without a key are assigned at random; this random source always chooses stable.
  const set = setUpRollout({ steps: STEPS }, { random: () => 0.999, key: () => '' });
  for (let second = 0; second < 40; second++) {
    for (let call = 0; call < 5; call++) {
      await set.ai.completions.create({ model: 'gpt-4.1', prompt: 'Hi' });
    }
    await set.clock.advance(1_000);
  }
  expect(set.ai.canary.rollout.state.phase).toBe('paused');
  expect(set.events.of('alert')).toMatchObject([{ metric: 'sampleRatio' }]);
});
