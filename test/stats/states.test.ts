/** Evidence that is stored, split over processes, and kept for a long time. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAnalysis, mergeAnalyses, restoreAnalysis } from '../../src/stats/analysis.ts';
import type { AnalysisState, JudgedCall } from '../../src/stats/analysis-types.ts';
import {
  createGuardrail,
  mergeGuardrails,
  restoreGuardrail,
  type Guardrail,
  type GuardrailOptions,
  type GuardrailState,
  type Observation,
} from '../../src/stats/guardrail.ts';
import { lognormal, seededRandom } from '../../src/testing/seeded-random.ts';

const throughJSON = <S>(state: S): S => JSON.parse(JSON.stringify(state)) as S;

const OPTIONS: readonly GuardrailOptions[] = [
  { metric: 'errorRate', alpha: 0.01, direction: 'worse' },
  { metric: 'errorRate', margin: 0.02, max: 0.1, alpha: 0.05, direction: 'noWorse' },
  { metric: 'latencyP95', margin: 0.1, alpha: 0.01, direction: 'worse' },
  { metric: 'latency', margin: 0, max: 900, alpha: 0.01, direction: 'worse' },
  { metric: 'quality', alpha: 0.05, direction: 'noWorse' },
];

/** Calls of a canary that is slightly worse. */
function callsOf({ metric }: GuardrailOptions, count: number, seed: number): readonly Observation[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const share = random() < 0.5 ? 0.1 : 0.25;
    const isCanary = random() < share;
    const latencyMs = lognormal(isCanary ? 950 : 800, 0.6, random);
    const value = metric === 'errorRate' ? random() < (isCanary ? 0.03 : 0.02) : latencyMs;
    return {
      arm: isCanary ? 'canary' : 'stable',
      value: metric === 'quality' ? Math.min(1, latencyMs / 2_000) : value,
      share,
    };
  });
}

/** The relative difference of two e-values. */
function gap(one: { evidence: number }, other: { evidence: number }): number {
  return Math.abs(Math.log(one.evidence) - Math.log(other.evidence));
}

function callsToPayment(guardrail: Guardrail): number {
  const { worse, noWorse } = guardrail.toJSON().guard;
  return Math.min(...[...worse, ...noWorse].map(({ paidUntil, calls }) => paidUntil - calls));
}

describe.each(OPTIONS)('a guardrail on $metric, $direction', (options) => {
  test('that is restored at any call continues to exactly the same evidence', () => {
    const calls = callsOf(options, 800, 1);
    const through = createGuardrail(options);
    let restored = createGuardrail(options);
    calls.forEach((call, index) => {
      through.observe(call);
      restored.observe(call);
      if (index % 7 === 0) restored = restoreGuardrail(throughJSON(restored.toJSON()));
      expect([restored.evidence, restored.verdict]).toEqual([through.evidence, through.verdict]);
    });
  });

  test('that two processes continued has the evidence of one that saw all calls, for any division of them', () => {
    const before = createGuardrail(options);
    for (const call of callsOf(options, 60_000, 2)) before.observe(call);
    // Payments out of the reserve are ten canary calls apart at this point. The calls to split lie between two
    // payments.
    for (const call of callsOf(options, 1_000, 4)) if (callsToPayment(before) < 8) before.observe(call);
    const base = throughJSON(before.toJSON());
    const after = callsOf(options, 12, 3);
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: after.length, maxLength: after.length }), (division) => {
        const [one, other, whole] = [restoreGuardrail(base), restoreGuardrail(base), restoreGuardrail(base)];
        after.forEach((call, index) => {
          whole.observe(call);
          (division[index] ? one : other).observe(call);
        });
        const merged = mergeGuardrails(throughJSON(one.toJSON()), throughJSON(other.toJSON()), base);
        expect(gap(merged, whole)).toBeLessThan(1e-9);
      }),
      { numRuns: 40 },
    );
  });

  test('that is merged continues', () => {
    const [one, other] = [createGuardrail(options), createGuardrail(options)];
    for (const call of callsOf(options, 3_000, 4)) one.observe(call);
    for (const call of callsOf(options, 4_000, 5)) other.observe(call);
    const merged = mergeGuardrails(throughJSON(one.toJSON()), throughJSON(other.toJSON()));
    const evidence = Math.log(merged.evidence);
    for (const call of callsOf(options, 2_000, 6)) merged.observe(call);
    expect(Number.isFinite(evidence)).toBe(true);
    expect(Math.log(merged.evidence)).not.toBe(evidence);
  });

  test('keeps its state under 150 numbers, and does not grow', () => {
    const sizeOf = (state: GuardrailState): number => JSON.stringify(state).match(/-?\d[\d.e+-]*/g)?.length ?? 0;
    const guardrail = createGuardrail(options);
    for (const call of callsOf(options, 20_000, 7)) guardrail.observe(call);
    expect(sizeOf(guardrail.toJSON())).toBeLessThan(150);
  });
});

describe('blocks of counts', () => {
  const options = { metric: 'errorRate', alpha: 0.01, direction: 'worse' } as const;

  test('have the same evidence as their single calls in any order', () => {
    const random = seededRandom(8);
    const base = createGuardrail(options);
    for (const call of callsOf(options, 60_000, 9)) base.observe(call);
    const [single, block] = [restoreGuardrail(base.toJSON()), restoreGuardrail(base.toJSON())];
    const counts = { stable: { bad: 3, good: 40 }, canary: { bad: 2, good: 4 } };
    const ends = (['stable', 'canary'] as const).flatMap((arm) => [
      ...Array.from({ length: counts[arm].bad }, () => ({ arm, value: 1, share: 0.1 })),
      ...Array.from({ length: counts[arm].good }, () => ({ arm, value: 0, share: 0.1 })),
    ]);
    for (const call of ends.toSorted(() => random() - 0.5)) single.observe(call);
    block.block({ ...counts, share: 0.1 });
    expect(gap(block, single)).toBeLessThan(1e-9);
  });

  test('that are split have the same evidence as their sum', () => {
    const whole = createGuardrail(options);
    whole.block({ stable: { bad: 7, good: 900 }, canary: { bad: 4, good: 90 }, share: 0.1 });
    const one = createGuardrail(options);
    const [first, second] = [
      { stable: { bad: 2, good: 350 }, canary: { bad: 4, good: 11 } },
      { stable: { bad: 5, good: 550 }, canary: { bad: 0, good: 79 } },
    ] as const;
    const sum = (arm: 'stable' | 'canary') => ({
      bad: first[arm].bad + second[arm].bad,
      good: first[arm].good + second[arm].good,
    });
    one.block({ stable: sum('stable'), canary: sum('canary'), share: 0.1 });
    expect(one.evidence).toBe(whole.evidence);
  });

  test('of bins change the evidence on a whole distribution', () => {
    const guardrail = createGuardrail({ metric: 'latency', margin: 0, alpha: 0.01, direction: 'worse' });
    for (const call of callsOf({ metric: 'latency', alpha: 0.01, direction: 'worse' }, 200, 10))
      guardrail.observe(call);
    const stable = { bins: [25, 25, 25, 15, 5, 4, 1] };
    guardrail.block({ stable, canary: { bins: [0, 0, 0, 1, 1, 2, 9] }, share: 0.1 });
    expect(guardrail.verdict).toBe('fail');
  });
});

describe('a million calls', () => {
  test.each([
    ['of a hopeless canary', 1],
    ['of a perfect canary', 0],
  ])('%s keep the evidence finite, and it can still recover', (_name, canaryRate) => {
    const worse = createGuardrail({ metric: 'errorRate', alpha: 0.01, direction: 'worse' });
    const noWorse = createGuardrail({ metric: 'errorRate', margin: 0.01, alpha: 0.05, direction: 'noWorse' });
    const random = seededRandom(11);
    for (let index = 0; index < 1_000_000; index++) {
      const isCanary = random() < 0.3;
      const call = {
        arm: isCanary ? 'canary' : 'stable',
        value: random() < (isCanary ? canaryRate : 0.01),
        share: 0.3,
      } as const;
      worse.observe(call);
      noWorse.observe(call);
    }
    for (const { evidence } of [worse, noWorse]) expect(Number.isFinite(evidence) && evidence >= 0).toBe(true);
    for (let index = 0; index < 200; index++) worse.observe({ arm: 'canary', value: 1, share: 0.3 });
    expect([worse.verdict, noWorse.verdict]).toEqual(['fail', canaryRate === 1 ? 'inconclusive' : 'pass']);
  });
});

describe('an analysis', () => {
  const options = {
    guardrails: { errorRate: {}, latencyP95: { margin: 0.2 }, costPerCall: { max: 0.01 } },
    weight: 0.1,
  };
  const judgedCalls = (count: number, seed: number): readonly JudgedCall[] => {
    const random = seededRandom(seed);
    return Array.from({ length: count }, () => ({
      arm: random() < 0.1 ? 'canary' : 'stable',
      share: 0.1,
      values: {
        errorRate: random() < 0.02,
        latencyP95: lognormal(800, 0.6, random),
        costPerCall: random() < 0.5 ? undefined : 0.004,
      },
    }));
  };
  const readings = ({ verdict, rollback, promotion, guardrails }: ReturnType<typeof createAnalysis>) => ({
    verdict,
    rollback,
    promotion,
    guardrails,
  });

  test('that is restored continues to exactly the same readings, across steps', () => {
    const through = createAnalysis(options);
    let restored = createAnalysis(options);
    judgedCalls(1_500, 12).forEach((call, index) => {
      for (const analysis of [through, restored]) {
        analysis.observe(call);
        if (index === 700) analysis.startStep(0.25);
      }
      if (index % 11 === 0) restored = restoreAnalysis(throughJSON<AnalysisState>(restored.toJSON()));
      expect(readings(restored)).toEqual(readings(through));
    });
  });

  test('merged from two processes counts the calls of both', () => {
    const [one, other] = [createAnalysis(options), createAnalysis(options)];
    for (const call of judgedCalls(2_000, 13)) one.observe(call);
    for (const call of judgedCalls(1_000, 14)) other.observe(call);
    const [errors] = mergeAnalyses(one.toJSON(), other.toJSON()).guardrails;
    expect(errors!.sides.stable.calls + errors!.sides.canary.calls).toBe(3_000);
  });

  test('does not merge with the analysis of another step', () => {
    const other = createAnalysis(options);
    other.startStep(0.5);
    expect(() => mergeAnalyses(createAnalysis(options).toJSON(), other.toJSON())).toThrow(RangeError);
  });
});
