/** The judge of a rollout's calls: sequential evidence, or thresholds. */

import type { RolloutState, RolloutStep } from '../domain/rollout.ts';
import { trafficInForce } from '../routing/traffic-in-force.ts';
import { createAnalysis, restoreAnalysis } from '../stats/analysis.ts';
import type { Analysis, AnalysisState, GuardrailEvidence } from '../stats/analysis-types.ts';
import { COPIES_PART } from '../stats/pair-analysis.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';
import { ThresholdAnalysis, type ThresholdState } from './threshold-judge.ts';

/** What the judge needs to know about a step. */
export interface StepTerms {
  /** The canary's share of calls, 0–1. */
  readonly weight: number;
  /** Judged canary calls that the step needs. */
  readonly minCalls: number;
  /** Of a shadow step: the share of calls that the first step with real callers gives the canary, 0–1. @default 0.25 */
  readonly opens?: number | undefined;
}

/** Plain data, for a store. */
export type JudgeState = AnalysisState | ThresholdState | DryRunState;

interface DryRunState {
  readonly acting: JudgeState;
  readonly dryRuns: readonly JudgeState[];
}

/** The common interface of both judges. The verdict and the progress are those of the guardrails that are not in dry run. */
export interface Judge extends Pick<Analysis, 'observe' | 'verdict' | 'rollback'> {
  readonly guardrails: readonly (GuardrailEvidence & { readonly dryRun?: true })[];
  /** A judge for each guardrail in dry run, as if it were the only one. */
  readonly dryRuns: readonly Pick<Judge, 'rollback'>[];
  startStep(terms: StepTerms): void;
  toJSON(): JudgeState;
}

export function createJudge(policy: RolloutPolicy, terms: StepTerms): Judge {
  const { acting, dryRuns } = separate(policy);
  const judge = createOne(acting, terms);
  const dry = dryRuns.map((one) => createOne(one, terms));
  return dry.length === 0 ? judge : withDryRuns(judge, dry);
}

/** A judge that continues from `state`, which was stored under the same options. */
export function restoreJudge(state: JudgeState, policy: RolloutPolicy): Judge {
  const { acting, dryRuns } = separate(policy);
  if (!('acting' in state)) return restoreOne(state, acting);
  const dry = dryRuns.map((one, index) => restoreOne(state.dryRuns[index]!, one));
  return withDryRuns(restoreOne(state.acting, acting), dry);
}

/** The policy with the guardrails that decide, and one for each guardrail in dry run. */
function separate(policy: RolloutPolicy): {
  readonly acting: RolloutPolicy;
  readonly dryRuns: readonly RolloutPolicy[];
} {
  const dry = Object.entries(policy.guardrails).filter(([, { dryRun }]) => dryRun === true);
  if (dry.length === 0) return { acting: policy, dryRuns: [] };
  return {
    acting: { ...policy, guardrails: actingGuardrails(policy) },
    dryRuns: dry.map(([metric, guard]) => ({ ...policy, guardrails: { [metric]: guard } })),
  };
}

/** The guardrails that are not in dry run. */
export function actingGuardrails({ guardrails }: Pick<RolloutPolicy, 'guardrails'>): RolloutPolicy['guardrails'] {
  return Object.fromEntries(Object.entries(guardrails).filter(([, { dryRun }]) => dryRun !== true));
}

function withDryRuns(acting: Judge, dryRuns: readonly Judge[]): Judge {
  const all = [acting, ...dryRuns];
  return {
    observe: (call) => all.forEach((judge) => judge.observe(call)),
    get verdict() {
      return acting.verdict;
    },
    get rollback() {
      return acting.rollback;
    },
    get guardrails() {
      const dry = dryRuns.flatMap(({ guardrails }) => guardrails);
      return [...acting.guardrails, ...dry.map((guardrail) => ({ ...guardrail, dryRun: true as const }))];
    },
    dryRuns,
    startStep: (terms) => all.forEach((judge) => judge.startStep(terms)),
    toJSON: () => ({ acting: acting.toJSON(), dryRuns: dryRuns.map((judge) => judge.toJSON()) }),
  };
}

function createOne({ judge, guardrails, alpha, steps }: RolloutPolicy, { weight, minCalls }: StepTerms): Judge {
  if (judge === 'threshold') return thresholdJudge(new ThresholdAnalysis(guardrails, minCalls));
  return sequentialJudge(
    createAnalysis({ guardrails, alpha: alpha * (1 - copiesPart(steps)), weight: stepWeight(weight) }),
  );
}

function restoreOne(state: JudgeState, { guardrails }: RolloutPolicy): Judge {
  if ('acting' in state) throw new TypeError('a guardrail is stored as if it were several');
  if ('weight' in state) return sequentialJudge(restoreAnalysis(state));
  const judge = new ThresholdAnalysis(guardrails, state.minCalls);
  judge.restore(state);
  return thresholdJudge(judge);
}

/** The part of `alpha` that copies use, in a rollout with shadow steps. */
export const copiesPart = (steps: RolloutPolicy['steps']): number =>
  steps.some(({ kind }) => kind === 'shadow') ? COPIES_PART : 0;

/** The share of a segment in all calls is not known in advance, so its margin is that of a quarter. */
const UNKNOWN_WEIGHT = 0.25;
export const stepWeight = (weight: number): number => (weight > 0 ? weight : UNKNOWN_WEIGHT);

function sequentialJudge(analysis: Analysis): Judge {
  return {
    observe: (call) => analysis.observe(call),
    get verdict() {
      return analysis.verdict;
    },
    get rollback() {
      return analysis.rollback;
    },
    get guardrails() {
      return analysis.guardrails;
    },
    dryRuns: [],
    startStep: ({ weight }) => analysis.startStep(stepWeight(weight)),
    toJSON: () => analysis.toJSON(),
  };
}

function thresholdJudge(judge: ThresholdAnalysis): Judge {
  return {
    observe: (call) => judge.observe(call),
    get verdict() {
      return judge.verdict;
    },
    get rollback() {
      return judge.rollback;
    },
    get guardrails() {
      return judge.guardrails;
    },
    dryRuns: [],
    startStep: (terms) => judge.startStep(terms),
    toJSON: () => judge.toJSON(),
  };
}

/** The terms of the step that a state stands at. */
export function termsOf(state: RolloutState, steps: readonly RolloutStep[]): StepTerms {
  const { weight } = trafficInForce(state, steps);
  const index = 'step' in state ? state.step : 0;
  const first = steps.slice(index).find(({ kind }) => kind !== 'shadow');
  // The share of a segment is not known in advance.
  return { weight, minCalls: steps[index]?.minCalls ?? 0, opens: first?.kind === 'weight' ? first.weight : undefined };
}
