/** The judge of the copies of shadow steps: by pairs in sequence, or by thresholds. */

import { canonicalJson } from '../domain/json.ts';
import type { AnalysisState, GuardOptions } from '../stats/analysis-types.ts';
import { PairAnalysis, type PairValues } from '../stats/pair-analysis.ts';
import { isMeasured } from './arm-numbers.ts';
import { actingGuardrails, copiesPart, type Judge, type StepTerms, stepWeight } from './judge.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { ThresholdAnalysis, type ThresholdState } from './threshold-judge.ts';

/** The common interface of both judges. */
export interface CopyJudge extends Pick<Judge, 'verdict' | 'rollback' | 'guardrails'> {
  observe(copy: PairValues, real: PairValues): void;
  startStep(terms: StepTerms): void;
  toJSON(): CopyJudgeState;
}

/** Plain data, for a store. */
export type CopyJudgeState = AnalysisState | ThresholdState;

/**
 * The guardrails that copies can be judged by: those that are measured, and `quality` where the option `shadow.compare` scores each copy. The
 * error rate is always one of them: a canary that fails its copies gets no caller.
 */
export function guardrailsOfCopies({
  guardrails,
  scoresCopies,
}: RolloutPolicy): Readonly<Record<string, GuardOptions>> {
  const known = Object.entries(actingGuardrails({ guardrails })).filter(
    ([metric]) => isMeasured(metric) || (metric === 'quality' && scoresCopies === true),
  );
  return { errorRate: {}, ...Object.fromEntries(known) };
}

export function createCopyJudge(policy: RolloutPolicy, { opens = 0, minCalls }: StepTerms): CopyJudge {
  if (policy.judge === 'threshold') return thresholdJudge(new ThresholdAnalysis(guardrailsOfCopies(policy), minCalls));
  return pairJudge(pairsOf(policy, stepWeight(opens)));
}

/** A judge that continues from `state`, or one without evidence if that was gathered under other guardrails. */
export function restoreCopyJudge(state: CopyJudgeState, policy: RolloutPolicy): CopyJudge {
  if ('minCalls' in state) {
    const judge = new ThresholdAnalysis(guardrailsOfCopies(policy), state.minCalls);
    if (namesOf(judge.toJSON()) === namesOf(state)) judge.restore(state);
    return thresholdJudge(judge);
  }
  const analysis = pairsOf(policy, state.weight);
  if (canonicalJson(analysis.toJSON().options) === canonicalJson(state.options)) analysis.restore(state);
  return pairJudge(analysis);
}

function pairsOf(policy: RolloutPolicy, weight: number): PairAnalysis {
  const alpha = policy.alpha * copiesPart(policy.steps);
  // Without a shadow step there are no copies.
  return new PairAnalysis({ guardrails: guardrailsOfCopies(policy), alpha: alpha || policy.alpha, weight });
}

const namesOf = ({ guards }: ThresholdState): string => Object.keys(guards).toSorted().join(' ');

function pairJudge(analysis: PairAnalysis): CopyJudge {
  return {
    observe: (copy, real) => analysis.observe(copy, real),
    get verdict() {
      return analysis.verdict;
    },
    get rollback() {
      return analysis.rollback;
    },
    get guardrails() {
      return analysis.guardrails;
    },
    startStep: ({ opens = 0 }) => analysis.startStep(stepWeight(opens)),
    toJSON: () => analysis.toJSON(),
  };
}

function thresholdJudge(judge: ThresholdAnalysis): CopyJudge {
  return {
    observe: (copy, real) => {
      judge.observe({ arm: 'canary', share: 0.5, values: copy });
      judge.observe({ arm: 'stable', share: 0.5, values: real });
    },
    get verdict() {
      return judge.verdict;
    },
    get rollback() {
      return judge.rollback;
    },
    get guardrails() {
      return judge.guardrails;
    },
    startStep: (terms) => judge.startStep(terms),
    toJSON: () => judge.toJSON(),
  };
}
