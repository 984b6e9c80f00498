import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BreakerState, Outcome } from '../../src/domain/attempt.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { Breaker, type BreakerPolicy, type Permit } from '../../src/resilience/breaker.ts';

const POLICY: BreakerPolicy = {
  errorRate: 0.5,
  windowMs: 1000,
  minCalls: 6,
  consecutive: 3,
  openForMs: 100,
  maxOpenForMs: 450,
  probes: 2,
};
const PROBE_TIMEOUT_MS = 300;

/** The specification's model of the breaker: its state, and which permits count. */
interface Model {
  state: BreakerState['state'];
  successes: number;
  /** Failures without a success between them, and calls since the breaker closed. */
  failuresInARow: number;
  calls: number;
  probe: Held | undefined;
  held: Held[];
}

interface Held {
  readonly permit: Permit;
  readonly probe: boolean;
  readonly grantedAtMs: number;
  /** Its outcome no longer counts. */
  stale: boolean;
}

interface Real {
  readonly breaker: Breaker;
  readonly clock: ManualClock;
}

type Command = fc.Command<Model, Real>;

/** Copies the breaker's state into the model and asserts the rules for each step. */
function follow(model: Model, { breaker, clock }: Real): void {
  const { state } = breaker;
  if (state.state === 'open') {
    const openMs = state.untilMs - clock.now();
    expect(openMs).toBeGreaterThan(0);
    expect(openMs).toBeLessThanOrEqual(POLICY.maxOpenForMs);
  }
  if (state.state !== model.state) {
    if (state.state !== 'halfOpen') for (const held of model.held) held.stale = true;
    if (state.state === 'closed') Object.assign(model, { failuresInARow: 0, calls: 0 });
    Object.assign(model, { state: state.state, probe: undefined });
  }
  model.successes = state.state === 'halfOpen' ? state.successes : 0;
}

class Admit implements Command {
  check = () => true;

  run(model: Model, real: Real): void {
    const nowMs = real.clock.now();
    const permit = real.breaker.admit();
    follow(model, real);
    const { probe } = model;
    const placeTaken = probe !== undefined && nowMs < probe.grantedAtMs + PROBE_TIMEOUT_MS;
    const expected = model.state === 'closed' || (model.state === 'halfOpen' && !placeTaken);
    expect(permit !== undefined, `admitted while ${model.state}`).toBe(expected);
    if (!permit) return;
    const isProbe = model.state === 'halfOpen';
    const held: Held = { permit, probe: isProbe, grantedAtMs: nowMs, stale: false };
    if (probe && isProbe) probe.stale = true;
    if (isProbe) model.probe = held;
    model.held.push(held);
  }

  toString = () => 'admit';
}

class Settle implements Command {
  readonly #pick: number;
  readonly #outcome: Outcome;

  constructor(pick: number, outcome: Outcome) {
    this.#pick = pick;
    this.#outcome = outcome;
  }

  check = (model: Readonly<Model>) => model.held.length > 0;

  run(model: Model, real: Real): void {
    const outcome = this.#outcome;
    const [held] = model.held.splice(this.#pick % model.held.length, 1);
    if (!held) return;
    const before = real.breaker.state;
    follow(model, real);
    held.permit.settle(outcome);
    const after = real.breaker.state;
    if (held.stale || outcome === 'neutral' || outcome === 'aborted') {
      expect(after).toEqual(before);
      if (model.probe === held) model.probe = undefined;
    } else if (held.probe) {
      model.probe = undefined;
      if (outcome === 'failure') expect(after.state).toBe('open');
      else if (model.successes + 1 === POLICY.probes) expect(after).toEqual({ state: 'closed' });
      else expect(after).toEqual({ state: 'halfOpen', successes: model.successes + 1 });
    } else {
      model.calls += 1;
      model.failuresInARow = outcome === 'failure' ? model.failuresInARow + 1 : 0;
      if (outcome === 'success') expect(after.state).toBe('closed');
      if (model.failuresInARow >= POLICY.consecutive) expect(after.state).toBe('open');
      else if (model.calls < POLICY.minCalls) expect(after.state).toBe('closed');
    }
    follow(model, real);
  }

  toString = () => `settle #${this.#pick} as ${this.#outcome}`;
}

class Advance implements Command {
  readonly #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  check = () => true;

  run(model: Model, real: Real): void {
    const before = real.breaker.state;
    follow(model, real);
    real.clock.jump(this.#ms);
    const after = real.breaker.state;
    if (before.state === 'open') expect(after.state).toBe(real.clock.now() >= before.untilMs ? 'halfOpen' : 'open');
    else expect(after).toEqual(before);
    follow(model, real);
  }

  toString = () => `advance ${this.#ms} ms`;
}

test('keeps its rules for any sequence of events', () => {
  const outcome = fc.constantFrom<Outcome>('success', 'success', 'failure', 'failure', 'failure', 'neutral', 'aborted');
  const commands = fc.commands(
    [
      fc.constant(new Admit()),
      fc.constant(new Admit()),
      fc.tuple(fc.nat(20), outcome).map(([pick, how]) => new Settle(pick, how)),
      fc.tuple(fc.nat(20), outcome).map(([pick, how]) => new Settle(pick, how)),
      fc.nat(250).map((ms) => new Advance(ms)),
    ],
    { maxCommands: 200, size: 'max' },
  );
  const statesSeen = new Set<string>();
  fc.assert(
    fc.property(commands, (sequence) => {
      const clock = new ManualClock(0);
      const onChange = ({ from, to }: { from: string; to: string }) => void statesSeen.add(`${from} → ${to}`);
      const breaker = new Breaker({ policy: POLICY, clock, onChange, probeTimeoutMs: PROBE_TIMEOUT_MS });
      const model: Model = {
        state: 'closed',
        successes: 0,
        failuresInARow: 0,
        calls: 0,
        probe: undefined,
        held: [],
      };
      fc.modelRun(() => ({ model, real: { breaker, clock } }), sequence);
    }),
    { numRuns: 300, seed: 20260101 },
  );
  expect([...statesSeen].toSorted()).toEqual([
    'closed → open',
    'halfOpen → closed',
    'halfOpen → open',
    'open → halfOpen',
  ]);
});

test('grants every forced permit, and keeps open times within their bounds', () => {
  const step = fc.oneof(fc.nat(250), fc.constantFrom<Outcome>('success', 'failure', 'failure', 'neutral', 'aborted'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const clock = new ManualClock(0);
      const breaker = new Breaker({ policy: POLICY, clock, probeTimeoutMs: PROBE_TIMEOUT_MS });
      for (const next of steps) {
        if (typeof next === 'number') clock.jump(next);
        else breaker.force().settle(next);
        const { state } = breaker;
        if (state.state !== 'open') continue;
        expect(state.untilMs).toBeGreaterThan(clock.now());
        expect(state.untilMs).toBeLessThanOrEqual(clock.now() + POLICY.maxOpenForMs);
      }
    }),
    { seed: 20260101 },
  );
});
