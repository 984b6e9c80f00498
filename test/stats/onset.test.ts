/** Whether an outage seems to have begun: no step begins while it does. */

import { describe, expect, test } from 'vitest';
import { createAnalysis, restoreAnalysis } from '../../src/stats/analysis.ts';
import type { Analysis } from '../../src/stats/analysis-types.ts';
import { lognormal, seededRandom } from '../../src/testing/seeded-random.ts';

const WEIGHT = 0.05;

interface Side {
  readonly errorRate: number;
  /** Median, in ms. */
  readonly latencyMs?: number;
}

/** Observes calls at 5 % until the canary has had `canaryCalls` more. Returns the share of looks at which an outage seemed to have begun. */
function observe(
  analysis: Analysis,
  canaryCalls: number,
  sides: Readonly<Record<'canary' | 'stable', Side>>,
  random: () => number,
): number {
  let [done, looks, onsets] = [0, 0, 0];
  while (done < canaryCalls) {
    const arm = random() < WEIGHT ? 'canary' : 'stable';
    const { errorRate, latencyMs = 300 } = sides[arm];
    const latency = lognormal(latencyMs, 0.4, random);
    const values = { errorRate: random() < errorRate, latencyP95: latency, latency };
    analysis.observe({ arm, share: WEIGHT, values });
    done += Number(arm === 'canary');
    looks += 1;
    onsets += Number(suspects(analysis).length > 0);
  }
  return onsets / looks;
}

const suspects = ({ guardrails }: Analysis): readonly string[] =>
  guardrails.filter(({ worseLately }) => worseLately).map(({ guardrail }) => guardrail);

const HEALTHY = { errorRate: 0.005 };
const both = (side: Side) => ({ canary: side, stable: side });
const GUARDRAILS = [['errorRate'], ['latencyP95'], ['latency']] as const;
const analysisOf = (...names: readonly string[]): Analysis =>
  createAnalysis({ guardrails: Object.fromEntries(names.map((name) => [name, {}])), weight: WEIGHT });

test('one failure after 400 good calls is suspicious until several good canary calls follow', () => {
  const analysis = analysisOf('errorRate');
  const good = (): void => {
    for (let call = 0; call < 19; call += 1)
      analysis.observe({ arm: 'stable', share: WEIGHT, values: { errorRate: false } });
    analysis.observe({ arm: 'canary', share: WEIGHT, values: { errorRate: false } });
  };
  for (let call = 0; call < 400; call += 1) good();
  expect(suspects(analysis)).toEqual([]);
  analysis.observe({ arm: 'canary', share: WEIGHT, values: { errorRate: true } });
  expect(analysis.verdict).toBe('pass');
  const restored = restoreAnalysis(analysis.toJSON());
  let goodCalls = 0;
  for (; suspects(analysis).length > 0; goodCalls += 1) good();
  expect(goodCalls).toBeGreaterThanOrEqual(3);
  expect(goodCalls).toBeLessThanOrEqual(12);
  expect(suspects(restored)).toEqual(['errorRate']);
});

test.each([['latencyP95'], ['latency']] as const)(
  '%s is suspicious once most calls take three times as long',
  (name) => {
    let found = 0;
    for (let seed = 0; seed < 20; seed += 1) {
      const analysis = analysisOf(name);
      const random = seededRandom(seed);
      observe(analysis, 200, both(HEALTHY), random);
      observe(analysis, 6, { canary: { ...HEALTHY, latencyMs: 900 }, stable: HEALTHY }, random);
      found += suspects(analysis).length;
    }
    expect(found).toBeGreaterThanOrEqual(19);
  },
);

describe.each(GUARDRAILS)('%s of a canary as good as stable', (name) => {
  test.each([
    ['0.5 % errors', HEALTHY],
    ['5 % errors', { errorRate: 0.05 }],
    ['20 % errors on both sides', { errorRate: 0.2 }],
  ])('is suspicious for less than a fifth of the time, at %s', (_what, side) => {
    expect(observe(analysisOf(name), 2_000, both(side), seededRandom(5))).toBeLessThan(0.2);
  });
});
