/** Sentences of the page: where a rollout is, and what a command will do. */

import type { RolloutCommand, RolloutPhase, RolloutReport, RolloutStep } from '../../index.ts';
import { duration } from '../../domain/format.ts';
import type { PageDecision } from '../page-state.ts';
import { percent, runningTime } from './format.ts';

/** A sign and a word for each phase, so that colour is never the only difference. */
export const PHASES: Readonly<Record<RolloutPhase, { readonly sign: string; readonly word: string }>> = {
  progressing: { sign: '▶', word: 'progressing' },
  paused: { sign: '❚❚', word: 'paused' },
  promoted: { sign: '✓', word: 'promoted' },
  rolledBack: { sign: '✕', word: 'rolled back' },
};

export const KINDS: Readonly<Record<PageDecision['kind'], { readonly sign: string; readonly word: string }>> = {
  step: { sign: '▶', word: 'Next step' },
  promote: { sign: '✓', word: 'Promoted' },
  rollback: { sign: '✕', word: 'Rolled back' },
  pause: { sign: '❚❚', word: 'Paused' },
  resume: { sign: '▷', word: 'Resumed' },
  restart: { sign: '↻', word: 'Started again' },
  weights: { sign: '⇄', word: 'Weights' },
  alert: { sign: '!', word: 'Alert' },
  resolved: { sign: '○', word: 'Resolved' },
};

/** Who decided. */
export const BY: Readonly<Record<string, string>> = {
  evidence: 'on evidence',
  rule: 'by an alert rule',
  sampleRatio: 'because the split does not hold',
  user: 'by hand',
  options: 'by a new configuration',
};

/** `10 % of calls`, `copies of 5 %`, `a segment`. */
export function trafficOf(step: RolloutStep): string {
  switch (step.kind) {
    case 'shadow':
      return `copies of ${percent(step.to ?? step.share)}`;
    case 'segment':
      return `segment, ${percent(step.weight)}`;
    case 'weight':
      return percent(step.weight);
    default:
      return step satisfies never;
  }
}

/** Where a rollout is, in one or two sentences. */
export function summaryOf(report: RolloutReport, nowMs: number): string {
  const { phase, step, steps, sinceMs, weight, shadowShare, upstream, planned, reason } = report;
  const since = runningTime(nowMs - sinceMs);
  switch (phase) {
    case 'progressing':
    case 'paused': {
      const share =
        shadowShare > 0
          ? `${upstream} gets copies of ${percent(shadowShare)} of the calls; ${planned.stable} answers all of them`
          : `${upstream} answers ${percent(weight)} of the calls, ${planned.stable} the rest`;
      const place = `Step ${step + 1} of ${steps} since ${since}: ${share}.`;
      return phase === 'paused' ? `${place} Paused: ${reason}.` : place;
    }
    case 'promoted':
      return `Promoted ${since} ago: ${upstream} answers ${percent(weight)} of the calls.`;
    case 'rolledBack':
      return `Rolled back at step ${step + 1} of ${steps}, ${since} ago: ${reason}. ${planned.stable} answers its calls.`;
    default:
      return phase satisfies never;
  }
}

/** The commands that are possible in a phase, the usual ones first. */
export function verbsIn(phase: RolloutPhase): readonly RolloutCommand['verb'][] {
  switch (phase) {
    case 'progressing':
      return ['promote', 'pause', 'setWeight', 'rollback'];
    case 'paused':
      return ['resume', 'promote', 'setWeight', 'rollback'];
    case 'promoted':
      return ['undo'];
    case 'rolledBack':
      return ['retry'];
    default:
      return phase satisfies never;
  }
}

export const VERBS: Readonly<Record<RolloutCommand['verb'], string>> = {
  promote: 'Promote',
  pause: 'Pause',
  resume: 'Resume',
  rollback: 'Roll back',
  retry: 'Retry',
  undo: 'Undo',
  setWeight: 'Set weight',
};

/** What a command will do, for the person who confirms it. */
export function consequenceOf(command: RolloutCommand, report: RolloutReport): string {
  const { upstream, step, steps, weight, planned } = report;
  const { stable } = planned;
  switch (command.verb) {
    case 'promote': {
      if (command.full || step + 1 >= steps)
        return `${upstream} is promoted: it answers all calls, and ${stable} none but fallbacks. The guardrails judge no further. Undo brings ${stable} back.`;
      const next = planned.steps[step + 1]!;
      return `Step ${step + 2} of ${steps} begins now (${trafficOf(next)}, for at least ${duration(next.holdMs)}), although the present step is not proven. The guardrails keep watching.`;
    }
    case 'pause':
      return `No further step begins until you resume. ${upstream} keeps ${percent(weight)} of the calls, and the evidence can still roll it back.`;
    case 'resume':
      return `The rollout goes on from step ${step + 1} of ${steps}, and moves by itself again.`;
    case 'rollback':
      return command.to === undefined
        ? `${upstream} gets no more calls. Its ${percent(weight)} of the calls, and its users, go back to ${stable} at once; calls in flight finish where they are. Retry starts again at the first step.`
        : `${upstream} goes back from ${percent(weight)} to ${percent(command.to)} of the calls. The step of that weight begins again, with its hold and its proof.`;
    case 'retry':
      return `The rollout starts again at step 1 of ${steps}, without the evidence so far.${planned.steps[0] ? ` ${upstream} gets ${trafficOf(planned.steps[0])}.` : ''}`;
    case 'undo':
      return `${stable} answers all calls again, and ${upstream} counts as rolled back.`;
    case 'setWeight':
      return `${upstream} answers ${percent(command.weight)} of the calls instead of ${percent(weight)}, until the next step begins. Users move only from one side to the other by that difference.`;
    default:
      return command satisfies never;
  }
}
