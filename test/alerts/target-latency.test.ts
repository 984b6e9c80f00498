/** The target latency of an upstream: shown, alerted on, and a guardrail's limit. */

import { expect, test } from 'vitest';
import { CanaryClient, ConfigError, type RolloutOptions } from '../../src/index.ts';
import { ask, within } from '../support/calls.ts';
import { after, chat } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';

test('the snapshot shows the target of each upstream that has one', () => {
  const { ai } = setUpCanary({ upstreams: { gemini: { targetLatency: '0.3s' } } });
  const { gemini, openai } = ai.canary.snapshot().upstreams;
  expect(gemini).toMatchObject({ targetLatencyMs: 300 });
  expect(openai).not.toHaveProperty('targetLatencyMs');
});

test('the client itself may have a target', () => {
  const { ai } = setUp({ canary: { upstreams: { openai: { targetLatency: 600 } } } });
  expect(ai.canary.snapshot().upstreams['openai']).toMatchObject({ targetLatencyMs: 600 });
});

test.each([
  [400, []],
  [200, [['slow', 'firing']]],
])('an alert compares the p95 with the target: 300 ms with %d ms', async (targetLatency, alerts) => {
  const { ai, clock, providers, events } = setUpCanary({
    upstreams: { gemini: { targetLatency } },
    canary: { alerts: [{ name: 'slow', metric: 'latencyToTarget', upstream: 'gemini', above: 1, minCalls: 5 }] },
  });
  providers.usually('gemini', after(300, chat()));
  for (let call = 0; call < 10; call++) await within(clock, 300, ask(ai));
  await clock.advance(60_000);
  expect(events.of('alert').map(({ name, state }) => [name, state])).toEqual(alerts);
});

const rolloutWith = (guardrails: RolloutOptions['guardrails']): RolloutOptions<'gemini'> => ({
  to: 'gemini',
  steps: [{ weight: 0.5, hold: '1h' }],
  guardrails,
});

test("a guardrail's max 'target' rolls back a canary above its own target", async () => {
  const guardrails = { latencyP95: { max: 'target' } } as const;
  const { ai, clock, providers, events } = setUp({
    upstreams: { gemini: { targetLatency: '200ms' } },
    canary: { rollout: rolloutWith(guardrails) },
  });
  providers.usually('gemini', after(400, chat())).usually('openai', after(400, chat()));
  for (let call = 0; call < 600 && events.of('rollback').length === 0; call++) {
    await within(clock, 400, ask(ai, { headers: { 'x-canary-key': `user-${call}` } }));
  }
  expect(events.of('rollback')).toMatchObject([{ upstream: 'gemini' }]);
  expect(JSON.stringify(ai.canary.rollout.state)).toContain('latencyP95');
});

test.each([
  ['no target', {}, { latencyP95: { max: 'target' } }, 'canary.rollout.guardrails.latencyP95.max'],
  ['no latency', { targetLatency: 200 }, { errorRate: { max: 'target' } }, 'canary.rollout.guardrails.errorRate.max'],
  ['no duration', { targetLatency: 'fast' }, {}, 'canary.upstreams.gemini.targetLatency'],
] as const)("rejects a 'target' for %s", (_name, upstream, guardrails, message) => {
  const gemini = { baseURL: 'https://gemini.test/v1', apiKey: 'k', ...(upstream as { targetLatency?: number }) };
  const rollout = rolloutWith(Object.keys(guardrails).length > 0 ? guardrails : undefined);
  const build = () => new CanaryClient({ apiKey: 'k', canary: { upstreams: { gemini }, rollout } });
  expect(build).toThrow(ConfigError);
  expect(build).toThrow(message);
});
