/** Applies a rollout's decisions to the split and the shadow, and emits their events. */

import type { Clock } from '../time/clock.ts';
import type { RolloutChangeEvent, RolloutDecision, RolloutState, RolloutStep } from '../domain/rollout.ts';
import type { Emitter } from '../events/emitter.ts';
import type { RolloutController } from './controller.ts';
import { DryRunAlerts } from './dry-run.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { NO_TRAFFIC, trafficInForce, type TrafficInForce } from '../routing/traffic-in-force.ts';
import type { Traffic } from '../routing/traffic.ts';

export interface DecisionApplierParts {
  readonly clock: Clock;
  readonly emitter: Emitter;
  readonly traffic: Traffic;
  /** Sets the share of calls that is mirrored to an upstream, 0–1. */
  readonly setShadowShare: (upstream: string, share: number) => void;
}

/** The circumstances of a decision. */
export interface DecisionContext {
  /** The shares of the split before it. @default those in force now */
  readonly weightsBefore?: RolloutChangeEvent['weightsBefore'] | undefined;
  /** The steps that its state belongs to. @default those of this process */
  readonly steps?: readonly RolloutStep[] | undefined;
  /** Whether this process made it. @default true */
  readonly decidedHere?: boolean | undefined;
}

export class DecisionApplier {
  readonly #policy: RolloutPolicy;
  readonly #parts: DecisionApplierParts;
  #inForce: TrafficInForce = NO_TRAFFIC;
  /** Whether calls of segments and tasks are compared, as long as the rollout runs. */
  #compares = false;
  /** The holdback while they are. */
  #holdback = 0;
  readonly #dryRuns: DryRunAlerts;
  /** How many calls had been judged at the last `analysis` event. */
  #announcedCalls = 0;

  constructor(policy: RolloutPolicy, parts: DecisionApplierParts) {
    this.#policy = policy;
    this.#parts = parts;
    this.#dryRuns = new DryRunAlerts(policy.to, parts);
  }

  get inForce(): TrafficInForce {
    return this.#inForce;
  }

  /** The shares of the split, 0–1. */
  get weights(): RolloutChangeEvent['weightsBefore'] {
    return this.#parts.traffic.weights;
  }

  /**
   * Applies a state without an event.
   *
   * @param steps the steps that the state belongs to: those of the process that leads
   */
  apply(state: RolloutState, steps = this.#policy.steps): void {
    const { to, onComplete, reserve, holdback } = this.#policy;
    const { traffic, setShadowShare } = this.#parts;
    const { weight, ...others } = trafficInForce(state, steps);
    this.#holdback = 'sinceMs' in state ? holdback : 0;
    this.#inForce = { ...others, weight: Math.min(weight, reserve), holdback: this.#compares ? this.#holdback : 0 };
    traffic.setRollout(to, this.#inForce);
    if (steps.some(({ kind }) => kind === 'shadow')) setShadowShare(to, this.#inForce.shadow);
    if (onComplete === 'replaceStable') traffic.setStable(state.phase === 'promoted' ? to : undefined);
  }

  /** Keeps a share of the calls that segments and tasks send to the canary on stable, or none. */
  compare(compares: boolean): void {
    if (compares === this.#compares) return;
    this.#compares = compares;
    this.#inForce = { ...this.#inForce, holdback: compares ? this.#holdback : 0 };
    this.#parts.traffic.setRollout(this.#policy.to, this.#inForce);
  }

  /** Takes all traffic from the canary at once, before the decision is written. */
  stop(): void {
    this.#holdback = 0;
    this.#inForce = NO_TRAFFIC;
    this.#parts.traffic.setRollout(this.#policy.to, NO_TRAFFIC);
    if (this.#policy.steps.some(({ kind }) => kind === 'shadow')) this.#parts.setShadowShare(this.#policy.to, 0);
    if (this.#policy.onComplete === 'replaceStable') this.#parts.traffic.setStable(undefined);
  }

  /** Applies the state of a decision and emits its events. */
  announce(decision: RolloutDecision, context: DecisionContext = {}): void {
    const { traffic, emitter } = this.#parts;
    const { weightsBefore = traffic.weights, steps = this.#policy.steps, decidedHere = true } = context;
    const { verb, upstream, reason, by, from, to, numbers, atMs } = decision;
    this.apply(to, steps);
    const step = 'step' in to ? to.step : 'step' in from ? from.step : this.#policy.steps.length - 1;
    const weights = { weightsBefore, weightsAfter: traffic.weights };
    emitter.emit(eventOf(verb, to), {
      upstream,
      reason,
      by,
      step,
      ...numbers,
      ...weights,
      decidedHere,
      atMs,
    });
    if (!decidedHere) return;
    if (by === 'sampleRatio') this.#alert('firing', numbers.canary.calls, atMs);
    if (from.phase === 'paused' && from.by === 'sampleRatio') this.#alert('resolved', numbers.canary.calls, atMs);
  }

  /** Emits `analysis` if more calls have been judged since the last one. */
  announceAnalysis({ judged: calls, state, numbers }: RolloutController): void {
    const { emitter, clock } = this.#parts;
    const judged = calls.run.canary.calls + calls.run.stable.calls;
    if (judged === this.#announcedCalls || !('step' in state) || !emitter.wants('analysis')) return;
    this.#announcedCalls = judged;
    const { phase, step } = state;
    const { verdict } = calls.analysis;
    emitter.emit('analysis', { upstream: this.#policy.to, phase, step, verdict, ...numbers, atMs: clock.now() });
  }

  /** Emits an alert for each guardrail in dry run that would roll back. Called every second by the process that leads. */
  announceDryRuns(controller: RolloutController): void {
    this.#dryRuns.look(controller);
  }

  #alert(state: 'firing' | 'resolved', calls: number, atMs: number): void {
    const { to } = this.#policy;
    const base = { name: `sampleRatio:${to}`, metric: 'sampleRatio', upstream: to, state, atMs } as const;
    this.#parts.emitter.emit('alert', { ...base, value: null, bound: undefined, calls, severity: 'critical' });
  }
}

/** A rollback to an earlier weight goes on with a step; one that ends the rollout is a rollback. */
function eventOf(verb: RolloutDecision['verb'], { phase }: RolloutState): RolloutChangeEventName {
  if (verb === 'promote') return EVENT_OF[phase];
  return verb === 'rollback' && phase !== 'rolledBack' ? 'step' : EVENT_OF[verb];
}

type RolloutChangeEventName = (typeof EVENT_OF)[keyof typeof EVENT_OF];

/** A weight set by hand and a retry count as steps. */
const EVENT_OF = {
  progressing: 'step',
  setWeight: 'step',
  retry: 'step',
  restart: 'restart',
  paused: 'pause',
  pause: 'pause',
  resume: 'resume',
  promoted: 'promote',
  rolledBack: 'rollback',
  rollback: 'rollback',
  undo: 'rollback',
} as const;
