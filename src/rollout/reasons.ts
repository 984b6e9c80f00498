/** What a decision rests on, in words for people: the numbers of both sides over the samples that decided. */

import type { ArmNumbers } from '../domain/rollout.ts';
import { threeDigits } from '../domain/format.ts';
import type { Arm } from '../stats/arm.ts';
import { type ArmSums, numbersOf, sampleCountsOf } from './arm-numbers.ts';
import type { JudgedCalls } from './evidence.ts';
import type { JudgedCopies } from './judged-copies.ts';

/** Whether the evidence asks for a rollback. A canary that never gets a call shows a broken split, not a bad canary. */
export function speaksAgainst({ analysis, run }: Pick<JudgedCalls | JudgedCopies, 'run' | 'analysis'>): boolean {
  return analysis.rollback.evidence >= 1 && run.canary.calls > 0;
}

/** The reason of a rollback for a guardrail, with what stands against the canary and for how long. */
export function rollbackReason(
  guardrail: string,
  { recent, run, analysis }: Pick<JudgedCalls | JudgedCopies, 'recent' | 'run' | 'analysis'>,
  isShadow = false,
): string {
  // Evidence of the threshold judge comes and goes at once, so there is no stretch in which it grew.
  const sums = recent.canary.calls > 0 ? recent : run;
  if (guardrail === 'errorRate') return `errorRate: ${failures(sums, isShadow)}`;
  const failed = sums.canary.failures > 0 ? `; ${failures(sums, isShadow)}, and those count as the worst values` : '';
  const means = meansOf(guardrail, sums);
  if (means) return `${guardrail}: ${means}${failed}`;
  const sides = analysis.guardrails.find((one) => one.guardrail === guardrail)?.sides;
  return `${guardrail}: mean ${figure(sides?.canary.mean)} over ${plural(sides?.canary.calls, 'canary value')}, against ${figure(sides?.stable.mean)} over ${plural(sides?.stable.calls, 'value')} of stable${failed}`;
}

/** The reason of an advance. */
export function advanceReason({ step }: Pick<JudgedCalls | JudgedCopies, 'step'>, isShadow = false): string {
  return `hold, calls and requirements are met, and the canary is proven no worse: ${failures(step, isShadow)}`;
}

/** How many calls of both sides were not answered, and why those of the canary were not. */
function failures({ canary, stable }: Readonly<Record<Arm, ArmSums>>, isShadow: boolean): string {
  const { bad } = sampleCountsOf(canary);
  const causes = CAUSES.flatMap(([reason, words]) => (bad[reason] > 0 ? [`${bad[reason]} ${words}`] : []));
  const why = causes.length > 0 ? ` (${causes.join(', ')})` : '';
  const [copies, calls] = isShadow
    ? [`${canary.calls} ${canary.calls === 1 ? 'copy' : 'copies'}`, 'their calls on stable']
    : [plural(canary.calls, 'canary call'), 'stable'];
  return `${canary.failures} of ${copies} failed${why}, against ${stable.failures} of ${stable.calls} of ${calls}`;
}

const CAUSES = [
  ['failed', 'by error or time-out'],
  ['breaker', 'met its open breaker'],
  ['pause', 'met its pause for a rate limit, quota or credentials'],
  ['refused', 'refused but served by another upstream'],
  ['slow', 'given up as too slow'],
  ['empty', 'without any content'],
] as const;

/** The means of a metric that is measured from calls. */
function meansOf(guardrail: string, sums: Readonly<Record<Arm, ArmSums>>): string | undefined {
  const measure = MEASURES.find(([pattern]) => pattern.test(guardrail));
  if (!measure) return undefined;
  const [, field, unit, count] = measure;
  const [canary, stable] = [numbersOf(sums.canary)[field], numbersOf(sums.stable)[field]];
  if (canary === null || stable === null) return undefined;
  return `mean ${figure(canary)}${unit} over ${plural(count(sums.canary), 'canary answer')}, against ${figure(stable)}${unit} over ${count(sums.stable)} of stable`;
}

const MEASURES = [
  [/^latency/, 'meanLatencyMs', ' ms', (sums) => sums.calls - sums.failures],
  [/^costPerCall$/, 'costPerCallUsd', ' USD', (sums) => sums.costs],
  [/^quality$/, 'quality', '', (sums) => sums.qualities],
] as const satisfies readonly (readonly [RegExp, keyof ArmNumbers, string, (sums: ArmSums) => number])[];

function figure(value: number | null | undefined): string {
  return value === null || value === undefined ? 'unknown' : threeDigits(value);
}

function plural(count = 0, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
