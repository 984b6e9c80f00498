/** Ticks the state machine of one rollout by the clock and by its calls. */

import type { Clock } from '../time/clock.ts';
import type { RolloutCause, RolloutDecision, RolloutNumbers, RolloutState } from '../domain/rollout.ts';
import { RolloutError } from '../domain/errors.ts';
import type { StepTerms } from './judge.ts';
import { JudgedCalls } from './evidence.ts';
import { rolloutNumbers, stepProgress, reportOf, type RolloutReport, type RolloutView, blockersOf } from './report.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import type { Kept, RolloutMemory } from './lease.ts';
import { trafficInForce } from '../routing/traffic-in-force.ts';
import { started, transition, type RolloutEvent } from './transition.ts';

/** Where decisions go. */
export interface RolloutOutlet {
  /** Puts a decision into force and tells of it; where there is a store, when it is written. */
  decided(decision: RolloutDecision): void;
  /** The rollout is in charge of itself, and not another process. */
  readonly leads: boolean;
  /** Where the rollout stands is known: the store, if there is one, has answered. */
  readonly knows: boolean;
}

/** More time than this between two looks was not watched, in ms: the machine slept, or the event loop was blocked. */
const LONGEST_GAP_MS = 10_000;
/** Decisions that are remembered. */
const MAX_HISTORY = 100;

export class RolloutController {
  readonly policy: RolloutPolicy;
  readonly #clock: Clock;
  readonly #outlet: RolloutOutlet;
  #state: RolloutState;
  #calls: JudgedCalls;
  #heldMs = 0;
  #lookedAtMs: number;
  #history: RolloutDecision[] = [];

  constructor(policy: RolloutPolicy, clock: Clock, outlet: RolloutOutlet) {
    this.policy = policy;
    this.#clock = clock;
    this.#outlet = outlet;
    this.#lookedAtMs = clock.now();
    this.#state = started(1, this.#lookedAtMs);
    this.#calls = this.#freshCalls();
  }

  /** As decided; with a store it may not be in force yet. */
  get state(): RolloutState {
    return this.#state;
  }

  get calls(): JudgedCalls {
    return this.#calls;
  }

  /** The latest decisions, oldest first. */
  get history(): readonly RolloutDecision[] {
    return [...this.#history];
  }

  get numbers(): RolloutNumbers {
    return rolloutNumbers(this.#standing);
  }

  get report(): RolloutReport {
    return reportOf(this.#standing, this.#clock.now(), !this.#outlet.knows);
  }

  /** Whether calls are evidence now; where the two sides cannot be compared they are none. */
  get judges(): boolean {
    const state = this.#state;
    const isUnderWay = state.phase === 'progressing' || (state.phase === 'paused' && state.by !== 'sampleRatio');
    return this.#outlet.leads && isUnderWay;
  }

  /** Looks at the evidence and moves, if it is time. Each second, and when a call of the canary has failed. */
  look(): void {
    const nowMs = this.#clock.now();
    if (this.#state.phase === 'progressing') this.#heldMs += Math.min(nowMs - this.#lookedAtMs, LONGEST_GAP_MS);
    this.#lookedAtMs = nowMs;
    if (!this.judges) return;
    const { analysis, run } = this.#calls;
    const { rollback } = analysis;
    // A canary that never gets a call is a broken split, and no bad canary.
    if (rollback.evidence >= 1 && run.canary.calls > 0) {
      const reason = `${rollback.guardrail}: worse than it may be, beyond chance`;
      this.#move({ verb: 'rollback', reason, by: 'evidence' }, 'evidence', reason);
    } else if (this.#state.phase === 'progressing' && blockersOf(stepProgress(this.#standing)).length === 0) {
      this.#move({ verb: 'promote' }, 'evidence', 'time, calls, requirements and evidence are there');
    }
  }

  /** @throws RolloutError where the verb makes no sense in this phase; nothing is changed then */
  ask(event: RolloutEvent, by: RolloutCause, reason: string): void {
    this.assertSense(event);
    this.#move(event, by, reason);
  }

  /** @throws RolloutError */
  assertSense(event: RolloutEvent): void {
    if (transition(this.#state, event, this.policy.steps.length, 0)) return;
    throw new RolloutError(this.policy.to, event.verb, this.#state.phase);
  }

  /** What it goes on with after a restart. */
  memory(): RolloutMemory {
    return { state: this.#state, heldMs: this.#heldMs, calls: this.#calls.toJSON(), history: this.history };
  }

  /** Goes on from what was kept, here or in another process. */
  restore({ state, heldMs = 0, calls, history }: Kept['memory']): void {
    this.#state = state;
    if (calls) this.#calls.restore(calls);
    else this.#calls = this.#freshCalls();
    this.#heldMs = heldMs;
    this.#lookedAtMs = this.#clock.now();
    this.#history = [...history];
  }

  get #standing(): RolloutView {
    return { policy: this.policy, state: this.#state, calls: this.#calls, heldMs: this.#heldMs };
  }

  #move(event: RolloutEvent, by: RolloutCause, reason: string): void {
    const { to: upstream, steps } = this.policy;
    const from = this.#state;
    const atMs = this.#clock.now();
    const to = transition(from, event, steps.length, atMs);
    if (!to || to === from) return;
    const decision = { upstream, atMs, verb: event.verb, by, reason, from, to, numbers: this.numbers };
    this.#state = to;
    this.#history.push(decision);
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
    if (event.verb === 'resume') this.#calls.forgetLost();
    this.#enter(from, to);
    this.#outlet.decided(decision);
  }

  /** A new run begins without evidence, a new step without proof. */
  #enter(from: RolloutState, to: RolloutState): void {
    if (to.run !== from.run) this.#calls = this.#freshCalls();
    else if (to.phase !== 'progressing' || !('step' in from) || to.step === from.step) return;
    else this.#calls.startStep(this.#terms);
    this.#heldMs = 0;
  }

  #freshCalls(): JudgedCalls {
    return new JudgedCalls(this.policy, this.#terms);
  }

  get #terms(): StepTerms {
    const { steps } = this.policy;
    const step = 'step' in this.#state ? steps[this.#state.step] : undefined;
    return { weight: trafficInForce(this.#state, steps).weight, minCalls: step?.minCalls ?? 0 };
  }
}
