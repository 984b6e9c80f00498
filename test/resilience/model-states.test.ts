import { expect, test } from 'vitest';
import { Breaker } from '../../src/resilience/breaker.ts';
import { ModelStates, worstBreaker } from '../../src/resilience/model-states.ts';
import { ManualClock } from '../../src/testing/index.ts';

const POLICY = {
  errorRate: 0.5,
  windowMs: 30_000,
  minCalls: 20,
  consecutive: 1,
  openForMs: 5_000,
  maxOpenForMs: 15_000,
  probes: 1,
};

function setUp(maxModels?: number) {
  const clock = new ManualClock();
  const createBreaker = (): Breaker => new Breaker({ policy: POLICY, clock });
  return { clock, states: new ModelStates({ clock, createBreaker, maxModels }) };
}

test('keeps one state for each model', () => {
  const { states } = setUp();
  expect(states.of('a')).toBe(states.of('a'));
  expect(states.of('a')).not.toBe(states.of('b'));
  expect(states.all.map(({ model }) => model)).toEqual(['a', 'b']);
});

test('reading the state of a new model makes none', () => {
  const { states } = setUp();
  expect(states.peek('a').breaker).toBeUndefined();
  expect(states.all).toEqual([]);
});

test('a new model replaces the least recently used one', () => {
  const { states } = setUp(2);
  states.of('a');
  states.of('b');
  states.of('a');
  states.of('c');
  expect(states.all.map(({ model }) => model)).toEqual(['a', 'c']);
});

test('a rate limit pauses one model, a quota all models, and a success ends both', () => {
  const { clock, states } = setUp();
  const nowMs = clock.now();
  const [one, other] = [states.of('a'), states.of('b')];
  one.pause.pause('rateLimit', 1_000);
  expect([one.pause.reason(nowMs), other.pause.reason(nowMs)]).toEqual(['rateLimit', null]);
  one.pause.pause('quota', 2_000);
  expect([one.pause.reason(nowMs), other.pause.reason(nowMs), states.peek('new').pause.reason(nowMs)]).toEqual([
    'quota',
    'quota',
    'quota',
  ]);
  other.pause.clear();
  expect([one.pause.reason(nowMs), other.pause.reason(nowMs)]).toEqual(['rateLimit', null]);
});

test('the worst breaker is the one that opens last, then a half-open one', async () => {
  const { clock, states } = setUp();
  states.of('a').breaker?.admit()?.settle('failure');
  expect(worstBreaker(states.all)).toEqual({ state: 'open', untilMs: clock.now() + 5_000 });
  await clock.advance(1_000);
  states.of('b').breaker?.admit()?.settle('failure');
  states.of('c');
  expect(worstBreaker(states.all)).toEqual({ state: 'open', untilMs: clock.now() + 5_000 });
  await clock.advance(5_000);
  expect(worstBreaker(states.all)).toEqual({ state: 'halfOpen', successes: 0 });
  expect(worstBreaker([states.of('c')])).toEqual({ state: 'closed' });
});
