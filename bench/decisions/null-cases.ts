/** Whole rollouts of healthy canaries: at most 1 % are rolled back, and all others are promoted in the end. */

import { meanOf, percent, yesIf, type Case } from './case.ts';
import { runHealthy, type HealthyTraffic } from './healthy-rollouts.ts';

const RUNS = 2_000;
const MINUTE_MS = 60_000;
const usual = (): number => 0.01;
const ALL_GUARDS = { errorRate: { margin: 0.03 }, latencyP95: { margin: 0.5 }, costPerCall: { margin: 0.5 } } as const;

export const nullCases: readonly Case[] = [
  healthy('at 20 calls/s', { callsPerSecond: 20, errorRate: usual }),
  healthy('with guardrails on latency and cost', { callsPerSecond: 20, errorRate: usual, guardrails: ALL_GUARDS }),
  healthy('1 % → 20 % errors on both in the second minute', {
    callsPerSecond: 20,
    errorRate: (atMs) => (atMs >= MINUTE_MS && atMs < 2 * MINUTE_MS ? 0.2 : 0.01),
  }),
  healthy('drift from 0.5 to 3 % errors within 10 min', {
    callsPerSecond: 20,
    errorRate: (atMs) => 0.005 + 0.025 * Math.min(1, atMs / (10 * MINUTE_MS)),
  }),
  healthy('one tenant with 60 % of the calls', { callsPerSecond: 20, errorRate: usual, heavyShare: 0.6 }),
  healthy('1 call a minute', { callsPerSecond: 1 / 60, errorRate: usual }),
  healthy('answers 10 times slower', { callsPerSecond: 20, errorRate: usual, slower: 10 }),
  healthy('bursts of 200 calls, answers 3 times slower', {
    callsPerSecond: 20,
    errorRate: usual,
    slower: 3,
    burst: 200,
  }),
];

function healthy(name: string, traffic: HealthyTraffic): Case {
  return {
    runs: RUNS,
    run: (seed) => {
      const { rolledBack, promoted, calls } = runHealthy(seed, traffic);
      return [Number(rolledBack), Number(promoted), calls];
    },
    report: (results) => {
      const [rolledBack, promoted, calls] = [0, 1, 2].map((column) => meanOf(results.map((result) => result[column]!)));
      return {
        case: `a healthy rollout, ${name}: rolled back, promoted`,
        ours: `${percent(rolledBack!)}, ${percent(promoted!)} after ${Math.round(calls!)} calls`,
        target: '≤ 1 %, ≥ 99 %',
        reached: yesIf(rolledBack! <= 0.01 && promoted! >= 0.99),
      };
    },
  };
}
