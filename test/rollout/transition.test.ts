/** The effect of each verb in each phase. */

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
  test('promote starts the next step, and promotes the canary after the last one', () => {
    expect(after(begun, EVENTS.promote)).toEqual({ phase: 'progressing', run: 1, step: 1, sinceMs: 9 });
    expect(after(begun, EVENTS.promote, EVENTS.promote, EVENTS.promote)).toEqual({
      phase: 'promoted',
      run: 1,
      atMs: 9,
    });
  });

  test('promote with `full` skips the steps in between', () => {
    expect(after(begun, EVENTS.promoteFull)).toMatchObject({ phase: 'promoted' });
  });

  test('pause keeps the step, and resume continues it', () => {
    const paused = after(states.progressing, EVENTS.pause);
    expect(paused).toMatchObject({ phase: 'paused', step: 1, sinceMs: 5, reason: 'lunch' });
    expect(after(paused!, EVENTS.resume)).toMatchObject({ phase: 'progressing', step: 1, sinceMs: 5 });
  });

  test('retry starts over after a rollback and increments the run', () => {
    expect(after(states.rolledBack, EVENTS.retry)).toEqual({ phase: 'progressing', run: 2, step: 0, sinceMs: 9 });
  });

  test('undo reverts a promotion', () => {
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
  ] as const)('%s changes nothing in the state it leads to', (name, state) => {
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
  ] as const)('%s is not possible while %s', (name, phase) => {
    expect(after(states[phase], EVENTS[name])).toBeUndefined();
  });

  test.each(['rule', 'user', 'evidence'] as const)('rollback by %s is possible after the promotion', (by) => {
    expect(after(states.promoted, { verb: 'rollback', reason: 'errors', by })).toMatchObject({
      phase: 'rolledBack',
      by,
    });
  });
});

test('in any order of verbs the step exists, and only retry() leaves the phase rolledBack', () => {
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
