/** Shows the state of the rollout: its step, its evidence and what it waits for. */

import type { ArmNumbers, CanaryClient, RolloutReport } from '../../index.ts';
import { percent } from '../../domain/format.ts';
import { table, usd } from '../format.ts';
import type { Colours } from '../terminal.ts';

/** The state in several lines, for a terminal. */
export function panelOf(ai: CanaryClient, { bold, red }: Colours): string[] {
  const { rollout } = ai.canary;
  const { state } = rollout;
  const { upstream, guardrails, stable, canary } = state;
  const rows = guardrails.map(({ guardrail, rollback, promotion }) => [
    guardrail,
    bar(rollback),
    bar(promotion),
    figureOf(guardrail, stable),
    figureOf(guardrail, canary),
  ]);
  const [head = '', ...lines] = table(['guardrail', 'worse', 'no worse', 'stable', 'canary'], rows, ['guardrail']);
  return [
    `${bold(`Rollout to ${upstream}`)}: ${placeOf(state)}`,
    '',
    head,
    ...lines.map((line) => line.replace(/[█░]+/, (worse) => red(worse))),
    '',
    waitOf(state),
  ];
}

/** The state in one line. */
export function panelLineOf(ai: CanaryClient): string {
  const { state } = ai.canary.rollout;
  const evidence = state.guardrails.map(
    ({ guardrail, rollback, promotion }) => `${guardrail} ${rollback.toFixed(1)}/${promotion.toFixed(1)}`,
  );
  const waits = state.waitsFor.map((wait) => wait.for).join(', ');
  return `${placeOf(state)} | worse/no worse: ${evidence.join(', ')}${waits && ` | waits for ${waits}`}`;
}

function placeOf({ phase, step, steps, weight, heldMs }: RolloutReport): string {
  if (phase === 'rolledBack') return 'rolled back';
  const traffic = weight === 0 ? 'shadow' : percent(weight);
  return `step ${step + 1} of ${steps} (${traffic}), held ${(heldMs / 1_000).toFixed(0)} s`;
}

function waitOf({ phase, waitsFor }: RolloutReport): string {
  if (phase === 'rolledBack') return 'the canary gets no more calls';
  return `waits: ${waitsFor.map(({ message }) => message).join('; ') || 'for nothing'}`.slice(
    0,
    process.stdout.columns - 1,
  );
}

/** Evidence from 0 to 1, as a bar of ten cells and as a number. */
function bar(evidence: number): string {
  const full = Math.round(evidence * 10);
  return `${'█'.repeat(full)}${'░'.repeat(10 - full)} ${evidence.toFixed(2)}`;
}

/** The metric of a guardrail on one side. */
export function figureOf(guardrail: string, arm: ArmNumbers): string {
  if (guardrail === 'errorRate') return percent(arm.errorRate);
  if (guardrail === 'costPerCall') return usd(arm.costPerCallUsd);
  return arm.meanLatencyMs === null ? '–' : `${Math.round(arm.meanLatencyMs)} ms`;
}
