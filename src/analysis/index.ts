/**
 * The rollout judge for offline use: whether the canary is worse than stable, or no worse. The evidence may be read
 * after every call.
 */

export { createGuardrail, mergeGuardrails, restoreGuardrail } from '../stats/guardrail.ts';
export type {
  ArmCounts,
  Block,
  Guardrail,
  GuardrailOptions,
  GuardrailState,
  Observation,
  Verdict,
} from '../stats/guardrail.ts';
export { createAnalysis, mergeAnalyses, restoreAnalysis } from '../stats/analysis.ts';
export type {
  Analysis,
  AnalysisOptions,
  AnalysisState,
  GuardOptions,
  GuardrailEvidence,
  JudgedCall,
  Progress,
} from '../stats/analysis-types.ts';
export { createSampleRatioCheck, mergeSampleRatioChecks, restoreSampleRatioCheck } from '../stats/sample-ratio.ts';
export type { SampleRatioCheck, SampleRatioState } from '../stats/sample-ratio.ts';
export { createRealisedShare, restoreRealisedShare } from '../stats/realised-share.ts';
export type { RealisedShare, RealisedShareState } from '../stats/realised-share.ts';
export type { Arm, Direction } from '../stats/arm.ts';
export type { Better, MetricName } from '../stats/metric.ts';
export type { SideSummary, Sides } from '../stats/side-counts.ts';
export { planRollout } from '../stats/plan-rollout.ts';
export type { PlannedStep, PlanRolloutOptions, RolloutPlan } from '../stats/plan-rollout.ts';
export type { CaughtRegression, StepPlan } from '../stats/plan-step.ts';
