/** Where the rollout stands, for people: its step, how the evidence grows, what it waits for. */

import { styleText } from 'node:util';
import type { ArmNumbers, CanaryClient, RolloutReport } from '../../src/index.ts';
import { aligned, percent, usd } from './table.ts';

/** What a terminal shows. */
export function panelOf(ai: CanaryClient): string[] {
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
  const [head = '', ...lines] = aligned([['guardrail', 'worse', 'no worse', 'stable', 'canary'], ...rows]);
  return [
    `${styleText('bold', `Rollout to ${upstream}`)}: ${placeOf(state)}`,
    '',
    head,
    ...lines.map((line) => line.replace(/[█░]+/, (worse) => styleText('red', worse))),
    '',
    waitOf(state),
  ];
}

/** The same in one line. */
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
  if (phase === 'rolledBack') return 'nothing more goes to the canary';
  return `waits: ${waitsFor.map(({ message }) => message).join('; ') || 'for nothing'}`.slice(
    0,
    process.stdout.columns - 1,
  );
}

/** Ten cells, and the figure: evidence goes from 0 to 1. */
function bar(evidence: number): string {
  const full = Math.round(evidence * 10);
  return `${'█'.repeat(full)}${'░'.repeat(10 - full)} ${evidence.toFixed(2)}`;
}

/** What one side of a guardrail was like. */
export function figureOf(guardrail: string, arm: ArmNumbers): string {
  if (guardrail === 'errorRate') return percent(arm.errorRate);
  if (guardrail === 'costPerCall') return usd(arm.costPerCallUsd);
  return arm.meanLatencyMs === null ? '–' : `${Math.round(arm.meanLatencyMs)} ms`;
}
