/** What each verb does in each phase. */

import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { RolloutState } from '../../src/domain/rollout.ts';
import { started, transition, type RolloutEvent } from '../../src/rollout/transition.ts';

const STEPS = 3;
const EVENTS = {
  promote: { verb: 'promote' },
  promoteFull: { verb: 'promote', full: true },
  pause: { verb: 'pause', reason: 'lunch', by: 'user' },
  resume: { verb: 'resume' },
  rollback: { verb: 'rollback', reason: 'bad', by: 'user' },
  retry: { verb: 'retry' },
  undo: { verb: 'undo' },
  setWeight: { verb: 'setWeight', weight: 0.3 },
} as const satisfies Record<string, RolloutEvent>;

const begun = started(1, 0);
const states = {
  progressing: { phase: 'progressing', run: 1, step: 1, sinceMs: 5 },
  paused: { phase: 'paused', run: 1, step: 1, sinceMs: 5, reason: 'lunch', by: 'user' },
  promoted: { phase: 'promoted', run: 1, atMs: 5 },
  rolledBack: { phase: 'rolledBack', run: 1, step: 1, reason: 'bad', by: 'user', atMs: 5 },
} as const satisfies Record<string, RolloutState>;

const after = (state: RolloutState, ...events: readonly RolloutEvent[]): RolloutState | undefined =>
  events.reduce<RolloutState | undefined>((at, event) => at && transition(at, event, STEPS, 9), state);

describe('the verbs', () => {
  test('promote begins the next step, and promotes the canary after the last one', () => {
    expect(after(begun, EVENTS.promote)).toEqual({ phase: 'progressing', run: 1, step: 1, sinceMs: 9 });
    expect(after(begun, EVENTS.promote, EVENTS.promote, EVENTS.promote)).toEqual({
      phase: 'promoted',
      run: 1,
      atMs: 9,
    });
  });

  test('promote in full leaves out the steps between', () => {
    expect(after(begun, EVENTS.promoteFull)).toMatchObject({ phase: 'promoted' });
  });

  test('a pause keeps the step, and resume goes on with it', () => {
    const paused = after(states.progressing, EVENTS.pause);
    expect(paused).toMatchObject({ phase: 'paused', step: 1, sinceMs: 5, reason: 'lunch' });
    expect(after(paused!, EVENTS.resume)).toMatchObject({ phase: 'progressing', step: 1, sinceMs: 5 });
  });

  test('retry starts over after a rollback, and counts the runs', () => {
    expect(after(states.rolledBack, EVENTS.retry)).toEqual({ phase: 'progressing', run: 2, step: 0, sinceMs: 9 });
  });

  test('undo takes a promotion back', () => {
    expect(after(states.promoted, EVENTS.undo)).toMatchObject({ phase: 'rolledBack', by: 'undo' });
  });

  test('a weight set by hand lasts until the next step', () => {
    const weighted = after(states.progressing, EVENTS.setWeight);
    expect(weighted).toMatchObject({ step: 1, weight: 0.3 });
    expect(after(weighted!, EVENTS.pause, EVENTS.resume)).toMatchObject({ step: 1, weight: 0.3 });
    expect(after(weighted!, EVENTS.promote)).toEqual({ phase: 'progressing', run: 1, step: 2, sinceMs: 9 });
  });

  test.each([
    ['pause', states.paused],
    ['resume', states.progressing],
    ['rollback', states.rolledBack],
    ['promote', states.promoted],
    ['retry', after(states.rolledBack, EVENTS.retry)!],
    ['undo', after(states.promoted, EVENTS.undo)!],
    ['setWeight', after(states.progressing, EVENTS.setWeight)!],
  ] as const)('%s changes nothing where it holds already', (name, state) => {
    expect(after(state, EVENTS[name])).toBe(state);
  });

  test.each([
    ['retry', 'progressing'],
    ['retry', 'paused'],
    ['retry', 'promoted'],
    ['undo', 'progressing'],
    ['undo', 'paused'],
    ['undo', 'rolledBack'],
    ['pause', 'promoted'],
    ['pause', 'rolledBack'],
    ['resume', 'promoted'],
    ['resume', 'rolledBack'],
    ['promote', 'rolledBack'],
    ['setWeight', 'promoted'],
    ['setWeight', 'rolledBack'],
    ['rollback', 'promoted'],
  ] as const)('%s makes no sense while %s', (name, phase) => {
    expect(after(states[phase], EVENTS[name])).toBeUndefined();
  });

  test('an alert rule may take a promoted canary out of service', () => {
    expect(after(states.promoted, { verb: 'rollback', reason: 'errors', by: 'rule' })).toMatchObject({
      phase: 'rolledBack',
      by: 'rule',
    });
  });
});

test('whatever happens in whatever order, the step exists, and only retry() leaves a rollback', () => {
  const event = fc.constantFrom<RolloutEvent>(...Object.values(EVENTS));
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const seen: { from: RolloutState; to: RolloutState; verb: string }[] = [];
      for (const happened of events) {
        const from = seen.at(-1)?.to ?? begun;
        seen.push({ from, to: transition(from, happened, STEPS, 9) ?? from, verb: happened.verb });
      }
      const steps = seen.map(({ to }) => ('step' in to ? to.step : 0));
      const left = seen.filter(({ from, to }) => from.phase === 'rolledBack' && to !== from);
      expect(steps.filter((step) => step < 0 || step >= STEPS)).toEqual([]);
      expect(left.filter(({ verb }) => verb !== 'retry')).toEqual([]);
    }),
    { seed: 1 },
  );
});
