/** Alert rules of a client, and the rollbacks they trigger. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask, within } from '../support/calls.ts';
import { after, chat, failed } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

const START_MS = Date.UTC(2026, 0, 1);
const RULE = {
  name: 'gemini fails',
  metric: 'errorRate',
  upstream: 'gemini',
  above: 0.1,
  minCalls: 20,
  severity: 'critical',
  action: 'rollback',
} as const;

function setUpRule(rule: object = {}, weights: Record<string, number> = { openai: 6, gemini: 2, deepseek: 2 }): SetUp {
  return setUp({
    upstreams: { gemini: {}, deepseek: {} },
    client: { maxRetries: 0 },
    canary: { weights, breaker: false, alerts: [{ ...RULE, ...rule }] },
  });
}

/** Makes calls to gemini, the first `failures` of which fail and fall back. */
async function call({ ai, providers }: SetUp, { calls, failures }: { calls: number; failures: number }): Promise<void> {
  for (let index = 0; index < calls; index++) {
    providers.script('gemini', index < failures ? failed(503) : chat());
    await ask(ai, route({ upstream: 'gemini' }));
  }
}

test('a rule fires within a second', async () => {
  const set = setUpRule();
  await call(set, { calls: 20, failures: 3 });
  expect(set.events.of('alert')).toEqual([]);
  await set.clock.advance(1_000);
  expect(set.events.of('alert')).toEqual([
    {
      name: 'gemini fails',
      state: 'firing',
      metric: 'errorRate',
      upstream: 'gemini',
      value: 0.15,
      bound: { above: 0.1 },
      calls: 20,
      severity: 'critical',
      atMs: START_MS + 1_000,
    },
  ]);
});

test('a rollback divides the weight among the others in proportion and reports the reason', async () => {
  const set = setUpRule();
  await call(set, { calls: 20, failures: 3 });
  await set.clock.advance(1_000);
  const weightsAfter = { openai: 0.75, gemini: 0, deepseek: 0.25 };
  expect(set.ai.canary.weights).toEqual(weightsAfter);
  expect(set.events.of('rollback')).toEqual([
    {
      upstream: 'gemini',
      reason: expect.stringMatching(/gemini fails.*errorRate.*0\.15.*above 0\.1.*20 calls/),
      rule: 'gemini fails',
      metric: 'errorRate',
      value: 0.15,
      bound: { above: 0.1 },
      calls: 20,
      weightsBefore: { openai: 0.6, gemini: 0.2, deepseek: 0.2 },
      weightsAfter,
      decidedHere: true,
      atMs: START_MS + 1_000,
    },
  ]);
  expect(set.ai.canary.history).toMatchObject([{ action: 'rollback', atMs: START_MS + 1_000, weightsAfter }]);
});

test('after a rollback no key is assigned to the upstream', async () => {
  const set = setUpRule();
  await call(set, { calls: 20, failures: 3 });
  await set.clock.advance(1_000);
  set.providers.sent.length = 0;
  for (let key = 0; key < 100; key++) await ask(set.ai, route({ key: `${key}` }));
  expect(set.providers.to('gemini')).toEqual([]);
});

test('stable gets the weight if the rolled-back upstream had all of it', async () => {
  const set = setUpRule({}, { gemini: 1 });
  await call(set, { calls: 20, failures: 20 });
  await set.clock.advance(1_000);
  expect(set.ai.canary.weights).toEqual({ openai: 1, gemini: 0, deepseek: 0 });
});

test('a rule does not fire with too few calls', async () => {
  const set = setUpRule();
  await call(set, { calls: 19, failures: 19 });
  await set.clock.advance(120_000);
  expect(set.events.of('alert')).toEqual([]);
  expect(set.events.of('rollback')).toEqual([]);
});

test('a rule fires once while its condition holds, and resolves once when its calls leave the window', async () => {
  const set = setUpRule();
  await call(set, { calls: 20, failures: 10 });
  await set.clock.advance(200_000);
  expect(set.events.of('alert').map(({ state }) => state)).toEqual(['firing']);
  await set.clock.advance(300_000);
  expect(set.events.of('alert')).toMatchObject([{ state: 'firing' }, { state: 'resolved', value: null, calls: 0 }]);
  expect(set.events.of('rollback')).toHaveLength(1);
});

test('a condition must hold for `for`', async () => {
  const set = setUpRule({ for: '10s' });
  await call(set, { calls: 20, failures: 10 });
  await set.clock.advance(10_999);
  expect(set.events.of('alert')).toEqual([]);
  await set.clock.advance(1);
  expect(set.events.of('alert')).toHaveLength(1);
});

test('a gap in which the machine slept counts as ten seconds', async () => {
  const set = setUpRule({ metric: 'weight', above: 0.1, for: '30s', minCalls: 0, action: undefined });
  await set.clock.advance(2_000);
  set.clock.jump(3_600_000);
  await set.clock.advance(1_000);
  expect(set.events.of('alert')).toEqual([]);
  await set.clock.advance(20_000);
  expect(set.events.of('alert')).toHaveLength(1);
});

test('a clock that is set back does not delay a rule', async () => {
  const clock = new ManualClock();
  let backMs = 0;
  const moody = { now: () => clock.now() - backMs, setTimeout: clock.setTimeout.bind(clock) };
  const set = setUp({
    upstreams: { gemini: {} },
    canary: {
      clock: moody,
      alerts: [{ ...RULE, metric: 'weight', above: 0.1, for: '30s', minCalls: 0, action: undefined }],
      weights: { openai: 1, gemini: 1 },
    },
  });
  await clock.advance(10_000);
  backMs = 3_600_000;
  await clock.advance(25_000);
  expect(set.events.of('alert')).toHaveLength(1);
});

test('a slow upstream is rolled back by its p95', async () => {
  const set = setUpRule({ metric: 'latencyP95', above: 500 });
  for (let index = 0; index < 20; index++) {
    set.providers.script('gemini', after(index < 18 ? 10 : 900, chat()));
    await within(set.clock, 1_000, ask(set.ai, route({ upstream: 'gemini' })));
  }
  await set.clock.advance(1_000);
  expect(set.events.of('rollback')).toMatchObject([{ metric: 'latencyP95', upstream: 'gemini' }]);
  expect(set.events.of('rollback')).toEqual([expect.objectContaining({ value: expect.toSatisfy((ms) => ms > 880) })]);
});

test('an upstream without weight only raises the alert and is not rolled back', async () => {
  const set = setUpRule({}, { openai: 1 });
  await call(set, { calls: 20, failures: 10 });
  await set.clock.advance(5_000);
  expect(set.events.of('alert')).toHaveLength(1);
  expect(set.events.of('rollback')).toEqual([]);
  expect(set.events.of('warning')).toEqual([]);
  expect(set.ai.canary.history).toEqual([]);
});

test('warns instead of rolling back stable when it serves alone', async () => {
  const set = setUp({
    upstreams: { gemini: {} },
    client: { maxRetries: 0 },
    canary: { breaker: false, fallbacks: ['gemini'], alerts: [{ ...RULE, upstream: 'openai' }] },
  });
  set.providers.usually('openai', failed(503));
  for (let index = 0; index < 20; index++) await ask(set.ai);
  await set.clock.advance(5_000);
  expect(set.events.of('alert')).toHaveLength(1);
  expect(set.events.of('rollback')).toEqual([]);
  expect(set.events.of('warning')).toMatchObject([{ code: 'rollback' }]);
  expect(set.ai.canary.weights).toEqual({ openai: 1, gemini: 0 });
});

test('a rule without an upstream watches whole calls', async () => {
  const set = setUpRule({ metric: 'fallbackRate', upstream: undefined, action: undefined });
  await call(set, { calls: 20, failures: 5 });
  await set.clock.advance(1_000);
  expect(set.events.of('alert')).toMatchObject([{ metric: 'fallbackRate', value: 0.25, upstream: undefined }]);
  expect(set.events.of('rollback')).toEqual([]);
});

test('a rollback listener sees the weights after the rollback', async () => {
  const set = setUpRule();
  const seen: unknown[] = [];
  set.ai.canary.on('rollback', () => seen.push(set.ai.canary.weights));
  await call(set, { calls: 20, failures: 10 });
  await set.clock.advance(1_000);
  expect(seen).toEqual([{ openai: 0.75, gemini: 0, deepseek: 0.25 }]);
});

test('the phases of the rules and the history of alerts can be read', async () => {
  const set = setUpRule({ for: '10s', action: undefined });
  const phase = () => set.ai.canary.alerts.rules.map((rule) => rule.phase);
  expect(phase()).toEqual(['inactive']);
  await call(set, { calls: 20, failures: 10 });
  await set.clock.advance(1_000);
  expect(phase()).toEqual(['pending']);
  await set.clock.advance(10_000);
  expect(phase()).toEqual(['firing']);
  expect(set.ai.canary.alerts.history).toEqual(set.events.of('alert'));
});

test('the history contains alerts about refused credentials', async () => {
  const set = setUpRule();
  set.providers.script('gemini', failed(401));
  await ask(set.ai, route({ upstream: 'gemini' }));
  expect(set.ai.canary.alerts.history).toMatchObject([{ name: 'auth:gemini', state: 'firing' }]);
});

test('a rule on open breakers resolves once the breaker is closed, not while it tries single calls', async () => {
  const set = setUp({
    upstreams: { gemini: {} },
    client: { maxRetries: 0 },
    canary: {
      breaker: { consecutive: 2, openFor: '5s' },
      alerts: [{ name: 'broken', metric: 'openBreakers', upstream: 'gemini', above: 0 }],
    },
  });
  set.providers.script('gemini', failed(503), failed(503));
  for (let index = 0; index < 2; index++) await ask(set.ai, route({ upstream: 'gemini' }));
  await set.clock.advance(1_000);
  await set.clock.advance(5_000);
  expect(set.ai.canary.snapshot().upstreams['gemini']!.breaker.state).toBe('halfOpen');
  expect(set.events.of('alert').map(({ state }) => state)).toEqual(['firing']);
  for (let index = 0; index < 3; index++) await ask(set.ai, route({ upstream: 'gemini' }));
  await set.clock.advance(1_000);
  expect(set.events.of('alert').map(({ state }) => state)).toEqual(['firing', 'resolved']);
});

test('a rule on the error rate of an upstream counts the calls assigned to it, also those that its open breaker refused', async () => {
  const set = setUp({
    upstreams: { gemini: {} },
    client: { maxRetries: 0 },
    canary: {
      weights: { gemini: 1 },
      fallbacks: ['openai'],
      breaker: { consecutive: 2, openFor: '1h', maxOpenFor: '1h' },
      alerts: [{ name: 'dead', metric: 'errorRate', upstream: 'gemini', above: 0.5, minCalls: 20 }],
    },
  });
  set.providers.usually('gemini', failed(503));
  for (let index = 0; index < 20; index++) await ask(set.ai, route({ key: `user-${index}` }));
  await set.clock.advance(1_000);
  expect(set.providers.to('gemini')).toHaveLength(2);
  expect(set.events.of('alert')).toMatchObject([{ name: 'dead', state: 'firing', value: 1, calls: 20 }]);
});

test('a rule can watch the agreement of a shadow, and counts the compared answers', async () => {
  const set = setUp({
    upstreams: { gemini: {} },
    canary: {
      shadow: { upstream: 'gemini', share: 1 },
      alerts: [{ name: 'other', metric: 'shadowAgreement', upstream: 'gemini', below: 0.5, minCalls: 3 }],
    },
  });
  set.providers.usually('openai', chat('The capital of France is Paris.'));
  set.providers.usually('gemini', chat('No idea!'));
  for (let index = 0; index < 3; index++) {
    await ask(set.ai);
    expect(set.events.of('alert')).toEqual([]);
    await set.clock.advance(1_000);
  }
  expect(set.events.of('alert')).toMatchObject([{ metric: 'shadowAgreement', state: 'firing', calls: 3 }]);
});
