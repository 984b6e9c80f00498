/** One running rollout: feeds calls to its controller, applies decisions, and keeps the state in the store. */

import { randomUUID } from 'node:crypto';
import type { Call } from '../domain/call.ts';
import type { RolloutCause, RolloutDecision } from '../domain/rollout.ts';
import type { Json, Store } from '../domain/store.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import { segmentOf } from '../routing/rollout-split.ts';
import type { Arm } from '../stats/arm.ts';
import { DecisionApplier, type DecisionApplierParts } from './apply-decision.ts';
import type { JudgedOutcome } from './arm-numbers.ts';
import { RolloutController } from './controller.ts';
import { RolloutLease, type StoredRollout, toCommand } from './lease.ts';
import type { RolloutReport } from './report.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { ShareCheck } from './share-check.ts';
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
  readonly #lease: RolloutLease | undefined;
  /** Decisions that the store has not written yet. */
  #unwritten = 0;
  #hasStarted = false;

  constructor(policy: RolloutPolicy, parts: RolloutRunnerParts) {
    this.policy = policy;
    this.#parts = parts;
    this.#applier = new DecisionApplier(policy, parts);
    this.controller = new RolloutController(policy, parts.clock, (decision) => this.#decided(decision));
    this.#lease = parts.store && this.#leaseIn(parts.store);
  }

  get report(): RolloutReport {
    return this.controller.report(this.#lease !== undefined && !this.#hasStarted);
  }

  /** Without a store the first step starts at once; with one, as soon as the store has returned the state. */
  start(): void {
    if (this.#lease) this.#lease.tick();
    else this.#applier.apply(this.controller.state);
  }

  close(): Promise<unknown> {
    return this.#lease?.close() ?? Promise.resolve();
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
    if (!this.#judgesRun(run)) return;
    const { calls } = this.controller;
    if (outcome) calls.ended(arm, share, outcome, overdue);
    else calls.lost(arm, share);
    if (outcome?.failed && arm === 'canary') this.controller.look(this.#leads);
  }

  /** Counts a call in flight as slow once it is overdue. */
  running(sample: RolloutSample, ageMs: number): void {
    if (sample.overdue || !this.#judgesRun(sample.run)) return;
    const { calls } = this.controller;
    if (ageMs <= calls.overdueMs) return;
    sample.overdue = true;
    calls.overdue(sample.arm, sample.share);
  }

  recorded({ arm, share, run }: RolloutSample, values: Readonly<Record<string, number>>): void {
    if (this.#judgesRun(run)) this.controller.calls.recorded(arm, share, values);
  }

  /** Called every second. */
  look(): void {
    const { controller } = this;
    if (this.#judges && controller.state.phase === 'progressing') this.#pauseIfIncomparable();
    controller.look(this.#leads);
    this.#applier.announceAnalysis(controller);
    this.#lease?.tick();
  }

  /** Called when the shares of the split have changed: by this rollout, by another, or by hand. */
  splitChanged(): void {
    this.#shares.intend(this.#parts.traffic.sharesOf(this.policy.to), this.#applier.inForce.segments);
  }

  /** @throws RolloutError if the verb is not possible in this phase */
  ask(event: RolloutEvent, reason: string, by: RolloutCause = 'user'): void {
    this.controller.assertPossible(event);
    // The process that holds the lease carries the command out.
    if (this.#lease && !this.#lease.leads) this.#lease.post({ ...event, reason } as Json);
    else this.controller.ask(event, by, reason);
  }

  /** Whether this process decides: it holds the lease, and the store has written every decision. */
  get #leads(): boolean {
    return this.#unwritten === 0 && (this.#lease?.leads ?? true);
  }

  get #judges(): boolean {
    return this.controller.isJudging && this.#leads;
  }

  /** Whether a call of this run is still evidence. */
  #judgesRun(run: number): boolean {
    return this.#judges && run === this.controller.state.run;
  }

  /** With a store a decision is applied once it is written. A rollback takes the traffic away before that. */
  #decided(decision: RolloutDecision): void {
    const weightsBefore = this.#parts.traffic.weights;
    if (!this.#lease) return this.#announce(decision, weightsBefore);
    if (decision.to.phase === 'rolledBack') this.#applier.stop();
    this.#unwritten += 1;
    this.#lease.save(this.controller.memory(), (written) => {
      this.#unwritten -= 1;
      if (written) this.#announce(decision, weightsBefore);
    });
  }

  #announce(decision: RolloutDecision, weightsBefore = this.#parts.traffic.weights): void {
    if (decision.verb === 'resume') this.#shares.reset();
    this.#applier.announce(decision, weightsBefore);
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

  #leaseIn(store: Store): RolloutLease {
    const { policy, controller } = this;
    return new RolloutLease({
      ...this.#parts,
      store,
      policy,
      holder: randomUUID(),
      memory: () => controller.memory(),
      adopt: (stored) => this.#adopt(stored),
      command: (message) => this.#execute(message),
    });
  }

  /** Continues from the stored state, and announces what another process has decided in the meantime. */
  #adopt(stored: StoredRollout | undefined): void {
    const { controller } = this;
    const known = controller.history.at(-1);
    if (stored) controller.restore(stored.memory);
    const latest = controller.history.at(-1);
    const isNews = this.#hasStarted && latest && latest.atMs !== known?.atMs;
    this.#hasStarted = true;
    if (isNews) this.#announce(latest);
    else this.#applier.apply(controller.state);
  }

  /** Carries out a command from the store: from another process, or from the command line. An impossible one only warns. */
  #execute(command: Json): void {
    const { clock, warnings } = this.#parts;
    try {
      const { event, reason } = toCommand(command, this.policy.reserve);
      this.controller.ask(event, 'user', reason);
    } catch (error) {
      const message = `Ignored a stored command for the rollout to ${this.policy.to}: ${errorName(error)}`;
      warnings.once(message, { code: 'rollout', message, atMs: clock.now() });
    }
  }
}
