/** All rollouts of a client, and the calls that they are judged by. */

import type { AttemptRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import { PendingCalls, type SampledCall } from './pending-calls.ts';
import { checkNumber, checkOneOf } from '../domain/check.ts';
import type { CallPlan } from '../call/call-plan.ts';
import { mayServe, mayServePlanned, type PlanInputs } from '../call/plan-call.ts';
import type { Store } from '../domain/store.ts';
import type { RolloutSnapshot } from '../domain/rollout.ts';
import { isMeasured, type JudgedOutcome } from './arm-numbers.ts';
import { RolloutControl } from './control.ts';
import { type RolloutSample, RolloutRunner, type RolloutRunnerParts } from './rollout-runner.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { snapshotOf } from './report.ts';
import { RolloutSplit } from '../routing/rollout-split.ts';
import { createBucketer } from '../routing/bucket.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';

/** How often the evidence is checked, in ms. It is also checked after each failed canary call. */
const INTERVAL_MS = 1_000;

export interface RolloutsParts extends RolloutRunnerParts {
  readonly policies: readonly RolloutPolicy[];
  readonly store: Store | undefined;
  /** The state that calls are planned from. */
  readonly planning: () => PlanInputs;
}

export class Rollouts {
  readonly controls: Readonly<Record<string, RolloutControl>>;
  readonly runs: readonly RolloutRunner[];
  readonly #parts: RolloutsParts;
  readonly #ticker: Ticker;
  /** The metrics that the application may record. */
  readonly #recordable: readonly string[];
  readonly #pending = new PendingCalls();

  constructor(parts: RolloutsParts) {
    const { policies, clock, traffic } = parts;
    this.#parts = parts;
    this.runs = policies.map((policy) => new RolloutRunner(policy, parts));
    this.controls = Object.fromEntries(this.runs.map((run) => [run.policy.to, new RolloutControl(run)]));
    const metrics = policies.flatMap(({ guardrails }) => Object.keys(guardrails));
    this.#recordable = [...new Set(['quality', ...metrics.filter((metric) => !isMeasured(metric))])];
    traffic.onChange(() => this.runs.forEach((run) => run.splitChanged()));
    this.#ticker = startTicker(clock, INTERVAL_MS, this, Rollouts.#look);
  }

  /** The state of each rollout, by canary. */
  get snapshot(): Readonly<Record<string, RolloutSnapshot>> {
    return Object.fromEntries(this.runs.map(({ policy, report }) => [policy.to, snapshotOf(report)]));
  }

  /** Called once everything that the rollouts control is built. */
  start(): void {
    for (const run of this.runs) run.start();
  }

  /** Fixes the part of a call in each rollout before it is sent. `undefined` if it is no evidence for any. */
  dispatched(call: Call, body: unknown, plan: CallPlan, atMs: number): SampledCall | undefined {
    const { reason, assigned } = plan;
    if (reason !== 'split' && reason !== 'rollout') return undefined;
    const planning = this.#parts.planning();
    if (!mayServePlanned(plan, call, body, planning, atMs)) return undefined;
    const parts: RolloutSample[] = [];
    for (const run of this.runs) {
      const { to, stable } = run.policy;
      const arm = assigned === to ? 'canary' : assigned === stable && reason === 'split' ? 'stable' : undefined;
      // Only chance may decide between the sides, so a call that the other side could not have served is no evidence.
      const other = arm === 'canary' ? stable : to;
      const sample = arm && mayServe(other, call, body, planning, atMs) ? run.assigned(call, arm) : undefined;
      if (sample) parts.push(sample);
    }
    if (parts.length === 0) return undefined;
    const judged: SampledCall = { upstream: assigned, atMs, parts, hedged: false, place: undefined };
    this.#pending.add(judged);
    return judged;
  }

  hedged(judged: unknown): void {
    const call = judgedCall(judged);
    if (call) call.hedged = true;
  }

  /** A call is judged by its first attempt, even if another upstream served it in the end. */
  attempt(record: AttemptRecord, of: unknown): void {
    if (record.index !== 0) return;
    const judged = judgedCall(of);
    // If the assigned upstream was not asked after all, the call says nothing about it.
    if (!judged || !this.#pending.remove(judged) || judged.upstream !== record.upstream) return;
    // A hedge was faster and we aborted this attempt, so its side did not lose the call.
    if (judged.hedged && record.outcome === 'aborted') return;
    const outcome = outcomeOf(record);
    for (const part of judged.parts) part.rollout.ended(part, outcome);
  }

  /** Called when a call is over. Without an attempt it is no evidence: it was served from the cache, or never sent. */
  over(of: unknown): void {
    const judged = judgedCall(of);
    if (judged) this.#pending.remove(judged);
  }

  /** Records what the application found out about a call. Returns whether a rollout uses it. @throws ConfigError */
  record(judged: unknown, values: Readonly<Record<string, number>>): boolean {
    for (const [metric, value] of Object.entries(values)) {
      checkOneOf(`record.${metric}`, metric, this.#recordable);
      checkNumber(`record.${metric}`, value, {});
    }
    const parts = judgedCall(judged)?.parts ?? [];
    for (const part of parts) part.rollout.recorded(part, values);
    return parts.length > 0;
  }

  rollBackByRule(upstream: string, reason: string): boolean {
    const run = this.runs.find(({ policy }) => policy.to === upstream);
    run?.ask({ verb: 'rollback', reason, by: 'rule' }, reason, 'rule');
    return run !== undefined;
  }

  /** Resolves when the store has the state of all rollouts. */
  close(): Promise<unknown> {
    this.#ticker.stop();
    return Promise.all(this.runs.map((run) => run.close()));
  }

  /** Static, not a closure: a closure would keep the engine alive as long as the timer runs. */
  static #look(this: void, rollouts: Rollouts): void {
    const overdueMs = Math.min(...rollouts.runs.map(({ controller }) => controller.calls.overdueMs));
    rollouts.#pending.look(rollouts.#parts.clock.now(), overdueMs);
    for (const run of rollouts.runs) run.look();
  }
}

/** The part of the split that belongs to rollouts; `undefined` without rollouts. */
export function createRolloutSplit(policies: readonly RolloutPolicy[]): RolloutSplit | undefined {
  if (policies.length === 0) return undefined;
  return new RolloutSplit(policies.map(({ to, reserve, salt }) => ({ to, reserve, bucketOf: createBucketer(salt) })));
}

/** `dispatched` made this value, and the call path has only kept it. */
const judgedCall = (judged: unknown): SampledCall | undefined => judged as SampledCall | undefined;

/** `undefined` for an attempt that ended because of the caller: its own fault, or aborted. */
function outcomeOf({ outcome, latencyMs, firstChunkMs, stream, cost }: AttemptRecord): JudgedOutcome | undefined {
  if (outcome === 'neutral' || outcome === 'aborted') return undefined;
  return { failed: outcome === 'failure', latencyMs, firstChunkMs, stream, costUsd: cost.costUsd };
}
