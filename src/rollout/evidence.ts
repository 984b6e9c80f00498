/** The judged calls of a rollout: the evidence they give, and their sums for reports and for the requirements of a step. */

import { DeferredBatch } from '../domain/in-flight.ts';
import type { Arm } from '../stats/arm.ts';
import { createGuardrail, type Guardrail, type GuardrailState, restoreGuardrail } from '../stats/guardrail.ts';
import {
  addCall,
  addQuality,
  type ArmSums,
  emptySums,
  type JudgedOutcome,
  NO_LATENCY,
  OVERDUE,
  OverdueThreshold,
  valuesOf,
} from './arm-numbers.ts';
import { createJudge, type Judge, type JudgeState, restoreJudge, type StepTerms } from './judge.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';

type PerArm<T> = Record<Arm, T>;

/** Plain data, for a store. */
export interface JudgedCallsState {
  readonly analysis: JudgeState;
  readonly lost: GuardrailState;
  readonly step: PerArm<ArmSums>;
  readonly run: PerArm<ArmSums>;
}

/** A call that has ended and is not counted yet. */
interface EndedCall {
  readonly arm: Arm;
  readonly share: number;
  readonly outcome: JudgedOutcome;
  readonly wasOverdue: boolean;
}

/** How much larger the canary's share of lost calls may be than stable's. A lost call ends without an outcome: the caller's own fault, or aborted. */
const LOST_MARGIN = 0.02;
/** The odds of the sample-ratio check: one false pause in a thousand runs. A pause only asks people to look. */
const LOST_ALPHA = 0.001;

/**
 * Ended calls are counted in batches, which is cheaper. Each member counts the open batch before it reads or changes anything, so no
 * number lacks a call. Calls are counted in the order in which they ended, because the test bets on each call by what it knew before.
 */
export class JudgedCalls {
  readonly #policy: RolloutPolicy;
  readonly #overdueThreshold: OverdueThreshold;
  readonly #ended = new DeferredBatch<EndedCall>((call) => this.#count(call));
  #analysis: Judge;
  /** Tests whether the canary loses more calls than stable. If so, the remaining calls prove nothing. */
  #lost: Guardrail;
  #step: PerArm<ArmSums>;
  #run: PerArm<ArmSums>;

  constructor(policy: RolloutPolicy, terms: StepTerms) {
    this.#policy = policy;
    this.#overdueThreshold = new OverdueThreshold(policy.guardrails);
    this.#analysis = createJudge(policy, terms);
    this.#lost = createLostGuardrail();
    this.#step = emptyArms();
    this.#run = emptyArms();
  }

  get analysis(): Judge {
    this.#ended.flush();
    return this.#analysis;
  }

  /** Sums of the step in force. */
  get step(): Readonly<PerArm<ArmSums>> {
    this.#ended.flush();
    return this.#step;
  }

  /** Sums since the rollout started, or since the last `retry()`. */
  get run(): Readonly<PerArm<ArmSums>> {
    this.#ended.flush();
    return this.#run;
  }

  /** 0–1. At 1 the two arms lose calls at such different rates that they cannot be compared. */
  get lostEvidence(): number {
    this.#ended.flush();
    return Math.min(1, Math.max(0, Math.log(this.#lost.evidence) / -Math.log(LOST_ALPHA)));
  }

  /** A call that has run for longer than this, in ms, counts as one of the slowest, however it ends. */
  get overdueMs(): number {
    this.#ended.flush();
    return this.#overdueThreshold.overdueMs;
  }

  /** @param wasOverdue the latency of the call is counted already */
  ended(arm: Arm, share: number, outcome: JudgedOutcome, wasOverdue = false): void {
    this.#ended.add({ arm, share, outcome, wasOverdue });
  }

  /** Counts the latency of a call that still runs. */
  overdue(arm: Arm, share: number): void {
    this.#ended.flush();
    this.#analysis.observe({ arm, share, values: OVERDUE });
  }

  /** Counts a call that ended without an outcome. */
  lost(arm: Arm, share: number): void {
    this.#ended.flush();
    this.#lost.observe({ arm, value: 1, share });
  }

  /** Counts what the application found out about a call later: its quality, or a custom metric. */
  recorded(arm: Arm, share: number, values: Readonly<Record<string, number>>): void {
    this.#ended.flush();
    const { quality } = values;
    if (quality !== undefined) {
      addQuality(this.#step[arm], quality);
      addQuality(this.#run[arm], quality);
    }
    this.#analysis.observe({ arm, share, values });
  }

  /** Restarts the test of lost calls, once a person has resumed the rollout. */
  resetLost(): void {
    this.#ended.flush();
    this.#lost = createLostGuardrail();
  }

  startStep(terms: StepTerms): void {
    this.#ended.flush();
    this.#step = emptyArms();
    this.#analysis.startStep(terms);
  }

  toJSON(): JudgedCallsState {
    this.#ended.flush();
    return {
      analysis: this.#analysis.toJSON(),
      lost: this.#lost.toJSON(),
      step: copyArms(this.#step),
      run: copyArms(this.#run),
    };
  }

  restore({ analysis, lost, step, run }: JudgedCallsState): void {
    this.#ended.flush();
    this.#analysis = restoreJudge(analysis, this.#policy);
    this.#lost = restoreGuardrail(lost);
    this.#step = copyArms(step);
    this.#run = copyArms(run);
  }

  #count({ arm, share, outcome, wasOverdue }: EndedCall): void {
    addCall(this.#step[arm], outcome);
    addCall(this.#run[arm], outcome);
    this.#lost.observe({ arm, value: 0, share });
    const values = valuesOf(outcome);
    this.#analysis.observe({ arm, share, values: wasOverdue ? { ...values, ...NO_LATENCY } : values });
    if (arm === 'stable' && !outcome.failed) this.#overdueThreshold.answered(outcome.latencyMs);
  }
}

const createLostGuardrail = (): Guardrail =>
  createGuardrail({ metric: 'errorRate', margin: LOST_MARGIN, alpha: LOST_ALPHA, direction: 'worse' });

const emptyArms = (): PerArm<ArmSums> => ({ stable: emptySums(), canary: emptySums() });
const copyArms = ({ stable, canary }: Readonly<PerArm<ArmSums>>): PerArm<ArmSums> => ({
  stable: { ...stable },
  canary: { ...canary },
});
