/** The sequential analysis of pairs: all guardrails together, as `Analysis` is for calls that a split assigns. */

import type { AnalysisState, GuardOptions, GuardrailEvidence, Progress } from './analysis-types.ts';
import { createGuarded, type Guarded } from './guarded.ts';
import type { Verdict } from './guardrail.ts';
import { logSum } from './log-sum.ts';
import { metricOf } from './metric.ts';
import { PairGuard } from './pair-guard.ts';

/** Values by metric. A failed side has an infinite latency. */
export type PairValues = Readonly<Record<string, number | undefined>>;

export interface PairAnalysisOptions {
  readonly guardrails: Readonly<Record<string, GuardOptions>>;
  /** The probability of a false rollback, 0–1. */
  readonly alpha: number;
  /** The share of calls that the proof opens the way to, 0–1: the default margins follow from it. */
  readonly weight: number;
}

/**
 * The part of a rollout's `alpha` that the copies of its shadow steps use. The calls of the later steps use the rest: a copy harms no caller, so
 * its verdict may take longer.
 */
export const COPIES_PART = 0.2;

/** The probability of passing a canary that is worse than the margin. */
const PASS_ALPHA = 0.05;

export class PairAnalysis {
  readonly #options: Pick<PairAnalysisOptions, 'guardrails' | 'alpha'>;
  readonly #guards: readonly {
    readonly name: string;
    readonly logShare: number;
    readonly guarded: Guarded;
    readonly pairs: PairGuard;
  }[];
  readonly #rollbackBound: number;
  readonly #passBound = -Math.log(PASS_ALPHA);
  #weight: number;

  constructor({ guardrails, alpha, weight }: PairAnalysisOptions) {
    this.#options = { guardrails, alpha };
    this.#weight = weight;
    this.#rollbackBound = -Math.log(alpha);
    this.#guards = createGuarded(guardrails, weight).map((guarded) => {
      const { name, logShare, rollbackLimits } = guarded;
      const metric = metricOf(name, guardrails[name]?.better);
      const pairs = new PairGuard(metric, { worse: rollbackLimits, noWorse: guarded.promotionLimits(weight) });
      return { name, logShare, guarded, pairs };
    });
  }

  get verdict(): Verdict {
    if (this.rollback.evidence >= 1) return 'fail';
    return this.guardrails.every(({ promotion }) => promotion >= 1) ? 'pass' : 'inconclusive';
  }

  /** The weighted mean of the guardrails' e-values decides, and the one with the largest share is named. */
  get rollback(): Progress {
    const logs = this.#guards.map(({ pairs, logShare }) => pairs.worse + logShare);
    const guardrail = this.#guards[logs.indexOf(Math.max(...logs))]!.name;
    return { evidence: clamp(logSum(logs) / this.#rollbackBound), guardrail };
  }

  get guardrails(): readonly GuardrailEvidence[] {
    return this.#guards.map(({ name, pairs, logShare }) => ({
      guardrail: name,
      rollback: clamp((pairs.worse + logShare) / this.#rollbackBound),
      promotion: clamp(pairs.noWorse / this.#passBound),
      // Copies harm no caller.
      worseLately: false,
      sides: pairs.sides,
    }));
  }

  observe(copy: PairValues, real: PairValues): void {
    for (const { name, pairs } of this.#guards) {
      if (copy[name] !== undefined || real[name] !== undefined) pairs.observe(copy[name], real[name]);
    }
  }

  /** Restarts the proof. The evidence for a rollback continues. */
  startStep(weight: number): void {
    this.#weight = weight;
    for (const { pairs, guarded } of this.#guards) pairs.restartNoWorse(guarded.promotionLimits(weight));
  }

  toJSON(): AnalysisState {
    const guards = Object.fromEntries(this.#guards.map(({ name, pairs }) => [name, pairs.toJSON()]));
    return { options: this.#options, weight: this.#weight, guards };
  }

  /** Continues from a state of the same options. */
  restore({ weight, guards }: AnalysisState): void {
    this.startStep(weight);
    for (const { name, pairs } of this.#guards) pairs.restore(guards[name]!);
  }
}

function clamp(evidence: number): number {
  return Math.min(1, Math.max(0, evidence));
}
