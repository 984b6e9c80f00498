/** The quality that the application records for its calls: in the window of the upstream that answered, and in alerts. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { ask, BODY, drain, STREAM_BODY } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';

test('counts for the upstream that answered the call, with or without a rollout', async () => {
  const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 } });
  const call = ai.chat.completions.create(BODY);
  await call;
  // Nothing is judged by it: there is no rollout.
  expect(ai.canary.record(call, { quality: 0.8 })).toBe(false);
  providers.script('gemini', failed(500));
  const rescued = ai.chat.completions.create(BODY);
  await clock.advance(10_000);
  await rescued;
  ai.canary.record(rescued, { quality: 0.4 });
  const stream = await ai.chat.completions.create(STREAM_BODY);
  await drain(stream);
  ai.canary.record(stream, { quality: 0.6 });
  const { gemini, openai } = ai.canary.snapshot().upstreams;
  expect(gemini).toMatchObject({ scored: 2, quality: expect.closeTo(0.7, 9) });
  expect(openai).toMatchObject({ scored: 1, quality: 0.4 });
});

test('leaves the window with its calls', async () => {
  const { ai, clock } = setUp({ canary: { window: '1m' } });
  const call = ai.chat.completions.create(BODY);
  await call;
  ai.canary.record(call, { quality: 1 });
  await clock.advance(120_000);
  expect(ai.canary.snapshot().upstreams.openai).toMatchObject({ scored: 0, quality: null });
});

test('is refused if it is not a number, and counts nowhere without an answer', async () => {
  const { ai, providers, clock } = setUp({ client: { maxRetries: 0 } });
  const call = ai.chat.completions.create(BODY);
  await call;
  expect(() => ai.canary.record(call, { quality: Number.NaN })).toThrow('record.quality should be');
  providers.usually('openai', failed(400));
  const refused = ai.chat.completions.create(BODY);
  await refused.catch(() => undefined);
  await clock.advance(0);
  ai.canary.record(refused, { quality: 1 });
  expect(ai.canary.snapshot().upstreams.openai).toMatchObject({ scored: 0, quality: null });
});

test('fires an alert rule of one upstream, or of the lowest of all', async () => {
  const rule = { metric: 'quality', below: 0.5, minCalls: 3 } as const;
  const set = setUp({
    upstreams: { gemini: {} },
    canary: {
      alerts: [
        { ...rule, name: 'gemini is poor', upstream: 'gemini' },
        { ...rule, name: 'openai is poor', upstream: 'openai' },
        { ...rule, name: 'one is poor' },
      ],
    },
  });
  for (const [upstream, quality] of [
    ['gemini', 0.3],
    ['openai', 0.9],
  ] as const) {
    for (let count = 0; count < 3; count++) {
      const call = set.ai.chat.completions.create(BODY, route({ upstream }));
      await call;
      set.ai.canary.record(call, { quality });
    }
  }
  expect(set.events.of('alert')).toEqual([]);
  await set.clock.advance(60_000);
  expect(set.events.of('alert').map(({ name, state, value, calls }) => ({ name, state, value, calls }))).toEqual([
    { name: 'gemini is poor', state: 'firing', value: expect.closeTo(0.3, 9), calls: 3 },
    { name: 'one is poor', state: 'firing', value: expect.closeTo(0.3, 9), calls: 6 },
  ]);
});

test('is unknown, not 0, before the first call', async () => {
  const { ai } = setUp();
  await ask(ai);
  expect(ai.canary.snapshot().upstreams.openai).toMatchObject({ calls: 1, scored: 0, quality: null });
});
