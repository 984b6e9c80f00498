/** All rollouts of an engine, and the calls that they are judged by. */

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

/** How often evidence is looked at, in ms, beside each failure of a canary. */
const INTERVAL_MS = 1_000;
/** What rollouts work with. */
export interface RolloutsParts extends RolloutRunnerParts {
  readonly policies: readonly RolloutPolicy[];
  readonly store: Store | undefined;
  /** What calls are planned from. */
  readonly planning: () => PlanInputs;
}

export class Rollouts {
  readonly controls: Readonly<Record<string, RolloutControl>>;
  readonly runs: readonly RolloutRunner[];
  readonly #parts: RolloutsParts;
  readonly #ticker: Ticker;
  /** What the application may tell of a call. */
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

  /** Where each rollout stands, by its canary. */
  get snapshot(): Readonly<Record<string, RolloutSnapshot>> {
    return Object.fromEntries(this.runs.map(({ policy, report }) => [policy.to, snapshotOf(report)]));
  }

  /** When all that they drive is built. */
  start(): void {
    for (const run of this.runs) run.start();
  }

  /** A call is about to be sent: its part in each rollout is fixed here. `undefined` where it is no evidence. */
  dispatched(call: Call, body: unknown, plan: CallPlan, atMs: number): SampledCall | undefined {
    const { reason, assigned } = plan;
    if (reason !== 'split' && reason !== 'rollout') return undefined;
    const planning = this.#parts.planning();
    if (!mayServePlanned(plan, call, body, planning, atMs)) return undefined;
    const found: RolloutSample[] = [];
    for (const run of this.runs) {
      const { to, stable } = run.policy;
      const arm = assigned === to ? 'canary' : assigned === stable && reason === 'split' ? 'stable' : undefined;
      // Chance alone must have decided: a call that the other side could not have got compares nothing.
      const other = arm === 'canary' ? stable : to;
      const part = arm && mayServe(other, call, body, planning, atMs) ? run.assigned(call, arm) : undefined;
      if (part) found.push(part);
    }
    if (found.length === 0) return undefined;
    const judged: SampledCall = { upstream: assigned, atMs, parts: found, hedged: false, place: undefined };
    this.#pending.add(judged);
    return judged;
  }

  hedged(judged: unknown): void {
    const call = judgedCall(judged);
    if (call) call.hedged = true;
  }

  /** The first attempt is what a call is judged by, whoever served it in the end. */
  attempt(record: AttemptRecord, of: unknown): void {
    if (record.index !== 0) return;
    const judged = judgedCall(of);
    // An upstream that could not be asked in the end says nothing.
    if (!judged || !this.#pending.remove(judged) || judged.upstream !== record.upstream) return;
    // Hung up on by us, for another was faster: no call that its side lost.
    if (judged.hedged && record.outcome === 'aborted') return;
    const outcome = outcomeOf(record);
    for (const part of judged.parts) part.rollout.ended(part, outcome);
  }

  /** A call that is over without an attempt is no evidence: it was answered from elsewhere, or never sent. */
  over(of: unknown): void {
    const judged = judgedCall(of);
    if (judged) this.#pending.remove(judged);
  }

  /** What the application found out about a call. @throws ConfigError */
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

  /** Resolves when the store has what it is to have. */
  close(): Promise<unknown> {
    this.#ticker.stop();
    return Promise.all(this.runs.map((run) => run.close()));
  }

  /** Not a closure of the constructor: that would hold the engine as long as its timer runs. */
  static #look(this: void, rollouts: Rollouts): void {
    rollouts.#warnOfRestarts();
    const patienceMs = Math.min(...rollouts.runs.map(({ controller }) => controller.calls.overdueMs));
    rollouts.#pending.look(rollouts.#parts.clock.now(), patienceMs);
    for (const run of rollouts.runs) run.look();
  }

  /** Not before listeners had time to come. */
  #warnOfRestarts(): void {
    const { store, warnings, clock } = this.#parts;
    if (store?.persistent) return;
    const message = 'Rollouts begin at their first step at each start: no store that outlives the process keeps them';
    warnings.once(message, { code: 'rollout', message, atMs: clock.now() });
  }
}

/** What rollouts take out of the split; `undefined` without any. */
export function createRolloutSplit(policies: readonly RolloutPolicy[]): RolloutSplit | undefined {
  if (policies.length === 0) return undefined;
  return new RolloutSplit(policies.map(({ to, reserve, salt }) => ({ to, reserve, bucketOf: createBucketer(salt) })));
}

/** Only `dispatched` makes what is kept with a call. */
const judgedCall = (judged: unknown): SampledCall | undefined => judged as SampledCall | undefined;

/** `undefined` for what the caller caused: its own mistakes, and that it went away. */
function outcomeOf({ outcome, latencyMs, firstChunkMs, stream, cost }: AttemptRecord): JudgedOutcome | undefined {
  if (outcome === 'neutral' || outcome === 'aborted') return undefined;
  return { failed: outcome === 'failure', latencyMs, firstChunkMs, stream, costUsd: cost.costUsd };
}
