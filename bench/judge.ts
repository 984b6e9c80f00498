/**
 * Target: the judge adds at most 0.2 µs to a call for one guardrail and 1 µs for five, if the evidence is read every 100 calls. A whole
 * sample (its share, its place in the order, its sums and the default guardrail) costs at most 2 µs.
 *
 * `node bench/judge.ts`
 */

import type { Call } from '../src/domain/call.ts';
import type { RolloutSample } from '../src/rollout/samples.ts';
import type { JudgedCall } from '../src/stats/analysis-types.ts';
import { createAnalysis } from '../src/stats/analysis.ts';
import { createRealisedShare } from '../src/stats/realised-share.ts';
import { createRunner } from './decisions/healthy-rollouts.ts';
import { lognormal, seededRandom } from '../src/testing/seeded-random.ts';

const CALLS = 400_000;
const ROUNDS = 7;
const CALLS_PER_READING = 100;
const METRICS = ['errorRate', 'latencyP95', 'firstChunkP95', 'latency', 'costPerCall'] as const;

/** A sample needs only the key and the attributes of a call. */
const KEYLESS = { key: undefined, attributes: {} } as unknown as Call;

const calls = recordCalls(CALLS);
const empty = medianNs(() => undefined);

console.table(
  Object.fromEntries([
    ...METRICS.map((metric) => [metric, ofGuardrails([metric])] as const),
    ['all five', ofGuardrails(METRICS)] as const,
    ['a sample', ofSample()] as const,
  ]),
);

/** Nanoseconds per call, without those of the loop itself. */
function ofGuardrails(metrics: readonly string[]): Readonly<Record<'ns per call' | 'limit', number>> {
  const guardrails = Object.fromEntries(metrics.map((metric) => [metric, {}]));
  const tookNs = medianNs(() => createAnalysis({ guardrails, weight: 0.05 }));
  return { 'ns per call': Math.round(tookNs - empty), limit: metrics.length * 200 };
}

/** Nanoseconds from the opening of a sample to its end, with eight calls in flight. */
function ofSample(): Readonly<Record<'ns per call' | 'limit', number>> {
  const IN_FLIGHT = 8;
  const record = {
    upstream: 'openai',
    end: 'answered',
    atMs: 0,
    stream: false,
    latencyMs: 300,
    firstChunkMs: 300,
    costUsd: 0.001,
  } as const;
  const rounds = Array.from({ length: ROUNDS }, () => {
    const clock = { now: () => 0, setTimeout: () => ({ cancel: () => undefined }) };
    const { runner } = createRunner(undefined, clock);
    const open: RolloutSample[] = [];
    const before = process.cpuUsage();
    for (const { arm } of calls) {
      const sample = runner.assigned(KEYLESS, arm);
      if (sample) open.push(sample);
      if (open.length > IN_FLIGHT) runner.ended(open.shift()!, record);
    }
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1_000) / CALLS;
  });
  return { 'ns per call': Math.round(rounds.toSorted((one, other) => one - other)[ROUNDS >> 1]!), limit: 2_000 };
}

function medianNs(create: () => ReturnType<typeof createAnalysis> | undefined): number {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const analysis = create();
    let seen = 0;
    const before = process.cpuUsage();
    for (let index = 0; index < CALLS; index++) {
      analysis?.observe(calls[index]!);
      if (index % CALLS_PER_READING === 0) seen += analysis?.rollback.evidence ?? calls[index]!.share;
    }
    // CPU time, which other work on the machine does not change.
    const { user, system } = process.cpuUsage(before);
    // The readings are used, so that the compiler cannot remove the work.
    if (!Number.isFinite(seen)) throw new Error('the sum of the readings should be a number');
    return ((user + system) * 1_000) / CALLS;
  });
  return rounds.toSorted((one, other) => one - other)[ROUNDS >> 1]!;
}

/** Calls of two equal arms, with the realised share. */
function recordCalls(count: number): readonly JudgedCall[] {
  const random = seededRandom(1);
  const realised = createRealisedShare(0.05);
  return Array.from({ length: count }, () => {
    const { share } = realised;
    const arm = random() < 0.05 ? 'canary' : 'stable';
    realised.assigned(arm);
    const latencyMs = lognormal(800, 0.6, random);
    const isBad = random() < 0.01;
    return {
      arm,
      share,
      values: {
        errorRate: isBad,
        latencyP95: isBad ? Number.POSITIVE_INFINITY : latencyMs,
        firstChunkP95: latencyMs / 3,
        latency: isBad ? Number.POSITIVE_INFINITY : latencyMs,
        costPerCall: lognormal(0.002, 0.8, random),
      },
    };
  });
}
