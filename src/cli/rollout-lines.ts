/** Formats a rollout for people. */

import type { RolloutDecision, RolloutPhase, RolloutReport, RolloutWait } from '../index.ts';
import { duration, percent, threeDigits } from '../domain/format.ts';
import { table } from './format.ts';
import type { Colours } from './terminal.ts';

/** The state, the guardrails with the numbers of both sides, and what the rollout waits for. */
export function rolloutLines(state: RolloutReport, nowMs: number, colours: Colours): string[] {
  const { upstream, phase, step, steps, weight, shadowShare, sinceMs, reason, callsExposed, callsFailed } = state;
  const since = `for ${duration(Math.max(0, nowMs - sinceMs))}`;
  const traffic = shadowShare > 0 ? `copies of ${percent(shadowShare)}` : `weight ${percent(weight)}`;
  return [
    `${colours.bold(upstream)}  ${paint(phase, colours)}  step ${step + 1} of ${steps}  ${traffic}  ${since}`,
    ...(reason === undefined ? [] : [reason]),
    '',
    ...guardrailTable(state),
    '',
    `${callsExposed} calls exposed to the canary, ${callsFailed} failed`,
    ...comparedLine(state),
    ...state.waitsFor.map((wait) => `waiting: ${waitMessage(wait)}`),
    ...moveLine(state, nowMs),
  ];
}

/** The state in one line. */
export function changeLine(state: RolloutReport): string {
  const { upstream, phase, step, steps, weight, evidence, guardrail, reason } = state;
  const why = reason === undefined ? '' : `  ${reason}`;
  return `${upstream}  ${phase}  step ${step + 1}/${steps}  weight ${percent(weight)}  evidence ${percent(evidence)} (${guardrail})${why}`;
}

/** All decisions, the oldest first. */
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

/** The canary's actual share, and how its latency and cost compare with stable's. */
function comparedLine({ actualShare, improvement }: RolloutReport): string[] {
  const figures = [
    ...(actualShare === null ? [] : [`${percent(actualShare)} of the calls of this step`]),
    ...comparison('latency', improvement.latency),
    ...comparison('cost per call', improvement.costPerCall),
  ];
  return figures.length === 0 ? [] : [`canary: ${figures.join(', ')}`];
}

/** A smaller difference is not shown. */
const LEAST_SHOWN = 0.0005;

function comparison(name: string, improvement: number | null): string[] {
  if (improvement === null) return [];
  if (Math.abs(improvement) < LEAST_SHOWN) return [`${name} the same`];
  return [`${name} ${percent(Math.abs(improvement))} ${improvement < 0 ? 'higher' : 'lower'}`];
}

function guardrailTable({ guardrails }: RolloutReport): string[] {
  const rows = guardrails.map(({ guardrail, rollback, promotion, sides, dryRun }) => [
    dryRun ? `${guardrail} (dry run)` : guardrail,
    percent(rollback),
    percent(promotion),
    figure(sides.stable.mean),
    figure(sides.canary.mean),
    String(sides.stable.calls),
    String(sides.canary.calls),
  ]);
  const head = [
    'guardrail',
    'rollback evidence',
    'promotion evidence',
    'stable',
    'canary',
    'stable calls',
    'canary calls',
  ];
  return table(head, rows, ['guardrail']);
}

/** The library gives the hold in seconds, but people read `4 h` more easily than `14400 s`. */
function waitMessage({ for: reason, message }: RolloutWait): string {
  if (reason !== 'hold') return message;
  return message.replaceAll(/\b([1-9]\d*) s\b/g, (_, seconds: string) => duration(Number(seconds) * 1_000));
}

function moveLine({ earliestMoveMs }: RolloutReport, nowMs: number): string[] {
  return earliestMoveMs === null
    ? []
    : [`advances in ${duration(Math.max(0, earliestMoveMs - nowMs))} at the earliest`];
}

function stepOf(state: RolloutDecision['from']): string {
  return 'step' in state ? `${state.phase} ${state.step + 1}` : state.phase;
}

function figure(mean: number | null): string {
  return mean === null ? '–' : threeDigits(mean);
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
