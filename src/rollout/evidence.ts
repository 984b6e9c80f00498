/** The samples of a rollout: the evidence they give, and their sums for reports and for the requirements of a step. */

import { DeferredBatch } from '../domain/in-flight.ts';
import type { Arm } from '../stats/arm.ts';
import {
  addCall,
  addQuality,
  addUnjudged,
  type ArmSums,
  copyArms,
  emptyArms,
  type JudgedOutcome,
  NO_LATENCY,
  OVERDUE,
  type PerArm,
  Silence,
  valuesOf,
} from './arm-numbers.ts';
import { OverdueThreshold } from './running-time.ts';
import { MetricShares, type MetricSharesState } from './metric-shares.ts';
import { JudgedCopies, type JudgedCopiesState } from './judged-copies.ts';
import { createJudge, type Judge, type JudgeState, restoreJudge, type StepTerms } from './judge.ts';
import { CanaryAnswers, type CanaryAnswersState } from './canary-answers.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';

/** Plain data, for a store. */
export interface JudgedCallsState {
  readonly analysis: JudgeState;
  readonly step: PerArm<ArmSums>;
  readonly run: PerArm<ArmSums>;
  /** The samples since the evidence for a rollback began to grow. */
  readonly recent?: PerArm<ArmSums> | undefined;
  readonly shares?: MetricSharesState | undefined;
  /** Calls that segments and tasks have sent to the canary without a choice. */
  readonly routed?: number | undefined;
  readonly answers?: CanaryAnswersState | undefined;
  /** Only for rollouts with a shadow step. */
  readonly copies?: JudgedCopiesState | undefined;
}

/** A sample that has ended and is not counted yet. */
interface EndedSample {
  readonly arm: Arm;
  readonly share: number;
  readonly outcome: JudgedOutcome;
  /** Its latency is counted already. */
  readonly wasOverdue: boolean;
  readonly atMs: number;
}

/** Below this evidence for a rollback nothing speaks against the canary, 0–1. */
const NO_SUSPICION = 0.02;

/**
 * Ended samples are counted in batches, which is cheaper. Each member counts the open batch before it reads or changes anything, so no
 * number lacks a sample. They are counted in the order in which they ended, because the test bets on each by what it knew before.
 */
export class JudgedCalls {
  readonly #policy: RolloutPolicy;
  readonly #overdueThreshold: OverdueThreshold;
  readonly #ended = new DeferredBatch<EndedSample>((sample) => this.#count(sample));
  readonly #metrics: readonly string[];
  #shares: MetricShares;
  /** The share of each metric of the sample that is being judged. */
  readonly #own: number[] = [];
  readonly #silences: PerArm<Silence> = { stable: new Silence(), canary: new Silence() };
  #analysis: Judge;
  #step = emptyArms();
  #run = emptyArms();
  #recent = emptyArms();
  /** The number of calls that segments and tasks have sent to the canary without a choice. They are no samples. */
  routed = 0;
  readonly #answers = new CanaryAnswers();
  /** The copies of shadow steps. */
  readonly copies: JudgedCopies;

  constructor(policy: RolloutPolicy, terms: StepTerms) {
    this.#policy = policy;
    this.#metrics = Object.keys(policy.guardrails);
    this.#overdueThreshold = new OverdueThreshold(policy.guardrails);
    this.#analysis = createJudge(policy, terms);
    this.#shares = new MetricShares(this.#metrics);
    this.copies = new JudgedCopies(policy, terms);
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

  /** Sums since the evidence for a rollback began to grow: the samples that a rollback rests on. */
  get recent(): Readonly<PerArm<ArmSums>> {
    this.#ended.flush();
    return this.#recent;
  }

  /** The p95 latency of the canary in the step, in ms; `Infinity` if more than 5 % failed, `null` without calls. */
  get latencyP95(): number | null {
    this.#ended.flush();
    return this.#answers.p95;
  }

  /** Times of the canary's latest answers, oldest first; at most 20. */
  get answeredAtMs(): readonly number[] {
    this.#ended.flush();
    return this.#answers.atMs;
  }

  /** The sides without any value of a metric, although they have samples. */
  missing(metric: string): readonly Arm[] {
    this.#ended.flush();
    return this.#shares.missing(metric);
  }

  /** A call that has run for longer than this, in ms, counts as one of the slowest, however it ends. */
  get overdueMs(): number {
    return this.#overdueThreshold.overdueMs;
  }

  /** Longer than any answer of stable, in ms. */
  get slowMs(): number {
    return this.#overdueThreshold.slowMs;
  }

  /** A call that has run for longer than this, in ms, is counted as bad: it is not going to be answered. */
  get hangingMs(): number {
    return this.#overdueThreshold.hangingMs;
  }

  /** An answer of a side, as soon as it ends: what is slow is known before the answer is judged. */
  answered(arm: Arm, latencyMs: number): void {
    this.#overdueThreshold.answered(arm, latencyMs);
  }

  assigned(arm: Arm): void {
    this.#step[arm].assigned += 1;
    this.#run[arm].assigned += 1;
  }

  ended(sample: EndedSample): void {
    this.#ended.add(sample);
  }

  /** Counts a sample that tells nothing. */
  unjudged(arm: Arm, isHeldBack: boolean): void {
    this.#ended.flush();
    this.#shares.ended(arm);
    for (const sums of [this.#step[arm], this.#run[arm], this.#recent[arm]]) addUnjudged(sums, isHeldBack);
  }

  /** Counts the latency of a call that still runs. */
  overdue(arm: Arm, share: number): void {
    this.#ended.flush();
    this.#observe(arm, share, OVERDUE);
  }

  /** Forgets the samples that a rollback would name, as long as nothing speaks against the canary. */
  look(): void {
    if (this.analysis.rollback.evidence < NO_SUSPICION) this.#recent = emptyArms();
    this.copies.look();
  }

  /** Counts what the application found out about a call later: its quality, or a custom metric. */
  recorded(arm: Arm, share: number, values: Readonly<Record<string, number>>): void {
    this.#ended.flush();
    const { quality } = values;
    if (quality !== undefined) {
      addQuality(this.#step[arm], quality);
      addQuality(this.#run[arm], quality);
      addQuality(this.#recent[arm], quality);
    }
    this.#observe(arm, share, values);
  }

  startStep(terms: StepTerms): void {
    this.#ended.flush();
    this.#step = emptyArms();
    this.#answers.startStep();
    this.#analysis.startStep(terms);
    this.copies.startStep(terms);
  }

  toJSON(): JudgedCallsState {
    this.#ended.flush();
    return {
      analysis: this.#analysis.toJSON(),
      step: copyArms(this.#step),
      run: copyArms(this.#run),
      recent: copyArms(this.#recent),
      shares: this.#shares.toJSON(),
      routed: this.routed,
      answers: this.#answers.toJSON(),
      ...(this.#policy.steps.some(({ kind }) => kind === 'shadow') && { copies: this.copies.toJSON() }),
    };
  }

  restore(state: JudgedCallsState): void {
    const { analysis, step, run, recent = emptyArms(), shares, routed = 0, answers, copies } = state;
    this.#ended.flush();
    if (answers) this.#answers.restore(answers);
    if (copies) this.copies.restore(copies);
    this.#analysis = restoreJudge(analysis, this.#policy);
    this.#step = copyArms(step);
    this.#run = copyArms(run);
    this.#recent = copyArms(recent);
    this.#shares = new MetricShares(this.#metrics);
    if (shares) this.#shares.restore(shares);
    this.routed = routed;
  }

  #count({ arm, share, outcome: told, wasOverdue, atMs }: EndedSample): void {
    this.#shares.ended(arm);
    const outcome = this.#silences[arm].next(told);
    for (const sums of [this.#step[arm], this.#run[arm], this.#recent[arm]]) addCall(sums, outcome);
    if (arm === 'canary') this.#answers.add(outcome, atMs);
    const values = valuesOf(outcome);
    this.#observe(arm, share, wasOverdue ? { ...values, ...NO_LATENCY } : values);
  }

  /** Judges the values of a sample, each by the canary's share of the values of its metric. */
  #observe(arm: Arm, share: number, values: Readonly<Record<string, number | undefined>>): void {
    const { length } = this.#metrics;
    let isCommon = true;
    for (let index = 0; index < length; index += 1) {
      const metric = this.#metrics[index]!;
      const own = values[metric] === undefined ? share : this.#shares.next(metric, arm, share);
      this.#own[index] = own;
      if (own !== share) isCommon = false;
    }
    if (isCommon) return this.#analysis.observe({ arm, share, values });
    for (let index = 0; index < length; index += 1) {
      const metric = this.#metrics[index]!;
      this.#analysis.observe({ arm, share: this.#own[index]!, values: { [metric]: values[metric] } });
    }
  }
}
