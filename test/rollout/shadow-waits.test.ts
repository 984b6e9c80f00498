/** What a shadow step waits for: copies, proof, requirements, and what holds its copies back. */

import { describe, expect, test } from 'vitest';
import { after, chat, failed, silent } from '../support/replies.ts';
import { setUpShadowStep, stateOf, trafficOf, waitsOf } from '../support/shadow-steps.ts';

describe('what a shadow step waits for', () => {
  test('copies: none at all is not a pass', async () => {
    const set = setUpShadowStep({}, { shadow: { when: () => false } });
    await trafficOf(set)({ calls: 60, everyMs: 1_000 });
    expect(stateOf(set)).toMatchObject({ phase: 'progressing', step: 0 });
    expect(waitsOf(set)).toEqual([
      'no copy has been judged yet: 0 of 1 copies',
      'the canary has not answered a copy yet',
      'not yet proven to be no worse than stable: errorRate',
    ]);
  });

  test('minCalls copies and each requirement', async () => {
    const require = { maxErrorRate: 0.01, maxLatencyP95: '3s', minQuality: 0.9 } as const;
    const steps = [
      { shadow: 1, hold: '1s', minCalls: 100, require },
      { weight: 0.01, hold: '1d' },
      { weight: 1 },
    ] as const;
    const set = setUpShadowStep({ steps });
    const run = trafficOf(set);
    set.providers.usually('gemini', after(3_500, chat()));
    await run({ calls: 10, everyMs: 1_000 });
    expect(waitsOf(set)).toEqual([
      '7 of 100 copies',
      expect.stringMatching(/^p95 latency in ms is 3[3-7]\d\d, should be at most 3000$/),
      'not yet proven to be no worse than stable: errorRate',
    ]);
    // 190 fast ones make the slow ones less than 5 %.
    set.providers.usually('gemini', after(100, chat()));
    await run({ calls: 120 });
    expect(waitsOf(set)).toEqual([expect.stringMatching(/^p95/)]);
    await run({ calls: 200, until: () => stateOf(set).step === 1 });
    expect(stateOf(set).step).toBe(1);
  });

  test('the p95 latency of calls, too, in a step with real callers', async () => {
    const steps = [{ weight: 0.5, require: { maxLatencyP95: '3s' } }, { weight: 1 }] as const;
    const set = setUpShadowStep({ steps, guardrails: { errorRate: { margin: 0.3 } } });
    const run = trafficOf(set);
    set.providers.usually('gemini', after(3_500, chat()));
    await run({ calls: 10, everyMs: 1_000 });
    expect(waitsOf(set)).toContainEqual(
      expect.stringMatching(/^p95 latency in ms is 3[3-7]\d\d, should be at most 3000$/),
    );
    set.providers.usually('gemini', after(100, chat()));
    await run({ calls: 600, until: () => stateOf(set).step === 1 });
    expect(stateOf(set).step).toBe(1);
  });

  test('agreement with the real answers, where quality is required', async () => {
    const steps = [{ shadow: 1, require: { minQuality: 0.9 } }, { weight: 0.01, hold: '1d' }, { weight: 1 }] as const;
    const set = setUpShadowStep({ steps });
    set.providers.usually('gemini', chat('Quite another text, and a long one.'));
    await trafficOf(set)({ calls: 100 });
    expect(stateOf(set).step).toBe(0);
    expect(waitsOf(set)).toEqual([expect.stringMatching(/^quality is 0\.\d+, should be at least 0.9$/)]);
  });

  test('the score of each copy, where quality is guarded and the option compare gives it', async () => {
    const options = { guardrails: { quality: {} } };
    const good = setUpShadowStep(options, { shadow: { compare: () => ({ score: 1 }) } });
    await trafficOf(good)({ calls: 500, until: () => stateOf(good).step === 1 });
    const bad = setUpShadowStep(options, { shadow: { compare: () => ({ score: 0.4 }) } });
    await trafficOf(bad)({ calls: 500, until: () => stateOf(bad).phase === 'rolledBack' });
    expect(stateOf(bad).reason).toMatch(
      /^quality: mean 0.4 over \d+ canary values, against 1 over \d+ values of stable$/,
    );
    // Without it there is no score, and the calls of the next step are judged by it.
    const unscored = setUpShadowStep({ ...options, steps: [{ shadow: 1 }, { weight: 0.01 }, { weight: 1 }] });
    await trafficOf(unscored)({ calls: 60, until: () => stateOf(unscored).step === 1 });
    expect(stateOf(unscored).step).toBe(1);
  });

  test('a canary in service: one whose copies ended is not known to answer now', async () => {
    const set = setUpShadowStep({ steps: [{ shadow: 1, hold: '2m' }, { weight: 0.5 }, { weight: 1 }] });
    await trafficOf(set)({ calls: 200 });
    await set.clock.advance(200_000);
    expect(stateOf(set).step).toBe(0);
    expect(waitsOf(set)).toEqual([expect.stringMatching(/^the canary's last answer was \d+ s ago$/)]);
  });

  test('no real call, where the breaker is half-open since the rollback: good copies are enough', async () => {
    const set = setUpShadowStep({ steps: [{ shadow: 1, hold: '10s' }, { weight: 0.5, hold: '1d' }, { weight: 1 }] });
    const run = trafficOf(set);
    await run({ calls: 2_000, until: () => stateOf(set).step === 1 });
    set.providers.usually('gemini', failed(503));
    await run({ calls: 500, until: () => stateOf(set).phase === 'rolledBack' });
    set.providers.usually('gemini', chat());
    await set.clock.advance(120_000);
    set.ai.canary.rollout.retry();
    await run({ calls: 2_000, until: () => stateOf(set).step === 1 });
    expect(stateOf(set)).toMatchObject({ phase: 'progressing', step: 1 });
  });

  test('copies that hang, however many others are good', async () => {
    const set = setUpShadowStep({}, { shadow: { maxConcurrency: 100 } });
    const run = trafficOf(set);
    const answer = chat();
    let asked = 0;
    // One in four hangs until it times out after two minutes. Without them the canary looks healthy.
    set.providers.usually('gemini', (request) => (asked++ % 4 === 0 ? silent() : answer)(request));
    await run({ calls: 300, everyMs: 200 });
    expect(stateOf(set)).toMatchObject({ step: 0, canary: { failures: 0 } });
    expect(waitsOf(set)).toEqual([
      'copies to the canary hang: they run for more than twice as long as any answer so far',
    ]);
    await run({ calls: 700, everyMs: 200, until: () => stateOf(set).phase === 'rolledBack' });
    expect(stateOf(set)).toMatchObject({ phase: 'rolledBack', callsExposed: 0 });
  });

  test('no copy that is slow as this canary is: its own answers say what is usual', async () => {
    const set = setUpShadowStep({ steps: [{ shadow: 1, hold: '2m' }, { weight: 0.01 }, { weight: 1 }] });
    set.providers.usually('gemini', after(25_000, chat()));
    await trafficOf(set)({ calls: 200, everyMs: 5_000, until: () => stateOf(set).step === 1 });
    expect(stateOf(set).step).toBe(1);
  });

  test('stable: a call that stable was passed over for is no pair', async () => {
    const set = setUpShadowStep(
      {},
      { upstreams: { spare: { baseURL: 'https://spare.test/v1', apiKey: 'key-of-spare' } }, fallbacks: ['spare'] },
    );
    set.providers.usually('openai', failed(429, {}, { 'retry-after': '600' })).usually('spare', chat());
    await trafficOf(set)({ calls: 100 });
    expect(stateOf(set).samples.canary.unjudged).toBeGreaterThanOrEqual(95);
    expect(stateOf(set).step).toBe(0);
  });

  test('its budget, by name', async () => {
    const set = setUpShadowStep({}, { shadow: { budgetUsd: 0 } });
    await trafficOf(set)({ calls: 60, everyMs: 1_000 });
    expect(set.providers.to('gemini')).toEqual([]);
    expect(stateOf(set)).toMatchObject({ step: 0, evidence: 0, samples: { canary: { heldBack: 60, assigned: 60 } } });
    expect(waitsOf(set)).toContain('the budget of the copies is spent: 60 of 60 copies were not sent');
  });

  test('a slot is no sample: a copy that the own bounds drop counts neither way', async () => {
    const set = setUpShadowStep({}, { shadow: { maxConcurrency: 1, maxQueue: 0 } });
    set.providers.usually('gemini', after(250, chat())).usually('openai', after(250, chat()));
    await trafficOf(set)({ calls: 600, until: () => stateOf(set).step === 1 });
    expect(stateOf(set).step).toBe(1);
    expect(set.ai.canary.snapshot().shadow!.gemini!.dropped.full).toBeGreaterThan(100);
    expect(stateOf(set).evidence).toBe(0);
  });
});
