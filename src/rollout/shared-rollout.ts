/** A rollout in a store: what this process decides, what it takes over from others, and what it does without them. */

import { randomUUID } from 'node:crypto';
import type { RolloutDecision } from '../domain/rollout.ts';
import type { Json, Store } from '../domain/store.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';
import type { DecisionApplier, DecisionContext } from './apply-decision.ts';
import { toCommand } from './command.ts';
import type { RolloutController } from './controller.ts';
import { RolloutLease, type Standing, type WriteEnd } from './lease.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { countBlock, type CountedSample, type UnsentSamples } from './sample-blocks.ts';
import { changeOf, type ReadRollout, type StoredRollout } from './stored-rollout.ts';
import { type RolloutEvent, sendsSameCalls } from './transition.ts';

export interface SharedRolloutParts {
  readonly store: Store;
  readonly policy: RolloutPolicy;
  readonly controller: RolloutController;
  readonly applier: DecisionApplier;
  readonly clock: Clock;
  readonly warnings: Warnings;
  /** Applies a decision and emits its events. */
  readonly announce: (decision: RolloutDecision, context?: DecisionContext) => void;
}

/** What a rollout waits for in its first moments, while the store answers for the first time. */
const STARTING = 'starting: the state is being read from the store';

export class SharedRollout {
  readonly #parts: SharedRolloutParts;
  readonly #lease: RolloutLease;
  /** Decisions that the store has not written yet. */
  #unwritten = 0;
  #waitsFor: string | undefined = STARTING;
  /** What is stored cannot be read, so it is not overwritten before a person decides. */
  #isUnreadable = false;
  /** A rollback is decided for the second time, on what the store has now. */
  #isRepeating = false;
  /** A rollback is carried out that another process has decided and announced. */
  #isDecidedElsewhere = false;
  /** A rollback of this process that the leader does not know of yet. */
  #unconfirmed:
    { readonly decision: RolloutDecision; readonly run: number | undefined; postedAtMs: number } | undefined;

  constructor(parts: SharedRolloutParts) {
    this.#parts = parts;
    const { controller } = parts;
    this.#lease = new RolloutLease({
      ...parts,
      holder: randomUUID(),
      memory: () => (this.#isUnreadable || this.#unwritten > 0 ? undefined : controller.memory()),
      adopt: (read) => this.#adopt(read),
      command: (message) => this.#execute(message),
      count: (block) => this.#count(block),
    });
  }

  /** What this process may decide. While a decision is being written, nothing but a rollback may follow it. */
  get standing(): Standing {
    const { standing } = this.#lease;
    return standing === 'leads' && this.#unwritten > 0 ? 'cutOff' : standing;
  }

  /** Whether this process leads, also while a decision is being written, and what it has not sent to the one that does. */
  get sharing(): UnsentSamples & { readonly leads: boolean } {
    return { leads: this.#lease.standing === 'leads', ...this.#lease.unsent };
  }

  /** Why the canary gets no calls although its state may say so; `undefined` if the state is in force. */
  get waitsFor(): string | undefined {
    return this.#waitsFor === STARTING && this.standing === 'cutOff' ? 'the store does not answer' : this.#waitsFor;
  }

  /** Called every second; runs in the background. */
  tick(): void {
    this.#lease.tick();
  }

  close(): Promise<unknown> {
    return this.#lease.close();
  }

  /** Keeps a sample for the process that leads. */
  sampled(run: number, sample: CountedSample): void {
    this.#lease.sampled({ revision: this.#parts.policy.revision, run }, sample);
  }

  /** Leaves a command for the process that leads. */
  post(event: RolloutEvent, reason: string): void {
    this.#lease.post({ ...event, reason, run: this.#parts.controller.state.run } as Json);
  }

  /** A decision is in force once it is written; a rollback is in force at once. */
  decided(decision: RolloutDecision): void {
    const { applier, controller } = this.#parts;
    const { weights: weightsBefore } = applier;
    const isRollback = decision.to.phase === 'rolledBack';
    const isRepeated = this.#isRepeating;
    if (isRollback && !isRepeated) {
      // Before the first answer of the store this process does not know the run.
      const run = this.#waitsFor === undefined ? decision.from.run : undefined;
      this.#unconfirmed = { decision, run, postedAtMs: -Infinity };
      this.#announce(decision, { weightsBefore, decidedHere: !this.#isDecidedElsewhere });
    }
    if (this.#lease.standing === 'follows') return this.#report();
    this.#unwritten += 1;
    this.#lease.save(controller.memory(), (end) => {
      this.#unwritten -= 1;
      if (end !== 'written') return isRollback ? undefined : this.#notWritten(decision, end, weightsBefore);
      this.#isUnreadable = false;
      if (isRollback) this.#unconfirmed = undefined;
      else this.#announce(decision, { weightsBefore });
    });
  }

  /** Who cannot write does not advance: what was in force stays in force. A pause needs nothing to be in force. */
  #notWritten(decision: RolloutDecision, end: WriteEnd, weightsBefore: Readonly<Record<string, number>>): void {
    const { verb, reason, from } = decision;
    if (verb === 'restart') return this.#lease.forget();
    if (verb === 'pause' && end === 'failed') return this.#announce(decision, { weightsBefore });
    this.#parts.controller.revert(decision);
    if (verb === 'pause') return this.#lease.post({ verb, reason, run: from.run });
    const { policy, clock } = this.#parts;
    const message = `${verb} of the rollout to ${policy.to} is not in force, because it could not be written`;
    this.#warn(message, `${message} ${clock.now()}`);
  }

  /** Tells the process that leads about a rollback here. */
  #report(): void {
    const nowMs = this.#parts.clock.now();
    if (!this.#unconfirmed || nowMs - this.#unconfirmed.postedAtMs < REPORT_EVERY_MS) return;
    const { decision, run } = this.#unconfirmed;
    const { verb, reason, by } = decision;
    this.#unconfirmed.postedAtMs = nowMs;
    this.#lease.post({ verb, reason, by, announced: true, ...(run !== undefined && { run }) });
  }

  /** Continues from the stored state, and announces what another process has decided in the meantime. */
  #adopt(read: ReadRollout): void {
    if (read.kind === 'unreadable') return this.#holdUnreadable(read.why);
    this.#isUnreadable = false;
    if (read.kind === 'rollout') return this.#continue(read.rollout);
    this.#waitsFor = undefined;
    this.#parts.applier.apply(this.#parts.controller.state);
  }

  #continue(stored: StoredRollout): void {
    const { controller, policy, applier } = this.#parts;
    const { memory } = stored;
    const leads = this.#lease.standing === 'leads';
    const change = changeOf(stored, policy);
    if (change.kind === 'revision' && !leads) return this.#standAside();
    if ('reason' in change && leads) {
      applier.stop();
      this.#waitsFor = 'the store has not written yet that it starts over';
      return controller.restart(memory, change.reason);
    }
    const { run, phase } = memory.state;
    const own = this.#unconfirmed;
    if (own && (own.run ?? run) === run && phase !== 'rolledBack') {
      if (!leads) return this.#report();
      controller.restore(memory, change.kind !== 'none');
      return this.#repeat(own.decision);
    }
    this.#unconfirmed = undefined;
    const before = this.#waitsFor === undefined ? controller.state : undefined;
    const known = controller.history.at(-1);
    controller.restore(memory, change.kind !== 'none');
    this.#waitsFor = undefined;
    const latest = controller.history.at(-1);
    const isNews = latest && latest.atMs !== known?.atMs && before && !sendsSameCalls(before, controller.state);
    // Every process splits by the same steps: by those of the process that wrote the state.
    const { steps } = leads ? policy : stored.policy;
    if (isNews) this.#announce(latest, { steps, decidedHere: false });
    else applier.apply(controller.state, steps);
  }

  /** Makes a rollback of this process that of the fleet. Its events have been emitted. */
  #repeat({ by: cause, reason }: RolloutDecision): void {
    const by = cause === 'evidence' || cause === 'rule' ? cause : 'user';
    this.#isRepeating = true;
    this.#parts.controller.ask({ verb: 'rollback', reason, by }, by, reason);
    this.#isRepeating = false;
  }

  /** The process that leads has another revision of the canary: this one's gets no calls. */
  #standAside(): void {
    this.#waitsFor = `another revision of ${this.#parts.policy.to} is rolled out by the process that leads`;
    this.#parts.applier.stop();
    this.#warn(`The rollout to ${this.#parts.policy.to} sends it no calls here: ${this.#waitsFor}`);
  }

  #holdUnreadable(why: string): void {
    const { to } = this.#parts.policy;
    const reason = `the stored rollout cannot be read: ${why}`;
    if (!this.#isUnreadable) this.#parts.controller.hold(reason);
    this.#isUnreadable = true;
    this.#waitsFor = undefined;
    this.#parts.applier.stop();
    this.#warn(`The rollout to ${to} sends it no calls until retry(): ${reason}`);
  }

  /** Carries out a command from the store: from another process, or from the command line. An impossible one only warns. */
  #execute(message: Json): void {
    const { controller, policy } = this.#parts;
    try {
      const command = toCommand(message, policy);
      this.#isDecidedElsewhere = command.announced;
      controller.carryOut(command);
    } catch (error) {
      this.#warn(`Ignored a stored command for the rollout to ${policy.to}: ${errorName(error)}`);
    } finally {
      this.#isDecidedElsewhere = false;
    }
  }

  #count(block: Json): void {
    const { controller, policy, clock } = this.#parts;
    const { run } = controller.state;
    try {
      if (this.#waitsFor === undefined && controller.isJudging)
        countBlock(controller.calls, block, { revision: policy.revision, run }, clock.now());
    } catch (error) {
      this.#warn(`Ignored stored counts of the rollout to ${policy.to}: ${errorName(error)}`);
    }
    controller.look(this.standing);
  }

  #announce(decision: RolloutDecision, context: DecisionContext): void {
    this.#waitsFor = undefined;
    if (decision.verb === 'restart') this.#warn(`The rollout to ${decision.upstream} starts over: ${decision.reason}`);
    this.#parts.announce(decision, context);
  }

  #warn(message: string, topic = message): void {
    const { warnings, clock } = this.#parts;
    warnings.once(topic, { code: 'rollout', message, atMs: clock.now() });
  }
}

/** How often a rollback is reported to a process that has not carried it out. */
const REPORT_EVERY_MS = 5_000;
