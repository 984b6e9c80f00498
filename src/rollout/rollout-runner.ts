/** One running rollout: feeds calls to its controller, and applies its decisions. */

import type { PlanInputs } from '../call/plan-call.ts';
import type { AssignmentRecord } from '../domain/assignment.ts';
import type { Call } from '../domain/call.ts';
import type { RolloutCause, RolloutDecision } from '../domain/rollout.ts';
import type { Store } from '../domain/store.ts';
import type { Warnings } from '../events/warnings.ts';
import type { PauseKind } from '../resilience/pause.ts';
import { segmentOf } from '../routing/rollout-split.ts';
import type { Arm } from '../stats/arm.ts';
import { DecisionApplier, type DecisionApplierParts, type DecisionContext } from './apply-decision.ts';
import { CopiedCalls, type CopySample } from './copied-calls.ts';
import { RolloutController } from './controller.ts';
import type { JudgedOutcome } from './arm-numbers.ts';
import type { Standing } from './lease.ts';
import type { RolloutReport } from './report.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { whyOutOfService, whyRefused } from './in-service.ts';
import { hangingFor } from './running-time.ts';
import { type CountedSample, countSample } from './sample-blocks.ts';
import { outcomeOf, type RolloutSample } from './samples.ts';
import { SampleOrder } from './sample-order.ts';
import { ShareCheck } from './share-check.ts';
import { SharedRollout } from './shared-rollout.ts';
import type { RolloutEvent } from './transition.ts';

export interface RolloutRunnerParts extends DecisionApplierParts {
  readonly warnings: Warnings;
  readonly store: Store | undefined;
  /** The state that calls are planned from. */
  readonly planning: () => PlanInputs;
  /** Why copies to an upstream pause; `undefined` if they do not. @default never */
  readonly copiesPausedFor?: ((upstream: string) => PauseKind | undefined) | undefined;
}

export class RolloutRunner {
  readonly policy: RolloutPolicy;
  readonly controller: RolloutController;
  readonly #parts: RolloutRunnerParts;
  readonly #applier: DecisionApplier;
  readonly #shares = new ShareCheck();
  readonly #copied: CopiedCalls;
  readonly #order = new SampleOrder<RolloutSample>(({ run }, told) => this.#count(run, told));
  /** The rollout in the store; `undefined` without a store. */
  readonly shared: SharedRollout | undefined;

  constructor(policy: RolloutPolicy, parts: RolloutRunnerParts) {
    this.policy = policy;
    this.#parts = parts;
    this.#applier = new DecisionApplier(policy, parts);
    this.controller = new RolloutController(
      policy,
      parts.clock,
      (decision) => this.#decided(decision),
      (arm) => this.#outOfService(arm),
    );
    const { controller } = this;
    this.#copied = new CopiedCalls({
      controller,
      stable: policy.stable,
      clock: parts.clock,
      judges: () => this.#judges,
      count: (run, statement) => this.#count(run, ['copy', statement]),
      look: () => controller.look(this.#standing),
    });
    const shared = { policy, controller, applier: this.#applier, announce: this.#announce.bind(this) };
    this.shared = parts.store && new SharedRollout({ ...parts, ...shared, store: parts.store });
  }

  get report(): RolloutReport {
    return this.controller.report(this.shared?.waitsFor);
  }

  /** Whether this process decides, with the calls of all processes. */
  get leads(): boolean {
    return this.#judges && this.#standing === 'leads';
  }

  /** Without a store the first step starts at once; with one, as soon as the store has returned the state. */
  start(): void {
    if (this.shared) this.shared.tick();
    else this.#applier.apply(this.controller.state);
  }

  close(): Promise<unknown> {
    this.#order.flush();
    return this.shared?.close() ?? Promise.resolve();
  }

  /** Opens the sample of a call; `undefined` if the rollout is not judged now, or the split left no choice. */
  assigned(call: Call, arm: Arm, group?: object): RolloutSample | undefined {
    if (!this.#judges) return undefined;
    const share = this.#shareOf(call, arm, group);
    if (share === undefined) return undefined;
    const { run } = this.controller.state;
    this.#count(run, COUNTS[arm]);
    const sample = { rollout: this, arm, share, run, overdue: false, told: [], hasEnded: false, isOut: false };
    this.#order.opened(sample);
    return sample;
  }

  /** Counts a call that a segment or a task has sent to the canary without a choice. */
  routed(): void {
    this.#count(this.controller.state.run, COUNTS.routed);
    this.#compareRouted();
  }

  /** Opens the sample of a copy to the canary; `undefined` if no shadow step is judged now. */
  copied(assigned: string): CopySample | undefined {
    return this.#copied.begun(assigned);
  }

  ended(sample: RolloutSample, record: AssignmentRecord): void {
    const { calls } = this.controller;
    if (record.end === 'answered') calls.answered(sample.arm, record.latencyMs);
    const outcome = outcomeOf(record, calls);
    if (outcome) this.#ended(sample, outcome);
    else if (!sample.hasEnded) {
      sample.hasEnded = true;
      this.#tell(sample, ['unjudged', sample.arm, record.end === 'heldBack']);
    }
  }

  /** Counts a call in flight as slow once it is overdue, and as bad once it hangs. */
  running(sample: RolloutSample, ageMs: number): void {
    const { calls } = this.controller;
    const { arm, share, run } = sample;
    if (!this.#judgesRun(run)) return;
    if (!sample.overdue && ageMs > calls.overdueMs) {
      sample.overdue = true;
      sample.isOut = true;
      this.#tell(sample, ['overdue', arm, share]);
    }
    if (ageMs > calls.hangingMs) this.#ended(sample, hangingFor(ageMs));
  }

  recorded(sample: RolloutSample, values: Readonly<Record<string, number>>): void {
    this.#tell(sample, ['recorded', sample.arm, sample.share, values]);
  }

  /** Called every second. */
  look(): void {
    const { controller } = this;
    if (this.leads && controller.state.phase === 'progressing') this.#pauseIfIncomparable();
    this.#copied.lookForOverdue();
    controller.look(this.#standing);
    this.#compareRouted();
    if (this.leads && controller.adjustShadow()) this.#applier.apply(controller.state);
    this.#applier.announceAnalysis(controller);
    if (this.#standing === 'leads') this.#applier.announceDryRuns(controller);
    this.shared?.tick();
  }

  /** Called when the shares of the split have changed: by this rollout, by another, or by hand. */
  splitChanged(): void {
    this.#shares.intend(this.#parts.traffic.sharesOf(this.policy.to), this.#applier.inForce.segments);
  }

  /** @throws RolloutError if the verb is not possible in this phase */
  ask(event: RolloutEvent, reason: string, by: RolloutCause = 'user'): void {
    this.controller.assertPossible(event);
    // The process that leads carries the command out. Calls are taken from the canary here and now.
    if (this.shared && this.shared.standing !== 'leads' && !takesTraffic(event)) this.shared.post(event, reason);
    else this.controller.ask(event, by, reason);
  }

  /** The canary's share of the calls of both sides; `undefined` if the split left no choice. */
  #shareOf(call: Call, arm: Arm, group: object | undefined): number | undefined {
    if (group) return this.#shares.compared(group, arm, 1 - this.policy.holdback);
    return this.#shares.assigned(arm, call.key, segmentOf(this.#applier.inForce.segments, call.attributes));
  }

  /** The comparison of segments and tasks begins when they have enough calls to tell anything. */
  #compareRouted(): void {
    this.#applier.compare(this.controller.calls.routed >= COMPARED_FROM);
  }

  get #standing(): Standing {
    return this.shared?.standing ?? 'leads';
  }

  get #judges(): boolean {
    return this.controller.isJudging && this.shared?.waitsFor === undefined;
  }

  /** Whether a call of this run is still evidence. */
  #judgesRun(run: number): boolean {
    return this.#judges && run === this.controller.state.run;
  }

  /** A sample has one end. A call that hangs may still be answered later. */
  #ended(sample: RolloutSample, outcome: JudgedOutcome): void {
    if (sample.hasEnded) return;
    const { arm, share, overdue } = sample;
    sample.hasEnded = true;
    if (outcome.failed) sample.isOut = true;
    this.#tell(sample, ['ended', arm, share, outcome, overdue]);
    if (outcome.failed && arm === 'canary') this.controller.look(this.#standing);
  }

  #tell(sample: RolloutSample, told: CountedSample): void {
    sample.told.push(told);
    this.#order.changed(sample);
  }

  /** Counts a sample here, and for the process that leads. */
  #count(run: number, sample: CountedSample): void {
    if (!this.#judgesRun(run)) return;
    countSample(this.controller.calls, sample, this.#parts.clock.now());
    this.shared?.sampled(run, sample);
  }

  #decided(decision: RolloutDecision): void {
    if (this.shared) this.shared.decided(decision);
    else this.#announce(decision);
  }

  #announce(decision: RolloutDecision, context?: DecisionContext): void {
    if (decision.verb === 'resume') this.#shares.reset();
    this.#applier.announce(decision, context);
  }

  /** The check is about the assignment alone: how calls end cannot set it off. */
  #pauseIfIncomparable(): void {
    if (this.#shares.ratioEvidence < 1) return;
    const reason = 'sample ratio mismatch: the canary gets a different share of calls than the split assigns to it';
    this.controller.ask({ verb: 'pause', reason, by: 'sampleRatio' }, 'sampleRatio', reason);
  }

  #outOfService(arm: Arm): string | undefined {
    const { clock, planning, copiesPausedFor } = this.#parts;
    const { judged, isShadow, calls } = this.controller;
    const { to, stable } = this.policy;
    const nowMs = clock.now();
    if (arm === 'stable') return whyRefused('stable', planning().upstreams.get(stable), nowMs);
    const copies = isShadow ? { pausedFor: copiesPausedFor?.(to), hang: calls.copies.hanging.at(nowMs) } : undefined;
    return whyOutOfService(planning().upstreams.get(to), judged.answeredAtMs, nowMs, copies);
  }
}

/** Of fewer calls a holdback of a tenth would tell nothing, so that all callers of a small segment get what it names. */
const COMPARED_FROM = 100;

/** Made once, since each call counts one of them. */
const COUNTS = { canary: ['assigned', 'canary'], stable: ['assigned', 'stable'], routed: ['routed'] } as const;

const takesTraffic = (event: RolloutEvent): boolean =>
  event.verb === 'undo' || (event.verb === 'rollback' && event.to === undefined);
