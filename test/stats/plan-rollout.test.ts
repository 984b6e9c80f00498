/** A plan predicts what the judge will do. */

import { describe, expect, test } from 'vitest';
import { planRollout } from '../../src/stats/plan-rollout.ts';

const RAMP = [{ weight: 0.01 }, { weight: 0.05 }, { weight: 0.25 }, { weight: 0.5 }, { weight: 1 }] as const;
const traffic = { callsPerSecond: 100, errorRate: 0.01 };

describe('a plan', () => {
  const plan = planRollout({ steps: RAMP, ...traffic });

  test('takes a good canary to all calls in about five minutes at 100 calls a second, then soaks for five', () => {
    const rampMs = plan.totalMs - plan.steps.at(-1)!.timeMs;
    expect(rampMs / 60_000).toBeGreaterThan(3.5);
    expect(rampMs / 60_000).toBeLessThan(6);
    // The holdback is just large enough for a proof within the hold.
    expect(plan.steps.at(-1)).toMatchObject({ holdback: 0.15, timeMs: 300_000 });
    expect(plan.steps.at(-1)!.proofMs).toBeLessThan(300_000);
    expect(plan.warnings).toEqual([]);
  });

  test('asks for more proof the more the next step can harm', () => {
    const canaryCalls = plan.steps.slice(0, 4).map((step) => step.canaryCalls);
    expect(canaryCalls).toEqual(canaryCalls.toSorted((one, other) => one - other));
    expect(canaryCalls[0]).toBeLessThan(60);
  });

  test('catches worse regressions sooner, and an outage at 1 % within seconds', () => {
    const { regressions } = plan.steps[0]!;
    expect(regressions.map(({ regression }) => regression)).toEqual(['×2', '×3', '×10', 'outage']);
    const times = regressions.map(({ afterMs }) => afterMs);
    expect(times).toEqual(times.toSorted((one, other) => other - one));
    expect(times[3]).toBeLessThan(5_000);
    expect(regressions[3]!.exposedFailures).toBeLessThan(5);
  });

  test('takes ten times as long at a tenth of the calls', () => {
    const slow = planRollout({ steps: RAMP, ...traffic, callsPerSecond: 10 });
    expect(slow.steps[1]!.proofMs).toBeCloseTo(plan.steps[1]!.proofMs * 10, 3);
  });

  test('holds a step for its hold and its calls even if the proof is complete', () => {
    const [held, counted] = planRollout({
      steps: [
        { weight: 0.05, hold: '1h' },
        { weight: 0.05, minCalls: 9_000 },
      ],
      ...traffic,
    }).steps;
    expect([held!.timeMs, counted!.timeMs]).toEqual([3_600_000, 1_800_000]);
  });

  test('plans a shadow step by its copies, for the share that the next step opens', () => {
    const steps = [{ shadow: 0.1 }, { weight: 0.01 }] as const;
    const { steps: planned, warnings } = planRollout({ steps, ...traffic });
    expect(planned[0]!.canaryCalls).toBeGreaterThan(28);
    expect(planned[0]!.canaryCalls).toBeLessThan(80);
    expect(planned[0]!.proofMs).toBeCloseTo(planned[0]!.canaryCalls * 100, 3);
    expect(planned[0]!.regressions.map(({ exposedFailures }) => exposedFailures)).toEqual([0, 0, 0, 0]);
    expect(warnings).toEqual([]);
    const wide = planRollout({ steps: [{ shadow: { to: 0.1 }, hold: '1m' }, { weight: 0.5 }], ...traffic });
    expect(wide.steps[0]!.canaryCalls).toBeGreaterThan(1_000);
    expect(wide.warnings[0]).toMatch(
      /^steps\[0\] needs about \d+ min to prove the canary no worse by its copies, longer than its hold of 1 min$/,
    );
    expect(() => planRollout({ steps: [{ shadow: 0 }], ...traffic })).toThrow('steps[0].shadow should be above 0');
  });

  test('warns of a step that cannot decide within its hold', () => {
    const { warnings } = planRollout({ steps: [{ weight: 0.25, hold: '30s' }], ...traffic });
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(
      /^steps\[0\] needs about 1\.\d min to prove the canary no worse, longer than its hold of 30 s$/,
    );
    expect(warnings[1]).toMatch(/^steps\[0\] cannot catch ×2.* within its hold of 30 s$/);
  });

  test('warns of a margin that a canary as good as stable cannot prove', () => {
    const { warnings, totalMs } = planRollout({
      steps: [{ weight: 0.1 }],
      ...traffic,
      guardrails: { errorRate: { margin: 0 } },
    });
    expect(warnings[0]).toMatch(/^steps\[0\] never advances/);
    expect(totalMs).toBe(Infinity);
  });

  test('warns if errors are not guarded', () => {
    const { warnings } = planRollout({ steps: [{ weight: 0.1 }], ...traffic, guardrails: { latencyP95: {} } });
    expect(warnings[0]).toMatch(/^steps\[0\] is not guarded by errorRate/);
  });

  test('only holds a step without a weight', () => {
    const [step] = planRollout({ steps: [{ hold: '10m' }], ...traffic }).steps;
    expect(step).toMatchObject({ timeMs: 600_000, canaryCalls: 0, regressions: [], warnings: [] });
  });

  test.each([
    [{ steps: RAMP, callsPerSecond: 0, errorRate: 0.01 }, 'callsPerSecond'],
    [{ steps: RAMP, callsPerSecond: 1, errorRate: 1 }, 'errorRate'],
    [{ steps: [{ weight: 5 }], callsPerSecond: 1, errorRate: 0.1 }, 'steps[0].weight should be between 0 and 1, got 5'],
    [{ steps: [{ weight: 1, hold: 'soon' as '1h' }], callsPerSecond: 1, errorRate: 0.1 }, 'steps[0].hold'],
  ])('refuses %j', (options, message) => {
    expect(() => planRollout(options)).toThrow(message);
  });
});
