/** A rollout in lines, for people. */

import type { RolloutDecision, RolloutPhase, RolloutReport } from '../index.ts';
import { duration, percent, table } from './format.ts';
import type { Colours } from './terminal.ts';

/** Where it stands: the state, the guardrails with both sides' numbers, what it waits for. */
export function rolloutLines(state: RolloutReport, nowMs: number, colours: Colours): string[] {
  const { upstream, phase, step, steps, weight, sinceMs, reason, callsExposed, callsFailed } = state;
  const since = `for ${duration(Math.max(0, nowMs - sinceMs))}`;
  return [
    `${colours.bold(upstream)}  ${paint(phase, colours)}  step ${step + 1} of ${steps}  weight ${percent(weight)}  ${since}`,
    ...(reason === undefined ? [] : [reason]),
    '',
    ...guardrailTable(state),
    '',
    `${callsExposed} calls exposed to the canary, ${callsFailed} of them failed`,
    ...state.waitsFor.map(({ message }) => `waits: ${message}`),
    ...moveLine(state, nowMs),
  ];
}

/** One line for a change. */
export function changeLine(state: RolloutReport): string {
  const { upstream, phase, step, steps, weight, evidence, guardrail, reason } = state;
  const why = reason === undefined ? '' : `  ${reason}`;
  return `${upstream}  ${phase}  step ${step + 1}/${steps}  weight ${percent(weight)}  evidence ${percent(evidence)} (${guardrail})${why}`;
}

/** What was decided, oldest first. */
export function historyTable(history: readonly RolloutDecision[]): string[] {
  const rows = history.map(({ atMs, verb, by, reason, from, to, numbers }) => [
    new Date(atMs).toISOString(),
    verb,
    by,
    `${stepOf(from)} → ${stepOf(to)}`,
    `${numbers.callsFailed}/${numbers.callsExposed}`,
    percent(numbers.evidence),
    reason,
  ]);
  const head = ['at', 'verb', 'by', 'from → to', 'failed/exposed', 'evidence', 'reason'];
  return table(head, rows, ['at', 'verb', 'by', 'from → to', 'reason']);
}

function guardrailTable({ guardrails }: RolloutReport): string[] {
  const rows = guardrails.map(({ guardrail, rollback, promotion, sides }) => [
    guardrail,
    percent(rollback),
    percent(promotion),
    figure(sides.stable.mean),
    figure(sides.canary.mean),
    String(sides.stable.calls),
    String(sides.canary.calls),
  ]);
  const head = ['guardrail', 'to rollback', 'to promotion', 'stable', 'canary', 'stable calls', 'canary calls'];
  return table(head, rows, ['guardrail']);
}

function moveLine({ earliestMoveMs }: RolloutReport, nowMs: number): string[] {
  return earliestMoveMs === null ? [] : [`moves in ${duration(Math.max(0, earliestMoveMs - nowMs))} at the earliest`];
}

function stepOf(state: RolloutDecision['from']): string {
  return 'step' in state ? `${state.phase} ${state.step + 1}` : state.phase;
}

function figure(mean: number | null): string {
  return mean === null ? '–' : String(Number(mean.toPrecision(3)));
}

function paint(phase: RolloutPhase, { green, red, yellow, bold }: Colours): string {
  switch (phase) {
    case 'progressing':
      return bold(phase);
    case 'paused':
      return yellow(phase);
    case 'promoted':
      return green(phase);
    case 'rolledBack':
      return red(phase);
    default:
      return phase satisfies never;
  }
}
