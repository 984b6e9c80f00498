/** A canary that answers well for a while and then not at all, at 10 calls a second and 10 % weight, at the defaults. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { seededRandom } from '../../src/testing/index.ts';
import { ask, within } from '../support/calls.ts';
import { chat, failed } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';

/** The time from the first failure to the rollback, in ms. */
async function timeToRollback(goodCalls: number, seed: number): Promise<number> {
  const steps = [{ weight: 0.1, hold: '1d' }, { weight: 1 }] as const;
  const set = setUp({
    upstreams: { gemini: {} },
    canary: { rollout: { to: 'gemini', steps }, random: seededRandom(seed) },
  });
  let asked = 0;
  let brokeAtMs = Infinity;
  set.providers.usually('gemini', (request) => {
    asked += 1;
    if (asked <= goodCalls) return chat()(request);
    brokeAtMs = Math.min(brokeAtMs, set.clock.now());
    return failed(503)(request);
  });
  for (let call = 0; call < 20_000 && set.events.of('rollback').length === 0; call += 1) {
    // The library waits before it asks the canary again, and the next calls do not wait for that.
    void ask(set.ai, route({ key: `user-${seed}-${call}` })).catch(() => undefined);
    await within(set.clock, 100, Promise.resolve());
  }
  await set.ai.canary.close();
  const [rollback] = set.events.of('rollback');
  expect(rollback).toMatchObject({ by: 'evidence', guardrail: 'errorRate' });
  return rollback!.atMs - brokeAtMs;
}

test('is rolled back within 10 s in the median, whatever came before', async () => {
  const times: number[] = [];
  for (const [seed, goodCalls] of [0, 0, 20, 20, 100].entries()) times.push(await timeToRollback(goodCalls, seed));
  expect(times.toSorted((one, other) => one - other)[2]).toBeLessThanOrEqual(10_000);
}, 120_000);
