/**
 * Whole rollouts of a canary that is as good as stable, below HTTP: the rollout's own runner, split and shares, with samples in place of
 * calls. Thousands of runs take minutes this way. `test/whole/` has the same through the public client.
 */

import type { AssignmentRecord } from '../../src/domain/assignment.ts';
import type { Call } from '../../src/domain/call.ts';
import { Emitter } from '../../src/events/emitter.ts';
import { Warnings } from '../../src/events/warnings.ts';
import type { RolloutOptions } from '../../src/rollout/options.ts';
import { resolveRollouts } from '../../src/rollout/resolve-rollouts.ts';
import { RolloutRunner } from '../../src/rollout/rollout-runner.ts';
import { createRolloutSplit } from '../../src/rollout/rollouts.ts';
import type { RolloutSample } from '../../src/rollout/samples.ts';
import { Traffic } from '../../src/routing/traffic.ts';
import { lognormal, seededRandom } from '../../src/testing/seeded-random.ts';

/** The same for both sides, so that any rollback is a mistake. */
export interface HealthyTraffic {
  readonly callsPerSecond: number;
  /** The error rate at a time in ms. */
  readonly errorRate: (atMs: number) => number;
  /** How many times longer the canary takes. Without a guardrail on latency that is no fault. @default 1 */
  readonly slower?: number;
  /** The share of calls that one caller makes, 0–1. @default each call has a caller of its own */
  readonly heavyShare?: number;
  /** How many calls come at once. @default 1 */
  readonly burst?: number;
  readonly guardrails?: RolloutOptions['guardrails'];
}

interface HealthyEnd {
  readonly rolledBack: boolean;
  readonly promoted: boolean;
  readonly paused: boolean;
  readonly calls: number;
}

const STEPS = [
  { weight: 0.05, hold: '30s' },
  { weight: 0.25, hold: '30s' },
  { weight: 0.5, hold: '30s' },
  { weight: 1, hold: '30s' },
] as const;
const NAMES = ['openai', 'gemini'];
/** The median latency of both sides, in ms. */
const LATENCY_MS = 400;
/** Ends and looks happen at whole ticks. */
const TICK_MS = 100;
const MOST_CALLS = 150_000;

export function runHealthy(seed: number, given: HealthyTraffic): HealthyEnd {
  const { callsPerSecond, errorRate, slower = 1, heavyShare = 0, burst = 1 } = given;
  const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1));
  const clock = { nowMs: 0, now: (): number => clock.nowMs, setTimeout: () => ({ cancel: () => undefined }) };
  const { runner, traffic } = createRunner(given.guardrails, clock);
  const tickMs = Math.min(10_000, Math.max(TICK_MS, (1_000 * burst) / callsPerSecond));
  const endings = new Map<number, (readonly [RolloutSample, AssignmentRecord])[]>();
  let calls = 0;
  let owed = 0;
  for (let tick = 0; calls < MOST_CALLS; tick += 1) {
    clock.nowMs = tick * tickMs;
    for (const [sample, record] of endings.get(tick) ?? []) runner.ended(sample, record);
    endings.delete(tick);
    if (clock.nowMs % 1_000 < tickMs) runner.look();
    const { phase } = runner.controller.state;
    if (phase !== 'progressing') {
      return { rolledBack: phase === 'rolledBack', promoted: phase === 'promoted', paused: phase === 'paused', calls };
    }
    owed += (callsPerSecond * tickMs) / 1_000;
    for (; owed >= burst; owed -= burst) {
      for (let one = 0; one < burst; one += 1) begin(tick);
    }
  }
  return { rolledBack: false, promoted: false, paused: false, calls };

  function begin(tick: number): void {
    calls += 1;
    const key = random() < heavyShare ? `heavy-${seed}` : `user-${seed}-${calls}`;
    const call = { key, attributes: {} } as unknown as Call;
    const arm = traffic.rollouts!.take(call, random)?.upstream === 'gemini' ? 'canary' : 'stable';
    const sample = runner.assigned(call, arm);
    if (!sample) return;
    const latencyMs = lognormal(LATENCY_MS * (arm === 'canary' ? slower : 1), 0.5, random);
    const hasFailed = random() < errorRate(clock.nowMs);
    const at = tick + Math.max(1, Math.round(latencyMs / tickMs));
    const record: AssignmentRecord = {
      upstream: arm === 'canary' ? 'gemini' : 'openai',
      end: hasFailed ? 'failed' : 'answered',
      atMs: at * tickMs,
      stream: false,
      latencyMs,
      firstChunkMs: latencyMs,
      costUsd: lognormal(0.001, 0.5, random),
    };
    const ending = endings.get(at);
    if (ending) ending.push([sample, record]);
    else endings.set(at, [[sample, record]]);
  }
}

/** A rollout of its own, and the split that it controls. */
export function createRunner(
  guardrails: RolloutOptions['guardrails'],
  clock: { now(): number; setTimeout(): { cancel(): undefined } },
) {
  const options = { to: 'gemini', steps: STEPS, guardrails: guardrails ?? { errorRate: { margin: 0.03 } } };
  const policies = resolveRollouts(options, {
    names: NAMES,
    stable: 'openai',
    weights: { openai: 1 },
    revisionOf: () => 'first',
  });
  const emitter = new Emitter(() => undefined);
  const traffic = new Traffic({ openai: 1 }, NAMES, 'openai', createRolloutSplit(policies));
  const runner: RolloutRunner = new RolloutRunner(policies[0]!, {
    clock,
    emitter,
    traffic,
    warnings: new Warnings(emitter, undefined),
    store: undefined,
    setShadowShare: () => undefined,
    planning: () => ({ upstreams: new Map() }) as never,
  });
  traffic.onChange(() => runner.splitChanged());
  runner.start();
  return { runner, traffic };
}
