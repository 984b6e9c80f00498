/** What the pace of calls means for a step: how much stable keeps, and whether the step can be decided at all. */

import type { RolloutState } from '../domain/rollout.ts';
import type { Warnings } from '../events/warnings.ts';
import type { Clock } from '../time/clock.ts';
import { chooseHoldback, planStep } from '../stats/plan-step.ts';
import type { Arm } from '../stats/arm.ts';
import type { ArmSums } from './arm-numbers.ts';
import type { RolloutReport } from './report.ts';
import { actingGuardrails } from './judge.ts';
import type { RolloutPolicy } from './resolve-rollouts.ts';

/** A step is watched for this long before its pace is known, in ms; if it is fast enough then, it is looked at again after twice the time. */
const FIRST_LOOK_MS = 30 * 60_000;
/** A step that needs longer counts as one that cannot be decided, in ms. */
const TOO_LONG_MS = 30 * 86_400_000;

/** Warns once of each step that will not be decided within a month. */
export class PaceWatch {
  readonly #warnings: Warnings;
  readonly #clock: Clock;
  /** The step that is watched, and when it is looked at next. */
  #next: { readonly step: string; readonly heldMs: number } | undefined;

  constructor({ warnings, clock }: { readonly warnings: Warnings; readonly clock: Clock }) {
    this.#warnings = warnings;
    this.#clock = clock;
  }

  /** Called every second by the process that decides. A report is not free, so it is made only when it is due. */
  look(policy: RolloutPolicy, state: RolloutState, reportNow: () => RolloutReport): void {
    if (state.phase !== 'progressing') return;
    const step = `${state.run} ${state.step}`;
    if (this.#next?.step !== step) this.#next = { step, heldMs: FIRST_LOOK_MS };
    // The time with pauses is never shorter than without.
    if (this.#clock.now() - state.sinceMs < this.#next.heldMs) return;
    const report = reportNow();
    if (report.heldMs < this.#next.heldMs) return;
    const problem = paceProblem(policy, report);
    this.#next = { step, heldMs: problem === undefined ? report.heldMs * 2 : Infinity };
    if (problem === undefined) return;
    const message = `The rollout to ${policy.to} cannot be decided at this traffic: ${problem}`;
    this.#warnings.once(`pace ${policy.to} ${step}`, { code: 'rollout', message, atMs: this.#clock.now() });
  }
}

/** What takes too long, and what to do; `undefined` if the step can be decided, or the pace is unknown. */
function paceProblem(policy: RolloutPolicy, { step: index, heldMs, stable, canary }: RolloutReport) {
  const step = policy.steps[index];
  const calls = stable.calls + canary.calls;
  if (!step || step.kind === 'shadow' || calls === 0) return undefined;
  const pace = `step ${index + 1} of ${policy.steps.length} has had ${calls} calls in ${hours(heldMs)}, ${canary.calls} of them on the canary`;
  const share = step.kind === 'weight' ? step.weight : canary.calls / calls;
  const callsMs = share > 0 ? ((step.minCalls - canary.calls) * heldMs) / (calls * share) : 0;
  if (callsMs > TOO_LONG_MS) {
    return `${pace}, so its minCalls of ${step.minCalls} take about ${days(callsMs)}; lower minCalls, or raise the weight`;
  }
  if (policy.judge === 'threshold' || step.kind !== 'weight') return undefined;
  const { proofMs } = planStep({
    weight: step.weight,
    holdMs: step.holdMs,
    minCalls: step.minCalls,
    callsPerSecond: (calls / heldMs) * 1_000,
    // The formulas need a rate strictly between 0 and 1.
    errorRate: Math.min(0.5, Math.max(0.001, stable.errorRate ?? 0.001)),
    guardrails: actingGuardrails(policy),
    alpha: policy.alpha,
    promotionAlpha: 0.05,
  });
  if (proofMs <= TOO_LONG_MS) return undefined;
  const time = proofMs === Infinity ? 'is never proven' : `takes about ${days(proofMs)} to be proven`;
  return `${pace}, so errorRate ${time}; raise the weight, widen the margin of errorRate, or go on by promote()`;
}

const hours = (ms: number): string => `${Number((ms / 3_600_000).toPrecision(2))} h`;
const days = (ms: number): string => `${Math.round(ms / 86_400_000)} days`;

/**
 * The holdback of the step after `state`, at the rate of calls and failures so far; `undefined` where it needs none, or nothing is known.
 *
 * @param sums the samples of the step, which has been held for `heldMs`
 */
export function nextHoldback(
  policy: RolloutPolicy,
  state: RolloutState,
  { canary, stable }: Readonly<Record<Arm, ArmSums>>,
  heldMs: number,
): number | undefined {
  const guardrails = actingGuardrails(policy);
  const next = 'step' in state ? policy.steps[state.step + 1] : undefined;
  const calls = canary.calls + stable.calls;
  if (next?.kind !== 'weight' || next.weight < 1 || calls === 0 || heldMs === 0) return undefined;
  const errorRate = (stable.failures + 0.5) / (stable.calls + 1);
  return chooseHoldback({ guardrails, holdMs: next.holdMs, callsPerSecond: (calls * 1_000) / heldMs, errorRate });
}
