/** A shadow step judges its copies: a canary that fails them gets no caller, and one that is as good as stable goes on. */

import { describe, expect, test } from 'vitest';
import type { Reply } from '../support/replies.ts';
import { after, chat, failed, malformed, silent, unreachable } from '../support/replies.ts';
import { callersOf, setUpShadowStep, stateOf, STEPS, trafficOf, waitsOf } from '../support/shadow-steps.ts';
import { failing } from '../support/rollout-traffic.ts';
import { seededRandom } from '../../src/testing/index.ts';

describe('a healthy canary', () => {
  test('goes on once the hold is over and its copies prove it no worse', async () => {
    const set = setUpShadowStep();
    const run = trafficOf(set);
    await run({ calls: 190 });
    expect(stateOf(set)).toMatchObject({ step: 0, canary: { calls: 190, failures: 0 }, callsExposed: 0 });
    expect(waitsOf(set)).toEqual([expect.stringMatching(/^held for/)]);
    await run({ calls: 20 });
    expect(stateOf(set).step).toBe(1);
    expect(set.events.of('step')[0]).toMatchObject({
      by: 'evidence',
      reason: expect.stringContaining('copies failed'),
    });
    expect(set.ai.canary.shadow.share('gemini')).toBe(0);
  });

  test('waits for its proof after the hold, and needs as many copies as the margin takes', async () => {
    const set = setUpShadowStep({ guardrails: { errorRate: { margin: 0.05 } } });
    const run = trafficOf(set);
    await run({ calls: 50, everyMs: 1_000 });
    expect(stateOf(set).step).toBe(0);
    expect(waitsOf(set)).toEqual(['not yet proven to be no worse than stable: errorRate']);
    // ln 20 over ln(1 / (1 − 0.05)) is 58, plus the price of spreading the wealth.
    const more = await run({ calls: 100, everyMs: 1_000, until: () => stateOf(set).step === 1 });
    expect(50 + more).toBeLessThan(110);
  });

  test('goes on although stable fails as often, and retries hide those failures from callers', async () => {
    const set = setUpShadowStep({ guardrails: { errorRate: { margin: 0.2 } } });
    const random = seededRandom(5);
    for (const name of ['openai', 'gemini']) set.providers.usually(name, failing(0.2, random));
    await trafficOf(set)({ calls: 400, until: () => stateOf(set).step === 1 });
    expect(stateOf(set)).toMatchObject({ phase: 'progressing', step: 1 });
  });

  test('is not blamed for an outage of both', async () => {
    const set = setUpShadowStep({ steps: [{ shadow: 1, hold: '1h' }, { weight: 1 }] });
    const run = trafficOf(set);
    await run({ calls: 50 });
    for (const name of ['openai', 'gemini']) set.providers.usually(name, failed(503));
    await run({ calls: 50, everyMs: 1_000 });
    expect(stateOf(set)).toMatchObject({ phase: 'progressing', step: 0 });
    expect(stateOf(set).evidence).toBeLessThan(0.1);
  });
});

const KEY = { type: 'invalid_request_error', code: 'invalid_api_key' };
const FAULTS: readonly (readonly [name: string, reply: Reply, why: string])[] = [
  ['500', failed(500), 'by error or time-out'],
  ['503 for 60 %', failing(0.6, seededRandom(3)), 'by error or time-out'],
  ['401', failed(401, KEY), 'met its pause'],
  ['429 for good', failed(429, {}, { 'retry-after': '30' }), 'met its pause'],
  ['insufficient_quota', failed(429, { code: 'insufficient_quota' }), 'met its pause'],
  ['400', failed(400, { type: 'invalid_request_error' }), 'refused'],
  ['model_not_found', failed(404, { code: 'model_not_found' }), 'refused'],
  ['malformed', malformed(), 'by error or time-out'],
  ['no connection', unreachable(), 'by error or time-out'],
  ['empty answers', chat(''), 'without any content'],
];

describe('a canary that fails its copies gets no caller', () => {
  test.each(FAULTS)('%s', async (_name, reply, why) => {
    const set = setUpShadowStep();
    set.providers.usually('gemini', reply);
    await trafficOf(set)({ calls: 300, until: () => stateOf(set).phase === 'rolledBack' });
    const { phase, reason, callsExposed } = stateOf(set);
    expect({ phase, callsExposed }).toEqual({ phase: 'rolledBack', callsExposed: 0 });
    expect(reason).toMatch(/^errorRate: \d+ of \d+ copies failed \(.*\), against 0 of \d+ of their calls on stable$/);
    expect(reason).toContain(why);
    expect(callersOf(set)).toBe(0);
    expect(set.events.of('step')).toEqual([]);
    expect(set.events.of('call').every(({ outcome }) => outcome === 'success')).toBe(true);
    expect(set.ai.canary.shadow.share('gemini')).toBe(0);
  });

  test.each(FAULTS.slice(0, 6))('%s, after 200 good copies', async (_name, reply) => {
    const set = setUpShadowStep({ steps: [{ shadow: 1, hold: '1h' }, { weight: 0.5 }, { weight: 1 }] });
    const run = trafficOf(set);
    await run({ calls: 200 });
    expect(stateOf(set)).toMatchObject({ step: 0, evidence: 0 });
    set.providers.usually('gemini', reply);
    const copies = await run({ calls: 300, until: () => stateOf(set).phase === 'rolledBack' });
    expect(stateOf(set).phase).toBe('rolledBack');
    expect(copies).toBeLessThan(60);
    expect(callersOf(set)).toBe(0);
    // The good copies before are not part of the reason.
    expect(stateOf(set).reason).toMatch(/against 0 of \d{1,2} of their calls/);
  });

  test('one that hangs: it waits, and is rolled back once enough copies have timed out', async () => {
    const set = setUpShadowStep();
    const run = trafficOf(set);
    set.providers.usually('gemini', silent());
    await run({ calls: 60, everyMs: 1_000 });
    expect(stateOf(set)).toMatchObject({ phase: 'progressing', step: 0 });
    expect(waitsOf(set)).toContain('no copy has been judged yet: 0 of 1 copies');
    await run({ calls: 120, everyMs: 4_000, until: () => stateOf(set).phase === 'rolledBack' });
    expect(stateOf(set)).toMatchObject({ phase: 'rolledBack', callsExposed: 0 });
  });

  test('one that is three times as slow, where latency is guarded', async () => {
    const set = setUpShadowStep({ guardrails: { errorRate: { margin: 0.05 }, latencyP95: { margin: 0.2 } } });
    const random = seededRandom(7);
    // Long answers are long on both sides.
    const slow =
      (factor: number): Reply =>
      (request) =>
        after(factor * (50 + 200 * random()), chat())(request);
    set.providers.usually('openai', slow(1)).usually('gemini', slow(3));
    await trafficOf(set)({ calls: 300, until: () => stateOf(set).phase === 'rolledBack' });
    expect(stateOf(set).reason).toMatch(
      /^latencyP95: mean \d+ ms over \d+ canary answers, against \d+ ms over \d+ of stable$/,
    );
    expect(callersOf(set)).toBe(0);
  });

  test('one that is twice as expensive, where cost is guarded', async () => {
    const set = setUpShadowStep({ guardrails: { costPerCall: { margin: 0.2 } } });
    set.providers.usually('gemini', chat('Hello.', { input: 20, output: 10 }));
    await trafficOf(set)({ calls: 300, until: () => stateOf(set).phase === 'rolledBack' });
    expect(stateOf(set).reason).toMatch(/^costPerCall: mean 0.00012 USD/);
  });

  test('one that fails while only an application metric is guarded', async () => {
    const set = setUpShadowStep({ guardrails: { politeness: { better: 'higher' } } });
    set.providers.usually('gemini', failed(500));
    await trafficOf(set)({ calls: 100, until: () => stateOf(set).phase === 'rolledBack' });
    expect(stateOf(set).reason).toMatch(/^errorRate: /);
  });

  test('with thresholds instead of evidence', async () => {
    const set = setUpShadowStep({ judge: 'threshold' });
    set.providers.usually('gemini', failed(500));
    const copies = await trafficOf(set)({ calls: 100, until: () => stateOf(set).phase === 'rolledBack' });
    expect({ copies, phase: stateOf(set).phase }).toEqual({ copies: 20, phase: 'rolledBack' });
  });
});

test('a pause stops the step, but a rollback is possible in it', async () => {
  const set = setUpShadowStep();
  const run = trafficOf(set);
  set.ai.canary.rollout.pause();
  await run({ calls: 300 });
  expect(stateOf(set)).toMatchObject({ phase: 'paused', step: 0 });
  set.providers.usually('gemini', failed(500));
  await run({ calls: 100, until: () => stateOf(set).phase === 'rolledBack' });
  expect(stateOf(set).phase).toBe('rolledBack');
});

test('the first callers follow the copies, and are judged by calls from then on', async () => {
  const set = setUpShadowStep({ steps: STEPS });
  const run = trafficOf(set);
  await run({ calls: 300, until: () => stateOf(set).step === 1 });
  const copies = set.providers.to('gemini').length;
  await run({ calls: 100 });
  expect(callersOf(set)).toBeGreaterThan(20);
  expect(set.providers.to('gemini').length - copies).toBe(callersOf(set));
  expect(stateOf(set).callsExposed).toBe(callersOf(set));
});
