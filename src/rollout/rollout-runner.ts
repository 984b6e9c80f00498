/** One rollout in force: its controller, its calls, and the store that it is kept in. */

import { randomUUID } from 'node:crypto';
import type { Call } from '../domain/call.ts';
import type { RolloutCause, RolloutDecision } from '../domain/rollout.ts';
import type { Json, Store } from '../domain/store.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import { segmentOf } from '../routing/rollout-split.ts';
import type { Arm } from '../stats/arm.ts';
import type { Clock } from '../time/clock.ts';
import { DecisionApplier, type RolloutEffectsParts } from './apply-decision.ts';
import type { JudgedOutcome } from './arm-numbers.ts';
import { RolloutController, type RolloutOutlet } from './controller.ts';
import { type Kept, RolloutLease, toCommand } from './lease.ts';
import type { RolloutSample, SampleReceiver } from './pending-calls.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { ShareCheck } from './share-check.ts';
import type { RolloutEvent } from './transition.ts';

/** What a rollout works with. */
export interface RolloutRunParts extends RolloutEffectsParts {
  readonly warnings: Warnings;
  readonly store: Store | undefined;
}

export class RolloutRunner implements RolloutOutlet, SampleReceiver {
  readonly policy: RolloutPolicy;
  readonly controller: RolloutController;
  readonly #parts: RolloutRunParts;
  readonly #effects: DecisionApplier;
  readonly #shares = new ShareCheck();
  readonly #keeper: RolloutLease | undefined;
  /** Decisions that wait for the store. */
  #unwritten = 0;
  #hasStarted = false;

  constructor(policy: RolloutPolicy, parts: RolloutRunParts) {
    this.policy = policy;
    this.#parts = parts;
    this.#effects = new DecisionApplier(policy, parts);
    this.controller = new RolloutController(policy, parts.clock, this);
    this.#keeper = parts.store && this.#keepIn(parts.store);
  }

  get leads(): boolean {
    return this.#unwritten === 0 && (this.#keeper?.leads ?? true);
  }

  get knows(): boolean {
    return this.#keeper === undefined || this.#hasStarted;
  }

  /** Without a store the first step begins at once; with one, when it has told where the rollout stands. */
  start(): void {
    if (this.#keeper) this.#keeper.tick();
    else this.#effects.apply(this.controller.state);
  }

  close(): Promise<unknown> {
    return this.#keeper?.close() ?? Promise.resolve();
  }

  /** What a call is to this rollout; `undefined` where it is no evidence. */
  assigned(call: Call, arm: Arm): RolloutSample | undefined {
    if (!this.controller.judges) return undefined;
    const segment = segmentOf(this.#effects.inForce.segments, call.attributes);
    const share = this.#shares.assigned(arm, call.key, segment);
    if (share === undefined) return undefined;
    return { rollout: this, arm, share, run: this.controller.state.run, overdue: false };
  }

  /** @param outcome `undefined` for a call that is no evidence after all */
  ended({ arm, share, run, overdue }: RolloutSample, outcome: JudgedOutcome | undefined): void {
    const { controller } = this;
    if (!controller.judges || run !== controller.state.run) return;
    if (outcome) controller.calls.ended(arm, share, outcome, overdue);
    else controller.calls.wasLost(arm, share);
    if (outcome?.failed && arm === 'canary') controller.look();
  }

  looked(part: RolloutSample, ageMs: number): void {
    const { controller } = this;
    if (part.overdue || !controller.judges || part.run !== controller.state.run) return;
    if (ageMs <= controller.calls.overdueMs) return;
    part.overdue = true;
    controller.calls.overdue(part.arm, part.share);
  }

  recorded({ arm, share, run }: RolloutSample, values: Readonly<Record<string, number>>): void {
    const { controller } = this;
    if (controller.judges && run === controller.state.run) controller.calls.recorded(arm, share, values);
  }

  /** Each second. */
  look(): void {
    const { controller } = this;
    const broken = Math.max(this.#shares.ratioEvidence, controller.calls.lostEvidence) >= 1;
    if (broken && controller.judges && controller.state.phase === 'progressing') this.#pauseForRatio();
    controller.look();
    this.#effects.tellAnalysis(controller);
    this.#keeper?.tick();
  }

  /** The shares of the split have changed: here, or by another rollout, or by hand. */
  splitChanged(): void {
    this.#shares.intend(this.#parts.traffic.sharesOf(this.policy.to), this.#effects.inForce.segments);
  }

  /** @throws RolloutError where the verb makes no sense in this phase */
  ask(event: RolloutEvent, reason: string, by: RolloutCause = 'user'): void {
    this.controller.assertSense(event);
    // Whoever is in charge does it.
    if (this.#keeper && !this.#keeper.leads) this.#keeper.post({ ...event, reason } as Json);
    else this.controller.ask(event, by, reason);
  }

  decided(decision: RolloutDecision): void {
    const weightsBefore = this.#parts.traffic.weights;
    if (!this.#keeper) return this.#enact(decision, weightsBefore);
    if (decision.to.phase === 'rolledBack') this.#effects.stop();
    this.#unwritten += 1;
    this.#keeper.save(this.controller.memory(), (written) => {
      this.#unwritten -= 1;
      if (written) this.#enact(decision, weightsBefore);
    });
  }

  #enact(decision: RolloutDecision, weightsBefore = this.#parts.traffic.weights): void {
    if (decision.verb === 'resume') this.#shares.reset();
    this.#effects.announce(decision, weightsBefore);
  }

  #pauseForRatio(): void {
    const reason = 'the calls of the two sides cannot be compared: their numbers are not what the split makes';
    this.controller.ask({ verb: 'pause', reason, by: 'sampleRatio' }, 'sampleRatio', reason);
  }

  #keepIn(store: Store): RolloutLease {
    const { policy, controller } = this;
    const memory = () => controller.memory();
    const adopt = (kept: Kept | undefined): void => this.#adopt(kept);
    const command = (message: Json): void => executeCommand(controller, message, this.#parts);
    return new RolloutLease({ ...this.#parts, store, policy, holder: randomUUID(), memory, adopt, command });
  }

  /** Goes on from what the store has, and tells what others decided meanwhile. */
  #adopt(kept: Kept | undefined): void {
    const { controller } = this;
    const known = controller.history.at(-1);
    if (kept) controller.restore(kept.memory);
    const latest = controller.history.at(-1);
    const isNews = this.#hasStarted && latest && latest.atMs !== known?.atMs;
    this.#hasStarted = true;
    if (isNews) this.#enact(latest);
    else this.#effects.apply(controller.state);
  }
}

/* PART: Commands that somebody left for a rollout in the store: another process, the command line. */

/** Does what `message` says. One that makes no sense is left undone, with a warning. */
function executeCommand(
  controller: RolloutController,
  command: Json,
  { clock, warnings }: { readonly clock: Clock; readonly warnings: Warnings },
): void {
  try {
    const { event, reason } = toCommand(command, controller.policy.reserve);
    controller.ask(event, 'user', reason);
  } catch (error) {
    const message = `A command for the rollout to ${controller.policy.to} was left undone: ${errorName(error)}`;
    warnings.once(message, { code: 'rollout', message, atMs: clock.now() });
  }
}
