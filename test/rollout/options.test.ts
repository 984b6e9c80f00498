/** Validation of the option `canary.rollout`. */

import { describe, expect, test } from 'vitest';
import { presets, type CanaryOptions, type RolloutOptions } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { CanaryClient } from '../../src/index.ts';

const UPSTREAM = { baseURL: 'https://canary.test/v1', apiKey: 'key' };
const STEPS = [{ weight: 0.1 }, { weight: 0.5 }];

function build(rollout: unknown, canary: CanaryOptions = {}) {
  const upstreams = { gemini: UPSTREAM, deepseek: UPSTREAM };
  const clock = new ManualClock();
  const options = { upstreams, clock, rollout: rollout as RolloutOptions, ...canary };
  return () => new CanaryClient<string, string>({ apiKey: 'key', canary: options });
}

const to = { to: 'gemini', steps: STEPS };

describe('refuses, with the path of the option:', () => {
  test.each([
    [{ to: 'openai', steps: STEPS }, 'canary.rollout.to should be one of gemini, deepseek'],
    [{ ...to, steps: [] }, 'canary.rollout.steps should have at least one step, got an empty list'],
    [
      { ...to, steps: [{ weight: 0.1 }, { weight: 5 }] },
      'canary.rollout.steps[1].weight should be between 0 and 1, got 5',
    ],
    [{ ...to, steps: [{ weight: 0.1 }, { weight: 0.1 }] }, 'canary.rollout.steps[1].weight should be above 0.1'],
    [{ ...to, steps: [{ weight: 0 }] }, 'canary.rollout.steps[0].weight should be above 0'],
    [{ ...to, steps: [{ hold: '1h' }] }, 'canary.rollout.steps[0] should have one of shadow, segment and weight'],
    [{ ...to, steps: [{ shadow: 0.1, weight: 0.1 }] }, 'canary.rollout.steps[0] should have one of shadow'],
    [{ ...to, steps: [{ shadow: { from: 0, to: 0.5 } }] }, 'canary.rollout.steps[0].shadow.from should be above 0'],
    [{ ...to, steps: [{ shadow: { from: 0.1 } }] }, 'canary.rollout.steps[0].shadow.to should be'],
    [{ ...to, steps: [{ shadow: { from: 0.5, to: 0.5 } }] }, 'steps[0].shadow.to should be above from, which is 0.5'],
    [{ ...to, steps: [{ shadow: { from: 0.1, to: 1.5 } }] }, 'steps[0].shadow.to should be between 0 and 1'],
    [{ ...to, steps: [{ shadow: { from: 0.1, upto: 1 } }] }, 'canary.rollout.steps[0].shadow.upto'],
    [{ ...to, steps: [{ shadow: '5%' }] }, 'canary.rollout.steps[0].shadow should be'],
    [{ ...to, steps: [{ weight: 1, require: { maxLatencyP95: 'fast' } }] }, 'steps[0].require.maxLatencyP95 should be'],
    [{ ...to, steps: [{ weight: 0.1, hold: 'soon' }] }, 'canary.rollout.steps[0].hold should be a number of ms'],
    [
      { ...to, steps: [{ weight: 0.1, require: { maxErrors: 1 } }] },
      'canary.rollout.steps[0].require.maxErrors is not',
    ],
    [{ ...to, guardrails: {} }, 'canary.rollout.guardrails should name at least one metric'],
    [
      { ...to, guardrails: { errorRate: { margin: 2 } } },
      'canary.rollout.guardrails.errorRate.margin should be between',
    ],
    [{ ...to, alpha: 0 }, 'canary.rollout.alpha should be between'],
    [{ ...to, onComplete: 'replaceStable' }, "canary.rollout.onComplete 'replaceStable' needs a last step of weight 1"],
    [{ ...to, judge: 'gut' }, 'canary.rollout.judge should be one of sequential, threshold'],
    [{ ...to, stpes: [] }, 'canary.rollout.stpes is not an option; did you mean steps?'],
    [[], 'canary.rollout should have a rollout, got an empty list'],
    [[to, to], 'canary.rollout[1].to should be unique, got gemini twice'],
    [[to, { ...to, to: 'deepseek', salt: 'gemini' }], 'canary.rollout[1].salt should be unique'],
    [
      [to, { ...to, to: 'deepseek', steps: presets.quick }],
      'canary.rollout[1].steps should leave room for the other rollouts',
    ],
  ])('%j', (rollout, message) => {
    expect(build(rollout)).toThrow(message);
  });

  test('a weight for an upstream whose weight a rollout sets', () => {
    const weights = { openai: 0.9, gemini: 0.1 };
    expect(build(to, { weights })).toThrow(
      'canary.weights.gemini should not be set: the rollout to it sets the weight',
    );
    const ai = build(to)();
    expect(() => ai.canary.setWeights(weights)).toThrow(
      'weights.gemini should not be set: the rollout to it sets the weight',
    );
    expect(ai.canary.weights).toEqual({ openai: 0.9, gemini: 0.1, deepseek: 0 });
  });

  test('weights that leave stable no calls to compare with', () => {
    expect(build(to, { weights: { deepseek: 1 } })).toThrow('canary.weights.openai should be above 0');
  });

  test('a shadow whose share a rollout sets', () => {
    const rollout = { to: 'gemini', steps: presets.fourPhase };
    const shadow = { upstream: 'gemini', share: 0.1 };
    expect(build(rollout, { shadow })).toThrow('canary.shadow.upstream should not be gemini');
    expect(build(rollout, { shadow: { ...shadow, upstream: 'deepseek' } })).not.toThrow();
  });
});

const { failover: _, ...stepPresets } = presets;

test.each(Object.entries(stepPresets))('the preset %s is valid', (_name, steps) => {
  const { state } = build({ to: 'gemini', steps })().canary.rollout;
  expect(state).toMatchObject({ upstream: 'gemini', phase: 'progressing', step: 0, steps: steps.length });
});

test('the preset fivePhase has five phases, each stricter than the one before', () => {
  const weights = presets.fivePhase.map(({ weight }) => weight);
  const rates = presets.fivePhase.map(({ require }) => require.maxErrorRate);
  expect(weights).toEqual([0.01, 0.05, 0.25, 0.5, 1]);
  expect(rates).toEqual([0.05, 0.03, 0.02, 0.015, 0.01]);
});

test('the preset gradual goes from 10 to 25, 50, 75 and 100 %', () => {
  expect(presets.gradual.map(({ weight }) => weight)).toEqual([0.1, 0.25, 0.5, 0.75, 1]);
});

test('a rollout takes its share of all calls, and the weights divide the rest', () => {
  const ai = build(to, { weights: { openai: 0.5, deepseek: 0.5 } })();
  expect(ai.canary.weights).toEqual({ openai: 0.45, gemini: 0.1, deepseek: 0.45 });
});

test('canary.rollout throws if there is no rollout', () => {
  const ai = build(undefined)();
  expect(() => ai.canary.rollout).toThrow('canary.rollout should be set before a rollout is used');
  expect(ai.canary.rollouts).toEqual({});
  expect(ai.canary.record({}, { quality: 1 })).toBe(false);
});
