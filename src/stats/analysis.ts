/**
 * All guardrails of a rollout combined into one verdict: any of them can roll it back, all of them must let it advance.
 */

import type {
  Analysis,
  AnalysisOptions,
  AnalysisState,
  GuardrailEvidence,
  JudgedCall,
  Progress,
} from './analysis-types.ts';
import { createGuarded, type Guarded } from './guarded.ts';
import type { Verdict } from './guardrail.ts';
import { logSum } from './log-sum.ts';
import { checkAlpha } from './check-limits.ts';

/**
 * The verdict on a whole rollout. `fail` once the weighted mean of all "worse" e-values reaches 1/α: a mean of
 * e-processes is an e-process, whatever their dependence. `pass` once the "no worse" e-value of every guardrail reaches
 * its own 1/α.
 *
 * @example
 * const analysis = createAnalysis({ guardrails: { errorRate: {}, latencyP95: { margin: 0.2 } }, weight: 0.05 });
 * analysis.observe({ arm: 'canary', share: 0.05, values: { errorRate: false, latencyP95: 812 } });
 * if (analysis.verdict === 'fail') console.log(`roll back: ${analysis.rollback.guardrail}`);
 * @throws RangeError for invalid numbers, and without any guardrail
 */
export function createAnalysis(options: AnalysisOptions): Analysis {
  return new GuardedAnalysis(options);
}

/** Continues an analysis from `state`. */
export function restoreAnalysis(state: AnalysisState): Analysis {
  const analysis = new GuardedAnalysis({ ...state.options, weight: state.weight });
  analysis.each((guarded) => guarded.guard.restore(state.guards[guarded.name]!));
  return analysis;
}

/**
 * Combines the analyses of two processes that saw different calls in the same step.
 *
 * @param base the state that both continued from
 * @default base an analysis without calls
 * @throws RangeError for states of different steps
 */
export function mergeAnalyses(one: AnalysisState, other: AnalysisState, base?: AnalysisState): Analysis {
  if (one.weight !== other.weight)
    throw new RangeError(`steps of weight ${one.weight} and ${other.weight} do not merge`);
  const options = { ...one.options, weight: one.weight };
  const common = base ?? createAnalysis(options).toJSON();
  const analysis = new GuardedAnalysis(options);
  analysis.each(({ name, guard }) => guard.merge(one.guards[name]!, other.guards[name]!, common.guards[name]!));
  return analysis;
}

class GuardedAnalysis implements Analysis {
  readonly #options: AnalysisOptions;
  readonly #guarded: readonly Guarded[];
  readonly #rollbackBound: number;
  readonly #promotionBound: number;
  #weight: number;

  constructor(options: AnalysisOptions) {
    const { alpha = 0.01, promotionAlpha = 0.05, weight = 1 } = options;
    checkAlpha('alpha', alpha);
    checkAlpha('promotionAlpha', promotionAlpha);
    this.#options = options;
    this.#weight = weight;
    this.#guarded = createGuarded(options.guardrails, weight);
    this.#rollbackBound = -Math.log(alpha);
    this.#promotionBound = -Math.log(promotionAlpha);
  }

  get verdict(): Verdict {
    if (this.rollback.evidence >= 1) return 'fail';
    return this.promotion.evidence >= 1 ? 'pass' : 'inconclusive';
  }

  get rollback(): Progress {
    const shares = this.#guarded.map(rollbackLog);
    const index = shares.indexOf(Math.max(...shares));
    return { evidence: clamp(logSum(shares) / this.#rollbackBound), guardrail: this.#guarded[index]!.name };
  }

  get promotion(): Progress {
    const logs = this.#guarded.map(({ guard }) => guard.noWorse.logValue);
    const least = Math.min(...logs);
    return { evidence: clamp(least / this.#promotionBound), guardrail: this.#guarded[logs.indexOf(least)]!.name };
  }

  get guardrails(): readonly GuardrailEvidence[] {
    return this.#guarded.map((guarded) => ({
      guardrail: guarded.name,
      rollback: clamp(rollbackLog(guarded) / this.#rollbackBound),
      promotion: clamp(guarded.guard.noWorse.logValue / this.#promotionBound),
      worseLately: guarded.guard.worse.isOnset,
      sides: guarded.guard.sides,
    }));
  }

  observe({ arm, share, values }: JudgedCall): void {
    const isCanary = arm === 'canary';
    for (const { name, guard } of this.#guarded) {
      const value = values[name];
      if (value !== undefined) guard.observe(isCanary, value, share);
    }
  }

  startStep(weight: number): void {
    this.#weight = weight;
    for (const guarded of this.#guarded) guarded.guard.restartNoWorse(guarded.promotionLimits(weight));
  }

  toJSON(): AnalysisState {
    const guards = Object.fromEntries(this.#guarded.map(({ name, guard }) => [name, guard.toJSON()]));
    return { options: this.#options, weight: this.#weight, guards };
  }

  each(visit: (guarded: Guarded) => void): void {
    for (const guarded of this.#guarded) visit(guarded);
  }
}

/** ln of the guardrail's term in the mean of all e-values. */
function rollbackLog({ guard, logShare }: Guarded): number {
  return guard.worse.logValue + logShare;
}

function clamp(evidence: number): number {
  return Math.min(1, Math.max(0, evidence));
}
