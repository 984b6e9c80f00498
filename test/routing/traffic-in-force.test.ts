/** The canary's traffic by state. */

import { expect, test } from 'vitest';
import type { RolloutState, RolloutStep, StepTraffic } from '../../src/domain/rollout.ts';
import { greatestWeight, trafficInForce } from '../../src/routing/traffic-in-force.ts';

const step = (traffic: StepTraffic): RolloutStep => ({ holdMs: 0, minCalls: 0, require: {}, ...traffic });
const STEPS = [
  step({ kind: 'shadow', share: 0.2 }),
  step({ kind: 'segment', when: { plan: 'beta' }, weight: 1 }),
  step({ kind: 'weight', weight: 0.05 }),
  step({ kind: 'weight', weight: 1 }),
];
const at = (index: number): RolloutState => ({ phase: 'progressing', run: 1, step: index, sinceMs: 0 });

test('a shadow step sends copies only, and only while it is the current step', () => {
  expect(trafficInForce(at(0), STEPS)).toEqual({ weight: 0, segments: [], shadow: 0.2, serves: true });
  expect(trafficInForce(at(1), STEPS).shadow).toBe(0);
});

test('keys of a segment step stay on the canary in later weight steps', () => {
  const segments = [{ when: { plan: 'beta' }, weight: 0.9 }];
  expect(trafficInForce(at(1), STEPS)).toEqual({ weight: 0, segments, shadow: 0, serves: true });
  expect(trafficInForce(at(2), STEPS)).toEqual({ weight: 0.05, segments, shadow: 0, serves: true });
});

test('at a weight of 1 stable keeps 10 %, or the holdback of the state, until the canary is promoted', () => {
  expect(trafficInForce(at(3), STEPS).weight).toBe(0.9);
  expect(trafficInForce({ ...at(3), holdback: 0.2 } as RolloutState, STEPS).weight).toBe(0.8);
  expect(trafficInForce({ phase: 'promoted', run: 1, atMs: 0 }, STEPS).weight).toBe(1);
});

test('a holdback is at most what the earlier steps left to stable', () => {
  const steps = [step({ kind: 'weight', weight: 0.95 }), step({ kind: 'weight', weight: 1 })];
  expect(trafficInForce({ ...at(1), holdback: 0.2 } as RolloutState, steps).weight).toBe(0.95);
});

test('a pause keeps the traffic, and a weight set by hand replaces the step’s', () => {
  const paused: RolloutState = { ...at(2), phase: 'paused', reason: '', by: 'user', step: 2, sinceMs: 0, run: 1 };
  expect(trafficInForce(paused, STEPS).weight).toBe(0.05);
  expect(trafficInForce({ ...paused, weight: 0.3 }, STEPS).weight).toBe(0.3);
});

test('after a rollback the canary gets no traffic', () => {
  const state: RolloutState = { phase: 'rolledBack', run: 1, step: 2, reason: '', by: 'user', atMs: 0 };
  expect(trafficInForce(state, STEPS)).toEqual({ weight: 0, segments: [], shadow: 0, serves: false });
});

test('the greatest weight is taken over all steps', () => {
  expect(greatestWeight(STEPS.slice(0, 3))).toBe(0.05);
  expect(greatestWeight(STEPS.slice(0, 2))).toBe(0);
});
