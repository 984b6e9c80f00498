/** `CANARY_DISABLED=1` sends all calls to stable while it is set. */

import { afterEach, expect, test, vi } from 'vitest';
import { route } from '../../src/index.ts';
import { ask } from '../support/calls.ts';
import { setUp } from '../support/set-up.ts';
import { setUpRollout } from '../support/rollout-traffic.ts';

afterEach(() => vi.unstubAllEnvs());

const FORCED = route({ upstream: 'gemini' });

test('a client created with it uses stable only, whatever weights, segments and callers request', async () => {
  vi.stubEnv('CANARY_DISABLED', '1');
  const canary = { weights: { gemini: 1 }, segments: [{ when: { plan: 'beta' }, upstream: 'gemini' }] };
  const { ai, providers, events } = setUp({ upstreams: { gemini: {} }, canary });
  await ask(ai);
  await ask(ai, FORCED);
  await ask(ai, route({ attributes: { plan: 'beta' } }));
  expect(providers.asked).toEqual(['openai', 'openai', 'openai']);
  expect(ai.canary.explain({ key: 'anybody' })).toMatchObject({ upstream: 'openai', reason: 'disabled' });
  expect(events.of('warning')).toMatchObject([{ code: 'disabled' }]);
});

test('a running client follows a change within a second', async () => {
  const { ai, clock, providers } = setUp({ upstreams: { gemini: {} }, canary: { weights: { gemini: 1 } } });
  for (const value of [undefined, '1', '0', 'true', '']) {
    vi.stubEnv('CANARY_DISABLED', value);
    await clock.advance(1_000);
    await ask(ai);
  }
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini', 'openai', 'gemini']);
});

test('calls sent to stable by it are no evidence in a rollout', async () => {
  vi.stubEnv('CANARY_DISABLED', '1');
  const set = setUpRollout({ steps: [{ weight: 0.5, hold: '1d' }, { weight: 1 }] });
  for (let caller = 0; caller < 20; caller++) await ask(set.ai, route({ key: `user-${caller}` }));
  const { canary, stable } = set.ai.canary.rollout.state;
  expect([canary.calls, stable.calls]).toEqual([0, 0]);
  expect(set.providers.to('gemini')).toEqual([]);
});
