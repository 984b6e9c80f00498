/** Decisions on rollouts, changes of the split and alerts, in one list for the page. */

import type { Alert, RolloutDecision, RolloutState, TrafficChange } from '../index.ts';
import { percent, threeDigits } from '../domain/format.ts';
import type { PageDecision } from './page-state.ts';

/** The most decisions that the page lists. */
const MAX_DECISIONS = 30;

export interface DecisionsOf {
  readonly rollouts: readonly { readonly steps: number; readonly history: readonly RolloutDecision[] }[];
  readonly traffic: readonly TrafficChange[];
  readonly alerts: readonly Alert[];
}

/** The latest first. */
export function latestDecisions({ rollouts, traffic, alerts }: DecisionsOf): readonly PageDecision[] {
  return [
    ...rollouts.flatMap(({ steps, history }) => history.slice(-MAX_DECISIONS).map((one) => fromRollout(one, steps))),
    ...traffic.slice(-MAX_DECISIONS).map(fromTraffic),
    ...alerts.slice(-MAX_DECISIONS).map(fromAlert),
  ]
    .toSorted((one, other) => other.atMs - one.atMs)
    .slice(0, MAX_DECISIONS);
}

function fromRollout({ atMs, upstream, verb, by, reason, from, to }: RolloutDecision, steps: number): PageDecision {
  const change = `${placeOf(from, steps)} → ${placeOf(to, steps)}`;
  return { atMs, kind: kindOf(verb, to), upstream, by, change, reason };
}

function kindOf(verb: RolloutDecision['verb'], to: RolloutState): PageDecision['kind'] {
  switch (verb) {
    case 'promote':
      return to.phase === 'promoted' ? 'promote' : 'step';
    case 'rollback':
      return to.phase === 'rolledBack' ? 'rollback' : 'step';
    case 'undo':
      return 'rollback';
    case 'retry':
    case 'restart':
      return 'restart';
    case 'setWeight':
      return 'weights';
    case 'pause':
    case 'resume':
      return verb;
    default:
      return verb satisfies never;
  }
}

function placeOf(state: RolloutState, steps: number): string {
  switch (state.phase) {
    case 'promoted':
      return 'promoted';
    case 'rolledBack':
      return 'rolled back';
    case 'paused':
      return `paused at step ${state.step + 1}`;
    case 'progressing':
      return `step ${state.step + 1} of ${steps}${state.weight === undefined ? '' : ` at ${percent(state.weight)}`}`;
    default:
      return state satisfies never;
  }
}

function fromTraffic({ atMs, action, reason, weightsBefore, weightsAfter }: TrafficChange): PageDecision {
  const change = `${sharesOf(weightsBefore)} → ${sharesOf(weightsAfter)}`;
  return {
    atMs,
    kind: 'weights',
    upstream: '',
    by: action === 'rollback' ? 'rule' : 'user',
    change,
    reason: reason ?? action,
  };
}

function sharesOf(weights: Readonly<Record<string, number>>): string {
  const shares = Object.entries(weights).filter(([, weight]) => weight > 0);
  return shares.map(([name, weight]) => `${name} ${percent(weight)}`).join(', ');
}

function fromAlert({ atMs, name, state, upstream = '', metric, value, bound, reason }: Alert): PageDecision {
  const limit = bound === undefined ? '' : 'above' in bound ? `, above ${bound.above}` : `, below ${bound.below}`;
  const measured = value === null ? `${metric} has no value` : `${metric} is ${threeDigits(value)}`;
  const firing = state === 'firing';
  return {
    atMs,
    kind: firing ? 'alert' : 'resolved',
    upstream,
    by: 'rule',
    change: firing ? `${name} fires` : `${name} has resolved`,
    reason: reason ?? `${measured}${firing ? limit : ''}`,
  };
}
