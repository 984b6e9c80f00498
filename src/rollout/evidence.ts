/** The calls that a rollout is judged by. They are counted some at a time, before anybody asks what they prove. */

import { Backlog } from '../domain/backlog.ts';
import type { Arm } from '../stats/arm.ts';
import type { ArmSums } from './arm-numbers.ts';
import type { JudgedOutcome } from './call-values.ts';
import { CountedCalls, type CountedCallsState } from './counted-calls.ts';
import type { Judge, StepTerms } from './judge.ts';
import type { RolloutPolicy } from './rollout-policy.ts';

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
  readonly #ended = new Backlog<Ended>(({ arm, share, outcome, wasOverdue }) =>
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
