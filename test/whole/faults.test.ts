/** A canary that turns bad, by fault, onset, weight and feature: through the public client, everything else at its defaults. */

import { expect, test } from 'vitest';
import { route, type CanaryOptions } from '../../src/index.ts';
import { seededRandom } from '../../src/testing/index.ts';
import { ask, within } from '../support/calls.ts';
import { chat, failed, type Reply } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';

const FAULTS: Readonly<Record<string, Reply>> = {
  '503 always': failed(503),
  'no quota': failed(429, { code: 'insufficient_quota' }),
  'a rejected key': failed(401),
  'a limit of its own for good': failed(429, {}, { 'retry-after': '30' }),
  'an unknown model': failed(404, { code: 'model_not_found' }),
};

const FEATURES: Readonly<Record<string, Partial<CanaryOptions>>> = {
  'the defaults': {},
  'no breaker': { breaker: false },
  cache: { cache: { when: () => true } },
  budgets: { budgets: [{ name: 'all', per: 'day', limitUsd: 1_000 }] },
  shadow: { shadow: { upstream: 'spare', share: 0.1 } },
};

interface Row {
  readonly fault: string;
  readonly onset: number;
  readonly weight: number;
  readonly feature: string;
}

/** Each fault, onset and feature is in several rows; all of their products would take too long. */
const ROWS: readonly Row[] = Object.keys(FAULTS).flatMap((fault, index) =>
  [0, 20, 200].map((onset, turn) => ({
    fault,
    onset,
    // Many good calls at a small weight would take long.
    weight: onset < 200 ? [0.1, 0.5][(index + turn) % 2]! : 0.5,
    feature: Object.keys(FEATURES)[(index + turn) % Object.keys(FEATURES).length]!,
  })),
);

/** Ten calls a second from ever new callers, until the end or until so many canary calls after the onset. */
async function run({ fault, onset, weight, feature }: Row, isHealthy = false) {
  const steps = [{ weight, hold: '1h' }, { weight: 1 }] as const;
  const canary: CanaryOptions = { rollout: { to: 'gemini', steps }, ...FEATURES[feature] };
  const set = setUp({ upstreams: { gemini: {}, spare: {} }, canary, client: { maxRetries: 0 } });
  const random = seededRandom(onset + 1);
  let good = 0;
  set.providers.usually('gemini', (request) => {
    if (!isHealthy && good >= onset) return FAULTS[fault]!(request);
    good += 1;
    return chat()(request);
  });
  let failedOnStable = 0;
  set.providers.usually('openai', (request) => {
    const fails = random() < 0.005;
    if (fails) failedOnStable += 1;
    return (fails ? failed(500) : chat())(request);
  });
  let brokeAtMs = onset === 0 ? set.clock.now() : undefined;
  let lost = 0;
  for (let call = 0; call < 6_000; call += 1) {
    const asked = ask(set.ai, route({ key: `user-${call}` }));
    await within(set.clock, 100, asked).catch(() => (lost += 1));
    if (good >= onset) brokeAtMs ??= set.clock.now();
    if (set.events.of('rollback').length > 0 || (isHealthy && call >= 600)) break;
    if (brokeAtMs !== undefined && !isHealthy && set.clock.now() - brokeAtMs > 60_000) break;
  }
  const [rollback] = set.events.of('rollback');
  const advanced = set.events.of('step').length + set.events.of('promote').length;
  const afterMs = rollback && brokeAtMs !== undefined ? rollback.atMs - brokeAtMs : Infinity;
  await set.ai.canary.close();
  return { rollback, advanced, afterMs, lost, failedOnStable };
}

test.each(ROWS)(
  'rolls back a canary with $fault after $onset good calls, at weight $weight with $feature',
  async (row) => {
    const { rollback, advanced, afterMs, lost, failedOnStable } = await run(row);
    expect(rollback).toMatchObject({ by: 'evidence', upstream: 'gemini', guardrail: 'errorRate' });
    expect(advanced).toBe(0);
    expect(afterMs).toBeLessThan(30_000);
    // A caller loses a call only where stable itself fails.
    expect(lost).toBeLessThanOrEqual(failedOnStable);
  },
  60_000,
);

test.each(Object.keys(FEATURES))(
  'keeps a healthy canary with %s',
  async (feature) => {
    const { rollback } = await run({ fault: '503 always', onset: 0, weight: 0.5, feature }, true);
    expect(rollback).toBeUndefined();
  },
  60_000,
);
