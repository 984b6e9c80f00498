/** What the copies of a shadow step say about a canary: each with the call that it copies, as a pair. */

import type { CopyDrop } from '../domain/shadow.ts';
import type { Arm } from '../stats/arm.ts';
import type { PairValues } from '../stats/pair-analysis.ts';
import {
  addCall,
  addQuality,
  addUnjudged,
  type ArmSums,
  copyArms,
  emptyArms,
  type JudgedOutcome,
  type PerArm,
  valuesOf,
} from './arm-numbers.ts';
import {
  type CopyJudge,
  type CopyJudgeState,
  createCopyJudge,
  guardrailsOfCopies,
  restoreCopyJudge,
} from './copy-judge.ts';
import type { StepTerms } from './judge.ts';
import { CanaryAnswers, type CanaryAnswersState } from './canary-answers.ts';
import { MISSING_AFTER } from './metric-shares.ts';
import { HangingCopies } from './running-time.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';

/** One statement about a copy, as a process counts it and as it is sent to the one that leads. */
export type CopyStatement =
  | readonly ['begun']
  | readonly ['pair', copy: JudgedOutcome, real: JudgedOutcome]
  /** How much its answer agrees with the real one, 0–1. */
  | readonly ['agreed', agreement: number]
  | readonly ['untold']
  /** One hangs. */
  | readonly ['overdue']
  /** The user's bounds held it back. */
  | readonly ['dropped', reason: CopyDrop];

/** Plain data, for a store. */
export interface JudgedCopiesState {
  readonly analysis: CopyJudgeState;
  readonly step: PerArm<ArmSums>;
  readonly run: PerArm<ArmSums>;
  readonly recent: PerArm<ArmSums>;
  readonly answers: CanaryAnswersState;
  readonly values: Readonly<Record<string, readonly [stable: number, canary: number]>>;
  readonly sinceChange: number;
  readonly slowestMs: number;
  readonly dropped: Readonly<Partial<Record<CopyDrop, number>>>;
  readonly lastDrop: CopyDrop | undefined;
}

/** Below this evidence for a rollback nothing speaks against the canary, 0–1. */
const NO_SUSPICION = 0.02;

export class JudgedCopies {
  readonly #policy: RolloutPolicy;
  readonly #metrics: readonly string[];
  #analysis: CopyJudge;
  #step = emptyArms();
  #run = emptyArms();
  #recent = emptyArms();
  readonly #answers = new CanaryAnswers();
  /** How many pairs had a value of each metric. */
  #values: Record<string, [stable: number, canary: number]> = {};
  #sinceChange = 0;
  readonly hanging = new HangingCopies();
  #dropped: Partial<Record<CopyDrop, number>> = {};
  #lastDrop: CopyDrop | undefined;

  constructor(policy: RolloutPolicy, terms: StepTerms) {
    this.#policy = policy;
    this.#metrics = Object.keys(guardrailsOfCopies(policy));
    this.#analysis = createCopyJudge(policy, terms);
  }

  get analysis(): Pick<CopyJudge, 'verdict' | 'rollback' | 'guardrails'> {
    return this.#analysis;
  }

  /** Sums of the step in force: of the copies (`canary`) and of the calls that they copy. */
  get step(): Readonly<PerArm<ArmSums>> {
    return this.#step;
  }

  /** Sums since the rollout started, or since the last `retry()`. */
  get run(): Readonly<PerArm<ArmSums>> {
    return this.#run;
  }

  /** Sums since the evidence for a rollback began to grow. */
  get recent(): Readonly<PerArm<ArmSums>> {
    return this.#recent;
  }

  /** The p95 latency of the copies in the step, in ms; `Infinity` if more than 5 % failed, `null` without any. */
  get latencyP95(): number | null {
    return this.#answers.p95;
  }

  /** Times of the latest good copies, oldest first; at most 20. */
  get answeredAtMs(): readonly number[] {
    return this.#answers.atMs;
  }

  /** Judged copies since the share of copied calls changed. */
  get sinceChange(): number {
    return this.#sinceChange;
  }

  /** How many copies of the step were not sent, by reason. */
  get dropped(): Readonly<Partial<Record<CopyDrop, number>>> {
    return this.#dropped;
  }

  /** Why the latest copy was not sent; `undefined` if it was. */
  get lastDrop(): CopyDrop | undefined {
    return this.#lastDrop;
  }

  /** The sides without any value of a metric, although they have samples. */
  missing(metric: string): readonly Arm[] {
    const [stable = 0, canary = 0] = this.#values[metric] ?? [];
    if (this.#run.canary.calls < MISSING_AFTER) return [];
    return [...(stable === 0 ? (['stable'] as const) : []), ...(canary === 0 ? (['canary'] as const) : [])];
  }

  count(statement: CopyStatement, atMs: number): void {
    const sums = [this.#step, this.#run, this.#recent];
    switch (statement[0]) {
      case 'begun':
        for (const { canary, stable } of sums) {
          canary.assigned += 1;
          stable.assigned += 1;
        }
        return;
      case 'pair':
        return this.#pair(statement[1], statement[2], atMs);
      case 'agreed':
        return this.#agreed(statement[1]);
      case 'untold':
        return this.#unjudged(false);
      case 'overdue':
        return this.hanging.told(atMs);
      case 'dropped':
        this.#dropped[statement[1]] = (this.#dropped[statement[1]] ?? 0) + 1;
        this.#lastDrop = statement[1];
        return this.#unjudged(true);
      default:
        return statement satisfies never;
    }
  }

  /** Forgets the samples that a rollback would name, as long as nothing speaks against the canary. */
  look(): void {
    if (this.#analysis.rollback.evidence < NO_SUSPICION) this.#recent = emptyArms();
  }

  shareChanged(): void {
    this.#sinceChange = 0;
  }

  startStep(terms: StepTerms): void {
    this.#step = emptyArms();
    this.#answers.startStep();
    this.#dropped = {};
    this.#lastDrop = undefined;
    this.#sinceChange = 0;
    this.#analysis.startStep(terms);
  }

  toJSON(): JudgedCopiesState {
    return {
      analysis: this.#analysis.toJSON(),
      step: copyArms(this.#step),
      run: copyArms(this.#run),
      recent: copyArms(this.#recent),
      answers: this.#answers.toJSON(),
      values: structuredClone(this.#values),
      sinceChange: this.#sinceChange,
      slowestMs: this.hanging.slowestMs,
      dropped: { ...this.#dropped },
      lastDrop: this.#lastDrop,
    };
  }

  /** Continues from a state. Its evidence begins again if it was gathered under other guardrails. */
  restore(state: JudgedCopiesState): void {
    this.#analysis = restoreCopyJudge(state.analysis, this.#policy);
    this.#step = copyArms(state.step);
    this.#run = copyArms(state.run);
    this.#recent = copyArms(state.recent);
    this.#answers.restore(state.answers);
    this.#values = Object.fromEntries(
      Object.entries(state.values).map(([metric, [stable, canary]]) => [metric, [stable, canary]]),
    );
    this.#sinceChange = state.sinceChange;
    this.hanging.slowestMs = state.slowestMs;
    this.#dropped = { ...state.dropped };
    this.#lastDrop = state.lastDrop ?? undefined;
  }

  #pair(copy: JudgedOutcome, real: JudgedOutcome, atMs: number): void {
    for (const { stable, canary } of [this.#step, this.#run, this.#recent]) {
      addCall(canary, copy);
      addCall(stable, real);
    }
    this.#answers.add(copy, atMs);
    this.hanging.answered(copy, real);
    this.#sinceChange += 1;
    this.#lastDrop = undefined;
    this.#observe(valuesOf(copy), valuesOf(real));
  }

  /** A score is relative to the real answer, whose own score is 1. */
  #agreed(agreement: number): void {
    for (const { canary } of [this.#step, this.#run, this.#recent]) addQuality(canary, agreement);
    if (this.#policy.scoresCopies) this.#observe({ quality: agreement }, { quality: 1 });
  }

  #observe(copy: PairValues, real: PairValues): void {
    for (const metric of this.#metrics) {
      const seen = (this.#values[metric] ??= [0, 0]);
      if (real[metric] !== undefined) seen[0] += 1;
      if (copy[metric] !== undefined) seen[1] += 1;
    }
    this.#analysis.observe(copy, real);
  }

  #unjudged(isHeldBack: boolean): void {
    for (const { stable, canary } of [this.#step, this.#run, this.#recent]) {
      addUnjudged(canary, isHeldBack);
      addUnjudged(stable, isHeldBack);
    }
  }
}
