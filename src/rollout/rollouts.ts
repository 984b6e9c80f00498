/** All rollouts of a client, and the calls that they are judged by. */

import type { AssignmentRecord } from '../domain/assignment.ts';
import type { Call } from '../domain/call.ts';
import { checkNumber, checkOneOf } from '../domain/check.ts';
import type { CallPlan } from '../call/call-plan.ts';
import type { Store, StoreSnapshot } from '../domain/store.ts';
import type { RolloutSnapshot } from '../domain/rollout-snapshot.ts';
import type { CopyDrop, MirroredEnd } from '../domain/shadow.ts';
import { isMeasured } from './arm-numbers.ts';
import type { CopySample } from './copied-calls.ts';
import { RolloutControl } from './control.ts';
import { RolloutRunner, type RolloutRunnerParts } from './rollout-runner.ts';
import { isRouted, OpenSamples, type RolloutSample, type SampledCall, sideOf } from './samples.ts';
import { PaceWatch } from './pace.ts';
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
}

export class Rollouts {
  readonly controls: Readonly<Record<string, RolloutControl>>;
  readonly runs: readonly RolloutRunner[];
  readonly #parts: RolloutsParts;
  readonly #ticker: Ticker;
  /** The metrics that the application may record. */
  readonly #recordable: readonly string[];
  readonly #samples = new OpenSamples();
  readonly #paces: ReadonlyMap<RolloutRunner, PaceWatch>;

  constructor(parts: RolloutsParts) {
    const { policies, clock, traffic } = parts;
    this.#parts = parts;
    this.runs = policies.map((policy) => new RolloutRunner(policy, parts));
    this.#paces = new Map(this.runs.map((run) => [run, new PaceWatch(parts)]));
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

  /** What this process has to do with the rollouts in the store. */
  get sharing(): Pick<StoreSnapshot, 'unsentSamples' | 'lostSamples' | 'leads'> {
    const parts = this.runs.flatMap(({ policy, shared }) => (shared ? [{ to: policy.to, ...shared.sharing }] : []));
    return {
      unsentSamples: parts.reduce((sum, { samples }) => sum + samples, 0),
      lostSamples: parts.reduce((sum, { lost }) => sum + lost, 0),
      leads: parts.filter(({ leads }) => leads).map(({ to }) => to),
    };
  }

  /** Called once everything that the rollouts control is built. */
  start(): void {
    for (const run of this.runs) run.start();
  }

  /** Opens the sample of a call that is about to be sent. `undefined` if it is no evidence for any rollout. */
  dispatched(call: Call, body: unknown, plan: CallPlan, atMs: number): SampledCall | undefined {
    let parts: RolloutSample[] | undefined;
    for (const run of this.runs) {
      const arm = sideOf(plan, run.policy, call, body, this.#parts.planning());
      if (!arm && isRouted(plan, run.policy.to)) run.routed();
      const sample = arm && run.assigned(call, arm, plan.comparison?.group);
      if (sample) (parts ??= []).push(sample);
    }
    return parts && this.#samples.open(parts, atMs);
  }

  /** Closes the sample of a call. */
  ended(record: AssignmentRecord, judged: unknown): void {
    const call = judgedCall(judged);
    if (!call || !this.#samples.close(call)) return;
    for (const part of call.parts) part.rollout.ended(part, record);
  }

  /** Opens the sample of a copy to `upstream`, of a call that is assigned to `assigned`. `undefined` if it is no evidence. */
  copied(upstream: string, assigned: string): unknown {
    return this.runs.find(({ policy }) => policy.to === upstream)?.copied(assigned);
  }

  /** A copy and its call have ended. */
  copyEnded(judged: unknown, end: MirroredEnd): void {
    const sample = judgedCopy(judged);
    sample?.feed.ended(sample, end);
  }

  /** The user's bounds held a copy back. */
  copyDropped(judged: unknown, reason: CopyDrop): void {
    const sample = judgedCopy(judged);
    sample?.feed.dropped(sample, reason);
  }

  /** The answers of a copy and its call agree by this much, 0–1. */
  copyAgreed(judged: unknown, agreement: number): void {
    const sample = judgedCopy(judged);
    sample?.feed.agreed(sample, agreement);
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
    const limits = rollouts.runs.flatMap(({ controller: { calls } }) => [calls.overdueMs, calls.hangingMs]);
    const overdueMs = Math.min(...limits);
    rollouts.#samples.look(rollouts.#parts.clock.now(), overdueMs);
    for (const run of rollouts.runs) {
      run.look();
      if (run.leads) rollouts.#paces.get(run)?.look(run.policy, run.controller.state, () => run.report);
    }
  }
}

/** The part of the split that belongs to rollouts; `undefined` without rollouts. */
export function createRolloutSplit(policies: readonly RolloutPolicy[]): RolloutSplit | undefined {
  if (policies.length === 0) return undefined;
  return new RolloutSplit(policies.map(({ to, reserve, salt }) => ({ to, reserve, bucketOf: createBucketer(salt) })));
}

/** `copied` made this value, and the shadow has only kept it. */
const judgedCopy = (judged: unknown): CopySample | undefined => judged as CopySample | undefined;
/** `dispatched` made this value, and the call path has only kept it. */
const judgedCall = (judged: unknown): SampledCall | undefined => judged as SampledCall | undefined;
