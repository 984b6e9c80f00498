/** Steps that the traffic cannot decide are reported. */

import { expect, test } from 'vitest';
import { route, type RolloutOptions } from '../../src/index.ts';
import { ask } from '../support/calls.ts';
import { setUpRollout } from '../support/rollout-traffic.ts';

const STEPS = [{ weight: 0.01, hold: '1h' }, { weight: 1 }] as const;

/** The messages about the pace, after so many minutes with so many calls each. */
async function messagesAfter(rollout: Partial<RolloutOptions>, minutes: number, callsPerMinute: number) {
  const set = setUpRollout({ steps: STEPS, guardrails: { errorRate: { margin: 0.005 } }, ...rollout });
  for (let minute = 0; minute < minutes; minute += 1) {
    for (let call = 0; call < callsPerMinute; call += 1) {
      await ask(set.ai, route({ key: `user-${minute}-${call}` }));
    }
    await set.clock.advance(60_000);
  }
  return set.events
    .of('warning')
    .flatMap(({ code, message }) => (/this traffic/.test(message) ? [{ code, message }] : []));
}

test('a step that needs months of this traffic for its proof is reported once, with what to do', async () => {
  const messages = await messagesAfter({}, 70, 1);
  expect(messages).toHaveLength(1);
  expect(messages[0]?.code).toBe('rollout');
  expect(messages[0]?.message).toMatch(
    /^The rollout to gemini cannot be decided at this traffic: step 1 of 2 has had 30 calls in 0\.5 h, \d of them on the canary, so errorRate takes about \d+ days to be proven; raise the weight, /,
  );
});

test('nothing is reported before the pace is known', async () => {
  expect(await messagesAfter({}, 29, 1)).toEqual([]);
});

test('a step with enough traffic is not reported', async () => {
  const steps = [{ weight: 0.5, hold: '2h' }, { weight: 1 }] as const;
  expect(await messagesAfter({ steps, guardrails: { errorRate: { margin: 0.2 } } }, 40, 3)).toEqual([]);
});

test('calls that minCalls needs and the traffic does not have are reported, whatever the judge', async () => {
  const steps = [{ weight: 0.1, hold: '1h', minCalls: 100_000 }, { weight: 1 }] as const;
  const [first] = await messagesAfter({ steps, judge: 'threshold' }, 31, 2);
  expect(first?.message).toMatch(/so its minCalls of 100000 take about \d+ days; lower minCalls, or raise the weight$/);
});

test('a rollout without any call is not reported: its pace is unknown', async () => {
  expect(await messagesAfter({}, 40, 0)).toEqual([]);
});
