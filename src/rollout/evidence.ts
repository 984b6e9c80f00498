/** The calls that a rollout is judged by. They are counted some at a time, before anybody asks what they prove. */

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

/** Plain data, for a store. */
export type JudgedCallsState = CountedCallsState;

/** A call that has ended. */
interface Ended {
  readonly arm: Arm;
  readonly share: number;
  readonly outcome: JudgedOutcome;
  readonly wasOverdue: boolean;
}

/** Nobody sees a number that lacks a call: all that have ended are counted first, in their order, for each is bet on by what was known before it. */
export class JudgedCalls {
  readonly #counted: CountedCalls;
  readonly #ended = new DeferredBatch<Ended>(({ arm, share, outcome, wasOverdue }) =>
    this.#counted.ended(arm, share, outcome, wasOverdue),
  );

  constructor(policy: RolloutPolicy, terms: StepTerms) {
    this.#counted = new CountedCalls(policy, terms);
  }

  get analysis(): Judge {
    return this.#upToDate.analysis;
  }

  /** Of the step in force. */
  get step(): Readonly<Record<Arm, ArmSums>> {
    return this.#upToDate.step;
  }

  /** Since the rollout began, or began anew. */
  get run(): Readonly<Record<Arm, ArmSums>> {
    return this.#upToDate.run;
  }

  /** 0–1; at 1 the two arms lose calls so differently that they cannot be compared. */
  get lostEvidence(): number {
    return this.#upToDate.lostEvidence;
  }

  /** A call that has run for longer than this, in ms, is among the slowest already, however it ends. */
  get overdueMs(): number {
    return this.#upToDate.overdueMs;
  }

  /** @param wasOverdue its latency is counted already */
  ended(arm: Arm, share: number, outcome: JudgedOutcome, wasOverdue = false): void {
    this.#ended.add({ arm, share, outcome, wasOverdue });
  }

  overdue(arm: Arm, share: number): void {
    this.#upToDate.overdue(arm, share);
  }

  /** A call that is no evidence. */
  wasLost(arm: Arm, share: number): void {
    this.#upToDate.wasLost(arm, share);
  }

  /** What the application found out about a call later: a quality, a metric of its own. */
  recorded(arm: Arm, share: number, values: Readonly<Record<string, number>>): void {
    this.#upToDate.recorded(arm, share, values);
  }

  /** Begins to count lost calls anew: somebody has looked why. */
  forgetLost(): void {
    this.#upToDate.forgetLost();
  }

  startStep(terms: StepTerms): void {
    this.#upToDate.startStep(terms);
  }

  toJSON(): JudgedCallsState {
    return this.#upToDate.toJSON();
  }

  restore(state: JudgedCallsState): void {
    this.#upToDate.restore(state);
  }

  get #upToDate(): CountedCalls {
    this.#ended.flush();
    return this.#counted;
  }
}

/** The calls that a rollout was judged by: what they were like, and what they prove. */
type Both<T> = Record<Arm, T>;

/** Plain data, for a store. */
export interface CountedCallsState {
  readonly analysis: JudgeState;
  readonly lost: GuardrailState;
  readonly step: Both<ArmSums>;
  readonly run: Both<ArmSums>;
}

/** Calls of the canary that end as no evidence (the caller's own fault, aborted) may be this share more than stable's. */
const LOST_MARGIN = 0.02;
/** The same odds as the sample-ratio check: it stops a rollout for people to look, once in a thousand runs for nothing. */
const LOST_ALPHA = 0.001;

class CountedCalls {
  readonly #policy: RolloutPolicy;
  #analysis: Judge;
  /** Whether more of the canary's calls than of stable's end as no evidence: what is left then proves nothing. */
  #lost: Guardrail;
  #step: Both<ArmSums>;
  #run: Both<ArmSums>;

  readonly #patience: OverdueThreshold;

  constructor(policy: RolloutPolicy, terms: StepTerms) {
    this.#policy = policy;
    this.#patience = new OverdueThreshold(policy.guardrails);
    this.#analysis = createJudge(policy, terms);
    this.#lost = createLost();
    this.#step = emptyBoth();
    this.#run = emptyBoth();
  }

  get analysis(): Judge {
    return this.#analysis;
  }

  /** Of the step in force. */
  get step(): Readonly<Both<ArmSums>> {
    return this.#step;
  }

  /** Since the rollout began, or began anew. */
  get run(): Readonly<Both<ArmSums>> {
    return this.#run;
  }

  /** 0–1; at 1 the two arms lose calls so differently that they cannot be compared. */
  get lostEvidence(): number {
    return Math.min(1, Math.max(0, Math.log(this.#lost.evidence) / -Math.log(LOST_ALPHA)));
  }

  /** @param wasOverdue its latency is counted already */
  ended(arm: Arm, share: number, outcome: JudgedOutcome, wasOverdue = false): void {
    addCall(this.#step[arm], outcome);
    addCall(this.#run[arm], outcome);
    this.#lost.observe({ arm, value: 0, share });
    const values = valuesOf(outcome);
    this.#analysis.observe({ arm, share, values: wasOverdue ? { ...values, ...NO_LATENCY } : values });
    if (arm === 'stable' && !outcome.failed) this.#patience.answered(outcome.latencyMs);
  }

  /** A call that has run for longer than this, in ms, is among the slowest already, however it ends. */
  get overdueMs(): number {
    return this.#patience.overdueMs;
  }

  overdue(arm: Arm, share: number): void {
    this.#analysis.observe({ arm, share, values: OVERDUE });
  }

  /** A call that is no evidence. */
  wasLost(arm: Arm, share: number): void {
    this.#lost.observe({ arm, value: 1, share });
  }

  /** What the application found out about a call later: a quality, a metric of its own. */
  recorded(arm: Arm, share: number, values: Readonly<Record<string, number>>): void {
    const { quality } = values;
    if (quality !== undefined) {
      addQuality(this.#step[arm], quality);
      addQuality(this.#run[arm], quality);
    }
    this.#analysis.observe({ arm, share, values });
  }

  /** Begins to count lost calls anew: somebody has looked why. */
  forgetLost(): void {
    this.#lost = createLost();
  }

  startStep(terms: StepTerms): void {
    this.#step = emptyBoth();
    this.#analysis.startStep(terms);
  }

  toJSON(): CountedCallsState {
    return {
      analysis: this.#analysis.toJSON(),
      lost: this.#lost.toJSON(),
      step: structuredCopy(this.#step),
      run: structuredCopy(this.#run),
    };
  }

  restore({ analysis, lost, step, run }: CountedCallsState): void {
    this.#analysis = restoreJudge(analysis, this.#policy);
    this.#lost = restoreGuardrail(lost);
    this.#step = structuredCopy(step);
    this.#run = structuredCopy(run);
  }
}

const createLost = (): Guardrail =>
  createGuardrail({ metric: 'errorRate', margin: LOST_MARGIN, alpha: LOST_ALPHA, direction: 'worse' });

const emptyBoth = (): Both<ArmSums> => ({ stable: emptySums(), canary: emptySums() });
const structuredCopy = ({ stable, canary }: Readonly<Both<ArmSums>>): Both<ArmSums> => ({
  stable: { ...stable },
  canary: { ...canary },
});
