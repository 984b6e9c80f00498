/** The state machine of a rollout: `(state, event) → state`. */

import type { RollbackCause, RolloutState, RolloutStep } from '../domain/rollout.ts';

/** What can happen to a rollout. */
export type RolloutEvent =
  | {
      readonly verb: 'promote';
      readonly full?: boolean | undefined;
      /** What stable keeps in the next step, if that has a weight of 1. */
      readonly holdback?: number | undefined;
    }
  | { readonly verb: 'pause'; readonly reason: string; readonly by: 'user' | 'sampleRatio' }
  | { readonly verb: 'resume' }
  | {
      readonly verb: 'rollback';
      readonly reason: string;
      readonly by: RollbackCause;
      /** The earlier weight to go back to, 0–1, and its step; absent, the canary is taken out of service. */
      readonly to?: number | undefined;
      readonly step?: number | undefined;
    }
  | { readonly verb: 'retry' }
  | { readonly verb: 'undo' }
  | { readonly verb: 'setWeight'; readonly weight: number };

/** The first state of a run. */
export function started(run: number, atMs: number): RolloutState {
  return { phase: 'progressing', run, step: 0, sinceMs: atMs };
}

/**
 * The state after `event`. Returns the same object if the event changes nothing, and `undefined` if the event is not possible in this
 * phase.
 *
 * @param stepCount the number of steps; promoting the last one promotes the canary
 */
export function transition(
  state: RolloutState,
  event: RolloutEvent,
  stepCount: number,
  atMs: number,
): RolloutState | undefined {
  switch (state.phase) {
    case 'progressing':
      return whileProgressing(state, event, stepCount, atMs);
    case 'paused':
      return whilePaused(state, event, stepCount, atMs);
    case 'promoted':
      return whenPromoted(state, event, stepCount, atMs);
    case 'rolledBack':
      return whenRolledBack(state, event, atMs);
    default:
      return state satisfies never;
  }
}

type In<Phase extends RolloutState['phase']> = Extract<RolloutState, { phase: Phase }>;

function whileProgressing(
  state: In<'progressing'>,
  event: RolloutEvent,
  stepCount: number,
  atMs: number,
): RolloutState | undefined {
  const { run, step, sinceMs, weight } = state;
  switch (event.verb) {
    case 'promote':
      return event.full || step + 1 >= stepCount
        ? { phase: 'promoted', run, atMs }
        : { phase: 'progressing', run, step: step + 1, sinceMs: atMs, ...holdbackOf(event) };
    case 'pause':
      return { phase: 'paused', run, step, sinceMs, weight, ...keptOf(state), reason: event.reason, by: event.by };
    case 'resume':
      return state;
    case 'rollback':
      return event.to === undefined
        ? { phase: 'rolledBack', run, step, reason: event.reason, by: event.by, atMs }
        : { phase: 'progressing', run, ...earlier(event, atMs) };
    case 'retry':
      // A second `retry()` changes nothing.
      return run > 1 && step === 0 ? state : undefined;
    case 'undo':
      return undefined;
    case 'setWeight':
      return event.weight === weight ? state : { ...state, weight: event.weight };
    default:
      return event satisfies never;
  }
}

function whilePaused(
  state: In<'paused'>,
  event: RolloutEvent,
  stepCount: number,
  atMs: number,
): RolloutState | undefined {
  const { run, step, sinceMs, weight } = state;
  if (event.verb === 'rollback' && event.to !== undefined) return { ...state, ...earlier(event, atMs) };
  switch (event.verb) {
    case 'pause':
      return state;
    case 'resume':
      return { phase: 'progressing', run, step, sinceMs, weight, ...keptOf(state) };
    case 'setWeight':
      return event.weight === weight ? state : { ...state, weight: event.weight };
    case 'promote':
    case 'rollback':
    case 'retry':
    case 'undo':
      return whileProgressing(
        { phase: 'progressing', run, step, sinceMs, weight, ...keptOf(state) },
        event,
        stepCount,
        atMs,
      );
    default:
      return event satisfies never;
  }
}

const holdbackOf = ({ holdback }: { readonly holdback?: number | undefined }): { readonly holdback?: number } =>
  holdback === undefined ? {} : { holdback };

/** What a pause keeps of a step. */
const keptOf = ({
  holdback,
  shadowShare,
}: Pick<In<'progressing'>, 'holdback' | 'shadowShare'>): Pick<In<'progressing'>, 'holdback' | 'shadowShare'> => ({
  ...holdbackOf({ holdback }),
  ...(shadowShare !== undefined && { shadowShare }),
});

/** The part of a state that is back at an earlier weight. Its step begins again. */
function earlier({ to, step = 0 }: Extract<RolloutEvent, { verb: 'rollback' }>, atMs: number) {
  return { step, sinceMs: atMs, weight: to, holdback: undefined, shadowShare: undefined };
}

/** The step to go back to for a weight: the last one that does not exceed it, or the first with a weight. */
export function stepAt(steps: readonly RolloutStep[], weight: number): number {
  const last = steps.findLastIndex((step) => step.kind === 'weight' && step.weight <= weight);
  return last >= 0
    ? last
    : Math.max(
        0,
        steps.findIndex(({ kind }) => kind === 'weight'),
      );
}

function whenPromoted(
  state: In<'promoted'>,
  event: RolloutEvent,
  stepCount: number,
  atMs: number,
): RolloutState | undefined {
  if (event.verb === 'promote') return state;
  // A rollback is always possible: an alert rule, and people, watch the upstream after the end of the rollout, too.
  if (event.verb !== 'undo' && event.verb !== 'rollback') return undefined;
  if (event.verb === 'rollback' && event.to !== undefined)
    return { phase: 'progressing', run: state.run, ...earlier(event, atMs) };
  const [reason, by] =
    event.verb === 'undo' ? (['promotion undone', 'undo'] as const) : ([event.reason, event.by] as const);
  return { phase: 'rolledBack', run: state.run, step: stepCount - 1, reason, by, atMs };
}

function whenRolledBack(state: In<'rolledBack'>, event: RolloutEvent, atMs: number): RolloutState | undefined {
  if (event.verb === 'retry') return started(state.run + 1, atMs);
  const already =
    (event.verb === 'rollback' && event.to === undefined) || (event.verb === 'undo' && state.by === 'undo');
  return already ? state : undefined;
}

/** Whether both states send the canary the same calls. */
export function sendsSameCalls(one: RolloutState, other: RolloutState): boolean {
  const [of, and] = [one, other].map(({ phase, run, ...rest }) => {
    const { step, weight } = 'sinceMs' in rest ? rest : { step: undefined, weight: undefined };
    return `${phase} ${run} ${step} ${weight}`;
  });
  return of === and;
}
