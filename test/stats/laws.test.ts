/** The laws of e-values, and of evidence that is added up. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LabelBet } from '../../src/stats/label-bet.ts';
import { createGuardrail, type GuardrailOptions } from '../../src/stats/guardrail.ts';
import { RateGauge } from '../../src/stats/rate-gauge.ts';
import { rowOf } from '../../src/stats/bet.ts';
import { Wealth } from '../../src/stats/wealth.ts';
import { endsOf, expectation, type CallLaw } from './enumerate.ts';

const rate = fc.double({ min: 0.001, max: 0.999, noNaN: true });
const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });

const evidenceOf =
  (options: GuardrailOptions) =>
  (sequence: Parameters<Parameters<typeof expectation>[1]>[0]): number => {
    const guardrail = createGuardrail(options);
    for (const call of sequence) guardrail.observe(call);
    return guardrail.evidence;
  };

describe('the expectation of the evidence', () => {
  test('is 1 over all sequences of four calls, for any shares and any common rates that drift', () => {
    const calls = fc.array(fc.record({ share, rate }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(calls, (given) => {
        const laws = given.map((call) => ({ share: call.share, canaryRate: call.rate, stableRate: call.rate }));
        const options = { metric: 'errorRate', margin: 0, alpha: 0.01, direction: 'worse' } as const;
        expect(Math.abs(expectation(laws, evidenceOf(options)) - 1)).toBeLessThan(1e-9);
      }),
      { numRuns: 25 },
    );
  });

  test.each([0, 0.5])('is 1 with a reserve of %d if the alternatives are learnt from the calls', (reserve) => {
    const gauge = new RateGauge(0.3);
    const bet = new LabelBet({
      direction: 'worse',
      line: { ratio: 1, add: 0 },
      stable: gauge,
      outcomeOf: (_isCanary, x) => x,
    });
    const laws: CallLaw[] = [0.2, 0.5, 0.9, 0.4, 0.1, 0.6].map((p, index) => ({
      share: 0.1 + index / 10,
      canaryRate: p,
      stableRate: p,
    }));
    const expected = expectation(laws, (sequence) => {
      const wealth = new Wealth(bet.weights, reserve);
      for (const { arm, value, share: w } of sequence) {
        const isCanary = arm === 'canary';
        wealth.multiply(bet.logsAt(w), rowOf(bet, isCanary, value), isCanary);
      }
      return Math.exp(wealth.logValue);
    });
    expect(expected).toBeCloseTo(1, 9);
  });

  test.each(['worse', 'noWorse'] as const)(
    'is at most 1 over the whole half plane of %s with a margin',
    (direction) => {
      const margin = fc.double({ min: 0.001, max: 0.3, noNaN: true });
      const calls = fc.array(fc.record({ share, stableRate: rate, beyond: rate }), { minLength: 3, maxLength: 3 });
      fc.assert(
        fc.property(margin, calls, (allowed, given) => {
          const laws = given.map((call) => {
            const edge = Math.min(1, call.stableRate + allowed);
            const canaryRate = direction === 'worse' ? edge * call.beyond : edge + (1 - edge) * call.beyond;
            return { share: call.share, canaryRate, stableRate: call.stableRate };
          });
          const feasible = laws.filter(({ stableRate }) => direction === 'worse' || stableRate + allowed < 1);
          const options = { metric: 'errorRate', margin: allowed, alpha: 0.01, direction } as const;
          expect(expectation(feasible, evidenceOf(options))).toBeLessThan(1 + 1e-9);
        }),
        { numRuns: 60 },
      );
    },
  );

  test.each(['worse', 'noWorse'] as const)('is at most 1 up to an absolute limit, of %s', (direction) => {
    fc.assert(
      fc.property(rate, rate, share, (max, within, w) => {
        const canaryRate = direction === 'worse' ? max * within : max + (1 - max) * within;
        const law = { share: w, canaryRate, stableRate: 0.5 };
        const options = { metric: 'errorRate', max, alpha: 0.01, direction } as const;
        expect(expectation([law, law, law], evidenceOf(options))).toBeLessThan(1 + 1e-9);
      }),
      { numRuns: 60 },
    );
  });

  test('enumerates ends whose probabilities sum to 1', () => {
    const ends = endsOf({ share: 0.2, canaryRate: 0.5, stableRate: 0.1 });
    expect(ends.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
  });
});
