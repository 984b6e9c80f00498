/** A rollout whose stable upstream is out of service. */

import { expect, test } from 'vitest';
import { driver, failAt, setUpRollout } from '../support/rollout-traffic.ts';

test("while stable's breaker is open, the calls of both sides count, and the rollout says what it lacks", async () => {
  const set = setUpRollout(
    { steps: [{ weight: 0.5, hold: '1h' }, { weight: 1 }], guardrails: { errorRate: {}, quality: { margin: 0.05 } } },
    { breaker: { openFor: '1m', maxOpenFor: '1m' }, fallbacks: ['gemini', 'openai'] },
  );
  const drive = driver(set);
  await drive({ calls: 100 });
  const { samples: before } = set.ai.canary.rollout.state;
  failAt(set, { openai: 1 });
  await drive({ calls: 200 });
  const { samples, waitsFor } = set.ai.canary.rollout.state;
  expect(set.ai.canary.snapshot().upstreams.openai).toMatchObject({ breaker: { state: 'open' } });
  expect(samples.stable.bad.breaker).toBeGreaterThan(50);
  expect(samples.canary.good).toBeGreaterThan(before.canary.good + 50);
  expect(waitsFor.map(({ message }) => message).join()).toContain("(stable's breaker is open)");
});
