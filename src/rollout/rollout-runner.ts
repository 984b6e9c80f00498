/** One running rollout: feeds calls to its controller, and applies its decisions. */

import type { Call } from '../domain/call.ts';
import type { RolloutCause, RolloutDecision } from '../domain/rollout.ts';
import type { Store } from '../domain/store.ts';
import type { Warnings } from '../events/warnings.ts';
import { segmentOf } from '../routing/rollout-split.ts';
import type { Arm } from '../stats/arm.ts';
import { DecisionApplier, type DecisionApplierParts } from './apply-decision.ts';
import type { JudgedOutcome } from './arm-numbers.ts';
import { RolloutController } from './controller.ts';
import type { Standing } from './lease.ts';
import type { RolloutReport } from './report.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { type CountedSample, countSample } from './sample-blocks.ts';
import { ShareCheck } from './share-check.ts';
import { SharedRollout } from './shared-rollout.ts';
import type { RolloutEvent } from './transition.ts';

export interface RolloutRunnerParts extends DecisionApplierParts {
  readonly warnings: Warnings;
  readonly store: Store | undefined;
}

/** What one call tells one rollout, fixed when the call is dispatched. */
export interface RolloutSample {
  readonly rollout: RolloutRunner;
  readonly arm: Arm;
  /** The canary's share of the calls of both sides, 0–1. */
  readonly share: number;
  /** The run of the rollout that the call belongs to. */
  readonly run: number;
  /** The call has run for so long that its latency is counted already. */
  overdue: boolean;
}

export class RolloutRunner {
  readonly policy: RolloutPolicy;
  readonly controller: RolloutController;
  readonly #parts: RolloutRunnerParts;
  readonly #applier: DecisionApplier;
  readonly #shares = new ShareCheck();
  /** The rollout in the store; `undefined` without a store. */
  readonly #shared: SharedRollout | undefined;

  constructor(policy: RolloutPolicy, parts: RolloutRunnerParts) {
    this.policy = policy;
    this.#parts = parts;
    this.#applier = new DecisionApplier(policy, parts);
    this.controller = new RolloutController(policy, parts.clock, (decision) => this.#decided(decision));
    const { controller } = this;
    const announce = this.#announce.bind(this);
    this.#shared =
      parts.store &&
      new SharedRollout({ ...parts, store: parts.store, policy, controller, applier: this.#applier, announce });
  }

  get report(): RolloutReport {
    return this.controller.report(this.#shared?.waitsFor);
  }

  /** Without a store the first step starts at once; with one, as soon as the store has returned the state. */
  start(): void {
    if (this.#shared) this.#shared.tick();
    else this.#applier.apply(this.controller.state);
  }

  close(): Promise<unknown> {
    return this.#shared?.close() ?? Promise.resolve();
  }

  /** The sample of a call that is about to be sent; `undefined` if the call is no evidence. */
  assigned(call: Call, arm: Arm): RolloutSample | undefined {
    if (!this.#judges) return undefined;
    const segment = segmentOf(this.#applier.inForce.segments, call.attributes);
    const share = this.#shares.assigned(arm, call.key, segment);
    if (share === undefined) return undefined;
    return { rollout: this, arm, share, run: this.controller.state.run, overdue: false };
  }

  /** @param outcome `undefined` for a call that ended without one: the caller's own fault, or aborted */
  ended({ arm, share, run, overdue }: RolloutSample, outcome: JudgedOutcome | undefined): void {
    this.#count(run, outcome ? ['ended', arm, share, outcome, overdue] : ['lost', arm, share]);
    if (outcome?.failed && arm === 'canary') this.controller.look(this.#standing);
  }

  /** Counts a call in flight as slow once it is overdue. */
  running(sample: RolloutSample, ageMs: number): void {
    const { arm, share, run, overdue } = sample;
    if (overdue || !this.#judgesRun(run) || ageMs <= this.controller.calls.overdueMs) return;
    sample.overdue = true;
    this.#count(run, ['overdue', arm, share]);
  }

  recorded({ arm, share, run }: RolloutSample, values: Readonly<Record<string, number>>): void {
    this.#count(run, ['recorded', arm, share, values]);
  }

  /** Called every second. */
  look(): void {
    const { controller } = this;
    if (this.#judges && this.#standing === 'leads' && controller.state.phase === 'progressing')
      this.#pauseIfIncomparable();
    controller.look(this.#standing);
    this.#applier.announceAnalysis(controller);
    this.#shared?.tick();
  }

  /** Called when the shares of the split have changed: by this rollout, by another, or by hand. */
  splitChanged(): void {
    this.#shares.intend(this.#parts.traffic.sharesOf(this.policy.to), this.#applier.inForce.segments);
  }

  /** @throws RolloutError if the verb is not possible in this phase */
  ask(event: RolloutEvent, reason: string, by: RolloutCause = 'user'): void {
    this.controller.assertPossible(event);
    // The process that leads carries the command out. Calls are taken from the canary here and now.
    if (this.#shared && this.#shared.standing !== 'leads' && !takesTraffic(event.verb))
      this.#shared.post(event, reason);
    else this.controller.ask(event, by, reason);
  }

  get #standing(): Standing {
    return this.#shared?.standing ?? 'leads';
  }

  get #judges(): boolean {
    return this.controller.isJudging && this.#shared?.waitsFor === undefined;
  }

  /** Whether a call of this run is still evidence. */
  #judgesRun(run: number): boolean {
    return this.#judges && run === this.controller.state.run;
  }

  /** Counts a sample here, and for the process that leads. */
  #count(run: number, sample: CountedSample): void {
    if (!this.#judgesRun(run)) return;
    countSample(this.controller.calls, sample);
    this.#shared?.sampled(run, sample);
  }

  #decided(decision: RolloutDecision): void {
    if (this.#shared) this.#shared.decided(decision);
    else this.#announce(decision);
  }

  #announce(decision: RolloutDecision, weightsBefore = this.#parts.traffic.weights, steps = this.policy.steps): void {
    if (decision.verb === 'resume') this.#shares.reset();
    this.#applier.announce(decision, weightsBefore, steps);
  }

  #pauseIfIncomparable(): void {
    const { controller } = this;
    const reason =
      this.#shares.ratioEvidence >= 1
        ? 'sample ratio mismatch: the canary gets a different share of calls than the split assigns to it'
        : controller.calls.lostEvidence >= 1
          ? 'more canary calls than stable calls end without an outcome (aborted, or refused as the caller’s own fault)'
          : undefined;
    if (reason !== undefined) controller.ask({ verb: 'pause', reason, by: 'sampleRatio' }, 'sampleRatio', reason);
  }
}

const takesTraffic = (verb: RolloutEvent['verb']): boolean => verb === 'rollback' || verb === 'undo';
