/** Runs the state machine of one rollout: looks at the evidence, decides, and remembers its decisions. */

import type { Clock } from '../time/clock.ts';
import type { RolloutCause, RolloutDecision, RolloutNumbers, RolloutState } from '../domain/rollout.ts';
import { ConfigError, RolloutError } from '../domain/errors.ts';
import type { Arm } from '../stats/arm.ts';
import { termsOf } from './judge.ts';
import { JudgedCalls } from './evidence.ts';
import { freezeAt } from './freeze.ts';
import { advanceReason, rollbackReason, speaksAgainst } from './reasons.ts';
import { rolloutNumbers, stepProgress, reportOf, type RolloutReport, type RolloutView } from './report.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import type { StoredCommand } from './command.ts';
import type { Standing } from './lease.ts';
import type { RolloutMemory } from './stored-rollout.ts';
import { nextHoldback } from './pace.ts';
import { blockersOf } from './waits.ts';
import type { JudgedCopies } from './judged-copies.ts';
import { withNextShare } from './shadow-share.ts';
import { started, transition, type RolloutEvent } from './transition.ts';

/**
 * The longest time between two looks that counts as watched, in ms. After a longer gap the machine slept or the event loop was
 * blocked.
 */
const LONGEST_GAP_MS = 10_000;
/** The history keeps this many decisions. */
const MAX_HISTORY = 100;

export class RolloutController {
  readonly policy: RolloutPolicy;
  readonly #clock: Clock;
  readonly #onDecision: (decision: RolloutDecision) => void;
  readonly #outOfService: (arm: Arm) => string | undefined;
  #state: RolloutState;
  #calls: JudgedCalls;
  #heldMs = 0;
  #lookedAtMs: number;
  #history: RolloutDecision[] = [];

  /**
   * @param onDecision called after each change of state, to apply and announce it
   * @param outOfService what speaks against a side being in service
   */
  constructor(
    policy: RolloutPolicy,
    clock: Clock,
    onDecision: (decision: RolloutDecision) => void,
    outOfService: (arm: Arm) => string | undefined,
  ) {
    this.#outOfService = outOfService;
    this.policy = policy;
    this.#clock = clock;
    this.#onDecision = onDecision;
    this.#lookedAtMs = clock.now();
    this.#state = started(1, this.#lookedAtMs);
    this.#calls = this.#freshCalls();
  }

  /** The state as decided. With a store it may not be in force yet. */
  get state(): RolloutState {
    return this.#state;
  }

  get calls(): JudgedCalls {
    return this.#calls;
  }

  /** What the step in force is judged by: calls that the split assigned, or the copies of a shadow step. */
  get judged(): JudgedCalls | JudgedCopies {
    return this.isShadow ? this.#calls.copies : this.#calls;
  }

  /** Whether a shadow step is in force, or was rolled back. */
  get isShadow(): boolean {
    const state = this.#state;
    return 'step' in state && this.policy.steps[state.step]?.kind === 'shadow';
  }

  /** The latest decisions, oldest first. */
  get history(): readonly RolloutDecision[] {
    return [...this.#history];
  }

  get numbers(): RolloutNumbers {
    return rolloutNumbers(this.#view);
  }

  /** @param waitsForStore why nothing is in force, if the store is the reason */
  report(waitsForStore?: string): RolloutReport {
    return reportOf(this.#view, this.#clock.now(), waitsForStore);
  }

  /** Whether calls count as evidence in this phase. After a sample ratio mismatch the two sides are not comparable. */
  get isJudging(): boolean {
    const state = this.#state;
    return state.phase === 'progressing' || (state.phase === 'paused' && state.by !== 'sampleRatio');
  }

  /**
   * Checks the evidence, and rolls back or promotes if it is time. Called every second and after each failed canary call.
   *
   * @param standing who does not lead never advances; who follows only counts the time
   */
  look(standing: Standing): void {
    const nowMs = this.#clock.now();
    if (this.#state.phase === 'progressing') this.#heldMs += Math.min(nowMs - this.#lookedAtMs, LONGEST_GAP_MS);
    this.#lookedAtMs = nowMs;
    if (standing === 'follows' || !this.isJudging) return;
    const { judged, isShadow } = this;
    this.#calls.look();
    // Segments and tasks may send a canary real calls while its step is one of copies.
    const decisive = speaksAgainst(this.#calls) ? this.#calls : judged;
    if (speaksAgainst(decisive)) {
      const reason = rollbackReason(decisive.analysis.rollback.guardrail, decisive, decisive !== this.#calls);
      this.#move({ verb: 'rollback', reason, by: 'evidence' }, 'evidence', reason);
    } else if (
      standing === 'leads' &&
      this.#state.phase === 'progressing' &&
      blockersOf(stepProgress(this.#view)).length === 0
    ) {
      this.#move({ verb: 'promote' }, 'evidence', advanceReason(judged, isShadow));
    }
  }

  /** Raises or lowers the share of a shadow step with `{ from, to }`. Returns whether it changed. Only the process that leads does so. */
  adjustShadow(): boolean {
    const { copies } = this.#calls;
    const next = withNextShare(this.#state, this.policy.steps, copies, () => this.#outOfService('canary'));
    if (next === this.#state) return false;
    copies.shareChanged();
    this.#state = next;
    return true;
  }

  /** @throws RolloutError if the verb is not possible in this phase; the state does not change then */
  ask(event: RolloutEvent, by: RolloutCause, reason: string): void {
    this.assertPossible(event);
    this.#move(event, by, reason);
  }

  /**
   * Carries out a command from the store, unless it is meant for another run.
   *
   * @throws RolloutError if the verb is not possible in this phase
   */
  carryOut({ event, by, reason, run }: StoredCommand): void {
    if (run === undefined || run === this.#state.run) this.ask(event, by, reason);
  }

  /**
   * @throws RolloutError if the verb is not possible in this phase
   * @throws ConfigError for an earlier weight that is above the one in force
   */
  assertPossible(event: RolloutEvent): void {
    if (!transition(this.#state, event, this.policy.steps.length, 0))
      throw new RolloutError(this.policy.to, event.verb, this.#state.phase);
    if (event.verb !== 'rollback' || event.to === undefined || event.to <= this.#weight) return;
    throw new ConfigError('rollback.to', `should be at most ${this.#weight}, the weight in force, got ${event.to}`);
  }

  /** Everything that the rollout needs to continue after a restart. */
  memory(): RolloutMemory {
    return { state: this.#state, heldMs: this.#heldMs, calls: this.#calls.toJSON(), history: this.history };
  }

  /**
   * Continues from stored memory of this or another process.
   *
   * @param judgesAnew the guardrails have changed since, so their evidence begins again
   */
  restore({ state, heldMs, calls, history }: RolloutMemory, judgesAnew = false): void {
    this.#state = state;
    this.#calls.restore(judgesAnew ? { ...calls, analysis: this.#freshCalls().toJSON().analysis } : calls);
    this.#heldMs = heldMs;
    this.#lookedAtMs = this.#clock.now();
    this.#history = [...history];
  }

  /** Begins at the first step, after the history of another revision or of other steps. */
  restart({ state: from, history }: Pick<RolloutMemory, 'state' | 'history'>, reason: string): void {
    this.#history = [...history];
    this.#state = started(from.run + 1, this.#clock.now());
    this.#calls = this.#freshCalls();
    this.#heldMs = 0;
    this.#decide({ verb: 'restart', by: 'options', reason, from, to: this.#state });
  }

  /** Sends the canary no calls until `retry()`, because what is stored cannot be read. Nothing is decided. */
  hold(reason: string): void {
    this.#state = { phase: 'rolledBack', run: this.#state.run, step: 0, reason, by: 'store', atMs: this.#clock.now() };
  }

  /** Takes back a decision that could not be written. The evidence stays. */
  revert({ from, to, numbers }: RolloutDecision): void {
    if (this.#state !== to) return;
    this.#state = from;
    this.#heldMs = numbers.heldMs;
    this.#history.pop();
  }

  get #view(): RolloutView {
    const { policy, judged } = this;
    const isProgressing = this.#state.phase === 'progressing';
    const outOfService = isProgressing ? this.#outOfService('canary') : undefined;
    const stableOut = isProgressing ? this.#outOfService('stable') : undefined;
    // A policy in a store may come from a release without freeze windows.
    const freeze = isProgressing ? freezeAt(policy.freeze ?? [], this.#clock.now()) : undefined;
    const exposed = this.#calls.run.canary;
    return { policy, state: this.#state, judged, exposed, heldMs: this.#heldMs, outOfService, stableOut, freeze };
  }

  #move(asked: RolloutEvent, by: RolloutCause, reason: string): void {
    const event =
      asked.verb === 'promote'
        ? { ...asked, holdback: nextHoldback(this.policy, this.#state, this.#calls.step, this.#heldMs) }
        : asked;
    const from = this.#state;
    const { numbers } = this;
    const to = transition(from, event, this.policy.steps.length, this.#clock.now());
    if (!to || to === from || ('to' in event && event.to === this.#weight)) return;
    this.#state = to;
    this.#enter(from, to);
    this.#decide({ verb: event.verb, by, reason, from, to }, numbers);
  }

  #decide(change: Pick<RolloutDecision, 'verb' | 'by' | 'reason' | 'from' | 'to'>, numbers = this.numbers): void {
    const decision = { upstream: this.policy.to, atMs: this.#clock.now(), ...change, numbers };
    this.#history.push(decision);
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
    this.#onDecision(decision);
  }

  /** A new run starts without any evidence; a new step keeps the evidence for a rollback and starts its proof again. */
  #enter(from: RolloutState, to: RolloutState): void {
    if (to.run !== from.run) this.#calls = this.#freshCalls();
    else if (!('sinceMs' in to) || ('sinceMs' in from && from.step === to.step && from.sinceMs === to.sinceMs)) return;
    else this.#calls.startStep(termsOf(this.#state, this.policy.steps));
    this.#heldMs = 0;
  }

  #freshCalls(): JudgedCalls {
    return new JudgedCalls(this.policy, termsOf(this.#state, this.policy.steps));
  }

  get #weight(): number {
    return termsOf(this.#state, this.policy.steps).weight;
  }
}
