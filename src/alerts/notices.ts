/** What a webhook is told: alerts and rollbacks, with names and numbers only, as data and in a person's words. */

import type { Alert } from '../domain/alert.ts';
import type { RollbackEvent } from '../domain/events.ts';
import { threeDigits, percent } from '../domain/format.ts';
import type { ArmNumbers, RolloutCause } from '../domain/rollout.ts';

/** An alert fires or resolves, or an upstream was rolled back. */
export type Notice = ({ readonly type: 'alert' } & Alert) | RollbackNotice;

/** A rollback, with all that is needed to decide whether it should stand. */
export interface RollbackNotice {
  readonly type: 'rollback';
  readonly upstream: string;
  readonly reason: string;
  /** What caused it. */
  readonly by: RolloutCause;
  readonly weightsBefore: Readonly<Record<string, number>>;
  readonly weightsAfter: Readonly<Record<string, number>>;
  /** The calls of both sides that were judged in the step; absent where an alert rule took the weight of an upstream without a rollout. */
  readonly canary?: ArmNumbers;
  readonly stable?: ArmNumbers;
  /** The step that was rolled back, from 0. */
  readonly step?: number;
  /** What gives the upstream its calls again: a command line for a rollout, else code. */
  readonly undo: string;
  readonly atMs: number;
}

export function alertNotice(alert: Alert): Notice {
  return { type: 'alert', ...alert };
}

export function rollbackNotice(event: RollbackEvent): RollbackNotice {
  const { upstream, reason, weightsBefore, weightsAfter, atMs } = event;
  const moved = { upstream, reason, weightsBefore, weightsAfter, atMs };
  if (event.rule !== undefined) {
    return {
      type: 'rollback',
      ...moved,
      by: 'rule',
      undo: `client.canary.setWeights(${JSON.stringify(weightsBefore)})`,
    };
  }
  const { by, canary, stable, step } = event;
  const name = /^[\w.-]+$/.test(upstream) ? upstream : JSON.stringify(upstream);
  const undo = `openai-canary retry --rollout ${name} --store <store>`;
  return { type: 'rollback', ...moved, by, canary, stable, step, undo };
}

/** One sentence. */
export function headlineOf(notice: Notice): string {
  if (notice.type === 'rollback') return `${notice.upstream} was rolled back: ${notice.reason}`;
  return `${notice.name} is ${notice.state} (${notice.severity}): ${readingOf(notice)}`;
}

/** What else a person needs to decide, line by line. Empty for an alert, whose headline says all. */
export function detailsOf(notice: Notice): readonly string[] {
  if (notice.type === 'alert') return [];
  const { upstream, canary, stable, step, undo } = notice;
  return [
    `Moved: ${movesOf(notice)}`,
    ...(canary && stable && step !== undefined
      ? [`Step ${step + 1}: ${upstream} ${armText(canary)}; stable ${armText(stable)}`]
      : []),
    `Undo: ${undo}`,
  ];
}

/** The metric of an alert and its value. */
export function readingOf({ metric, upstream, value, bound, calls, reason }: Alert): string {
  const of = upstream === undefined ? '' : ` of ${upstream}`;
  if (reason !== undefined) return `${metric}${of}: ${reason}`;
  if (value === null) return `${metric}${of}`;
  return `${metric}${of} is ${Number(value.toPrecision(4))}${boundText(bound)} over ${calls} calls`;
}

function boundText(bound: Alert['bound']): string {
  if (!bound) return '';
  return 'above' in bound ? `, bound: above ${bound.above},` : `, bound: below ${bound.below},`;
}

/** The shares of the split that changed. */
function movesOf({ weightsBefore, weightsAfter }: RollbackNotice): string {
  const names = new Set([...Object.keys(weightsBefore), ...Object.keys(weightsAfter)]);
  const moves = [...names].flatMap((name) => {
    const [before = 0, after = 0] = [weightsBefore[name], weightsAfter[name]];
    return before === after ? [] : [`${name} ${percent(before)} → ${percent(after)}`];
  });
  return moves.length > 0 ? moves.join(', ') : 'no calls, the upstream had none';
}

function armText({ calls, failures, meanLatencyMs, costPerCallUsd, quality }: ArmNumbers): string {
  const share = calls > 0 ? ` (${percent(failures / calls)})` : '';
  return [
    `${failures} of ${calls} calls failed${share}`,
    ...(meanLatencyMs === null ? [] : [`mean ${threeDigits(meanLatencyMs)} ms`]),
    ...(costPerCallUsd === null ? [] : [`${threeDigits(costPerCallUsd)} USD a call`]),
    ...(quality === null ? [] : [`quality ${threeDigits(quality)}`]),
  ].join(', ');
}
