import { describe, expect, test, vi } from 'vitest';
import type { Outcome } from '../../src/domain/attempt.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import { Breaker, type BreakerPolicy } from '../../src/resilience/breaker.ts';
import type { BreakerChange } from '../../src/resilience/breaker-states.ts';

const POLICY: BreakerPolicy = {
  errorRate: 0.5,
  windowMs: 30_000,
  minCalls: 20,
  consecutive: 5,
  openForMs: 10_000,
  maxOpenForMs: 60_000,
  probes: 3,
};

function setUp(policy: Partial<BreakerPolicy> = {}, probeTimeoutMs?: number) {
  const clock = new ManualClock(0);
  const changes: BreakerChange[] = [];
  const onChange = (change: BreakerChange) => changes.push(change);
  const breaker = new Breaker({ policy: { ...POLICY, ...policy }, clock, onChange, probeTimeoutMs });
  return { clock, breaker, changes };
}

/** Makes one admitted call after the other. */
function settleAll(breaker: Breaker, ...outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    const permit = breaker.admit();
    expect(permit, 'was admitted').toBeDefined();
    permit?.settle(outcome);
  }
}

const times = (count: number, outcome: Outcome): Outcome[] => Array.from({ length: count }, () => outcome);

/** Open since 0, for ten seconds. */
function setUpOpen(policy: Partial<BreakerPolicy> = {}, probeTimeoutMs?: number) {
  const all = setUp(policy, probeTimeoutMs);
  settleAll(all.breaker, ...times(5, 'failure'));
  all.changes.length = 0;
  return all;
}

/** Half-open since 10,000. */
function setUpHalfOpen(policy: Partial<BreakerPolicy> = {}, probeTimeoutMs?: number) {
  const all = setUpOpen(policy, probeTimeoutMs);
  all.clock.jump(10_000);
  expect(all.breaker.state).toEqual({ state: 'halfOpen', successes: 0 });
  all.changes.length = 0;
  return all;
}

describe('a closed breaker', () => {
  test('a late report of an old call removes nothing from the window', () => {
    const { clock, breaker } = setUp({ windowMs: 10_000, minCalls: 8, consecutive: 100 });
    clock.jump(60_000);
    settleAll(breaker, ...times(7, 'failure'));
    breaker.admit()?.settle('success', clock.now() - 15_000);
    expect(breaker.state.state).toBe('closed');
    settleAll(breaker, 'failure');
    expect(breaker.state.state).toBe('open');
  });

  test('admits every call', () => {
    const { breaker } = setUp();
    expect(breaker.state).toEqual({ state: 'closed' });
    expect(breaker.opensAtMs).toBe(0);
    expect([breaker.admit(), breaker.admit(), breaker.force()].every(Boolean)).toBe(true);
  });

  test('opens after 5 consecutive failures', () => {
    const { breaker, changes } = setUp();
    settleAll(breaker, ...times(4, 'failure'));
    expect(breaker.state.state).toBe('closed');
    settleAll(breaker, 'failure');
    expect(breaker.state).toEqual({ state: 'open', untilMs: 10_000 });
    expect(changes).toEqual([{ from: 'closed', to: 'open', reason: 'consecutive', untilMs: 10_000 }]);
  });

  test('a success resets the count of consecutive failures, a neutral or aborted call does not', () => {
    const { breaker } = setUp();
    settleAll(breaker, ...times(4, 'failure'), 'success', ...times(4, 'failure'), 'neutral', 'aborted');
    expect(breaker.state.state).toBe('closed');
    settleAll(breaker, 'failure');
    expect(breaker.state.state).toBe('open');
  });

  test('opens when the error rate reaches its limit over enough calls', () => {
    const { breaker, changes } = setUp({ consecutive: 100 });
    settleAll(breaker, ...times(10, 'success'), ...times(9, 'failure'));
    expect(breaker.state.state).toBe('closed');
    settleAll(breaker, 'failure');
    expect(changes).toEqual([{ from: 'closed', to: 'open', reason: 'errorRate', untilMs: 10_000 }]);
  });

  test('stays closed with an error rate just below the limit', () => {
    const { breaker } = setUp({ consecutive: 1000 });
    settleAll(breaker, ...times(501, 'success'), ...times(500, 'failure'));
    expect(breaker.state.state).toBe('closed');
    settleAll(breaker, 'failure');
    expect(breaker.state.state).toBe('open');
  });

  test('with a limit of 1, opens only when every call failed', () => {
    const { breaker } = setUp({ errorRate: 1, minCalls: 4, consecutive: 100 });
    settleAll(breaker, 'failure', 'failure', 'failure');
    expect(breaker.state.state).toBe('closed');
    settleAll(breaker, 'failure');
    expect(breaker.state.state).toBe('open');
  });

  test('neutral and aborted calls count neither as calls nor as failures', () => {
    const { breaker } = setUp({ minCalls: 4, consecutive: 100 });
    settleAll(breaker, 'failure', 'failure', 'failure', ...times(10, 'neutral'), ...times(10, 'aborted'));
    expect(breaker.state.state).toBe('closed');
    settleAll(breaker, 'failure');
    expect(breaker.state.state).toBe('open');
  });

  test('calls older than the window do not count', () => {
    const { clock, breaker } = setUp({ minCalls: 4, consecutive: 100 });
    settleAll(breaker, ...times(3, 'failure'));
    clock.jump(30_000);
    settleAll(breaker, 'failure', 'failure', 'failure');
    expect(breaker.state.state).toBe('closed');
  });

  test('calls younger than nine tenths of the window count', () => {
    const { clock, breaker } = setUp({ minCalls: 4, consecutive: 100 });
    settleAll(breaker, ...times(3, 'failure'));
    clock.jump(26_999);
    settleAll(breaker, 'failure');
    expect(breaker.state.state).toBe('open');
  });

  test('later calls do not shorten the time for which a call counts', () => {
    const { clock, breaker } = setUp({ minCalls: 4, consecutive: 100 });
    settleAll(breaker, 'failure');
    clock.jump(10_000);
    settleAll(breaker, 'failure');
    clock.jump(10_000);
    settleAll(breaker, 'failure');
    clock.jump(6999);
    settleAll(breaker, 'failure');
    expect(breaker.state.state).toBe('open');
  });

  test('the window slides between calls', () => {
    const { clock, breaker } = setUp({ minCalls: 20, consecutive: 100 });
    settleAll(breaker, ...times(15, 'failure'));
    for (let second = 0; second < 40; second += 1) {
      clock.jump(1000);
      settleAll(breaker, 'success');
    }
    settleAll(breaker, ...times(15, 'failure'));
    expect(breaker.state.state).toBe('closed');
  });

  test('a permit counts once', () => {
    const { breaker } = setUp();
    const permit = breaker.admit();
    for (let count = 0; count < 10; count += 1) permit?.settle('failure');
    expect(breaker.state.state).toBe('closed');
  });
});

describe('an open breaker', () => {
  test('admits no call until its open time has passed', () => {
    const { clock, breaker, changes } = setUpOpen();
    clock.jump(9999);
    expect(breaker.admit()).toBeUndefined();
    expect([breaker.state, breaker.opensAtMs]).toEqual([{ state: 'open', untilMs: 10_000 }, 10_000]);
    expect(changes).toEqual([]);
  });

  test('is half-open once its open time has passed', () => {
    const { clock, breaker, changes } = setUpOpen();
    clock.jump(10_000);
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 0 });
    expect(breaker.opensAtMs).toBe(10_000);
    expect(changes).toEqual([{ from: 'open', to: 'halfOpen', reason: 'openForElapsed', untilMs: undefined }]);
  });

  test('ignores calls that were admitted before it opened', () => {
    const { clock, breaker, changes } = setUp();
    const [early, late] = [breaker.admit(), breaker.admit()];
    settleAll(breaker, ...times(5, 'failure'));
    changes.length = 0;
    early?.settle('success');
    late?.settle('failure');
    expect(breaker.state).toEqual({ state: 'open', untilMs: 10_000 });
    clock.jump(10_000);
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 0 });
    expect(changes).toHaveLength(1);
  });

  test('leaves no timer, neither on the clock nor in the process', () => {
    const realTimer = vi.spyOn(globalThis, 'setTimeout');
    const clearReal = vi.spyOn(globalThis, 'clearTimeout');
    const { clock } = setUpOpen();
    setUpOpen({ consecutive: 100, minCalls: 5 });
    const started = realTimer.mock.results.map(({ value }) => value as unknown);
    const cleared = clearReal.mock.calls.map(([timer]) => timer as unknown);
    vi.restoreAllMocks();
    expect(clock.pendingTimers).toBe(0);
    expect(started.filter((timer) => !cleared.includes(timer))).toEqual([]);
  });
});

describe('a half-open breaker', () => {
  test('admits one call at a time', () => {
    const { breaker } = setUpHalfOpen();
    const probe = breaker.admit();
    expect(probe).toBeDefined();
    expect(breaker.admit()).toBeUndefined();
    probe?.settle('success');
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 1 });
    expect(breaker.admit()).toBeDefined();
  });

  test('closes after 3 consecutive successes', () => {
    const { breaker, changes } = setUpHalfOpen();
    settleAll(breaker, 'success', 'success');
    expect(changes).toEqual([]);
    settleAll(breaker, 'success');
    expect(breaker.state).toEqual({ state: 'closed' });
    expect(changes).toEqual([{ from: 'halfOpen', to: 'closed', reason: 'probesSucceeded', untilMs: undefined }]);
  });

  test('a failure opens it again for twice the time and resets the count of successes', () => {
    const { clock, breaker, changes } = setUpHalfOpen();
    settleAll(breaker, 'success', 'success', 'failure');
    expect(breaker.state).toEqual({ state: 'open', untilMs: 30_000 });
    expect(changes).toEqual([{ from: 'halfOpen', to: 'open', reason: 'probeFailed', untilMs: 30_000 }]);
    clock.jump(20_000);
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 0 });
  });

  test.each(['neutral', 'aborted'] as const)(
    'a call that is %s makes room for the next probe and changes nothing else',
    (outcome) => {
      const { breaker, changes } = setUpHalfOpen();
      settleAll(breaker, 'success', outcome);
      expect(breaker.state).toEqual({ state: 'halfOpen', successes: 1 });
      settleAll(breaker, 'success', outcome, 'success');
      expect(breaker.state.state).toBe('closed');
      expect(changes).toHaveLength(1);
    },
  );

  test('a probe that does not settle makes room for the next one after probeTimeoutMs, and no longer counts', () => {
    const { clock, breaker } = setUpHalfOpen({}, 5000);
    const stuck = breaker.admit();
    clock.jump(4999);
    expect(breaker.admit()).toBeUndefined();
    clock.jump(1);
    const next = breaker.admit();
    expect(next).toBeDefined();
    stuck?.settle('failure');
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 0 });
    expect(breaker.admit()).toBeUndefined();
    next?.settle('success');
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 1 });
  });

  test('a late probe still counts while there is no other', () => {
    const { clock, breaker } = setUpHalfOpen({}, 5000);
    const late = breaker.admit();
    clock.jump(9000);
    late?.settle('success');
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 1 });
  });

  test('a probe expires after ten minutes by default', () => {
    const { clock, breaker } = setUpHalfOpen();
    breaker.admit();
    clock.jump(599_999);
    expect(breaker.admit()).toBeUndefined();
    clock.jump(1);
    expect(breaker.admit()).toBeDefined();
  });

  test('a probe of an earlier half-open time neither counts nor makes room for another', () => {
    const { clock, breaker } = setUpHalfOpen({}, 5000);
    const old = breaker.admit();
    clock.jump(5000);
    breaker.admit()?.settle('failure');
    clock.jump(20_000);
    const probe = breaker.admit();
    old?.settle('success');
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 0 });
    expect(breaker.admit()).toBeUndefined();
    probe?.settle('success');
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 1 });
  });
});

test('a pending probe does not block the next half-open time', () => {
  const { clock, breaker } = setUpHalfOpen();
  breaker.admit();
  breaker.force().settle('failure');
  clock.jump(20_000);
  expect(breaker.admit()).toBeDefined();
});

describe('the open time', () => {
  /** Fails `count` probes, each as soon as it is admitted, and returns the open times. */
  function reopen(count: number): number[] {
    const { clock, breaker } = setUpOpen();
    return Array.from({ length: count }, () => {
      clock.jump(breaker.opensAtMs - clock.now());
      settleAll(breaker, 'failure');
      return breaker.opensAtMs - clock.now();
    });
  }

  /** Closes it at 10,000, opens it again after `closedMs`, and returns the open time. */
  function openAfter(closedMs: number, policy: Partial<BreakerPolicy> = {}): number {
    const { clock, breaker } = setUpHalfOpen(policy);
    settleAll(breaker, ...times(3, 'success'));
    clock.jump(closedMs);
    settleAll(breaker, ...times(5, 'failure'));
    return breaker.opensAtMs - clock.now();
  }

  test('doubles with each failed probe up to its maximum', () => {
    expect(reopen(5)).toEqual([20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  test('doubles when the breaker opens again before a healthy spell', () => {
    expect(openAfter(29_999)).toBe(20_000);
  });

  test('starts over after a healthy spell as long as the window', () => {
    expect(openAfter(30_000)).toBe(10_000);
  });

  test('starts over only after a healthy spell as long as the last open time, where that is longer', () => {
    expect(openAfter(9999, { windowMs: 1000 })).toBe(20_000);
    expect(openAfter(10_000, { windowMs: 1000 })).toBe(10_000);
  });

  test('never exceeds its maximum, not even the first time', () => {
    const { breaker } = setUpOpen({ maxOpenForMs: 4000 });
    expect(breaker.opensAtMs).toBe(4000);
  });
});

test('failures from before it opened do not open a breaker that has closed again', () => {
  const { clock, breaker } = setUp({ consecutive: 100, minCalls: 10, windowMs: 600_000 });
  settleAll(breaker, ...times(10, 'failure'));
  clock.jump(10_000);
  settleAll(breaker, ...times(3, 'success'), ...times(9, 'failure'));
  expect(breaker.state.state).toBe('closed');
});

test('a call that was admitted before the breaker opened does not count after it has closed', () => {
  const { clock, breaker } = setUp({ consecutive: 1 });
  const old = breaker.admit();
  settleAll(breaker, 'failure');
  clock.jump(10_000);
  settleAll(breaker, ...times(3, 'success'));
  old?.settle('failure');
  expect(breaker.state.state).toBe('closed');
});

describe('a forced permit', () => {
  test('is an ordinary one while the breaker is closed', () => {
    const { breaker } = setUp();
    for (let count = 0; count < 5; count += 1) breaker.force().settle('failure');
    expect(breaker.state).toEqual({ state: 'open', untilMs: 10_000 });
  });

  test('is the probe of a half-open breaker without one', () => {
    const { breaker } = setUpHalfOpen();
    breaker.force();
    expect(breaker.admit()).toBeUndefined();
  });

  test('is granted while the breaker is open, and its success counts like that of a probe', () => {
    const { breaker, changes } = setUpOpen();
    breaker.force().settle('success');
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 1 });
    settleAll(breaker, 'success', 'success');
    expect(changes.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ['open', 'halfOpen', 'probesSucceeded'],
      ['halfOpen', 'closed', 'probesSucceeded'],
    ]);
  });

  test('closes an open breaker at once when `probes` is 1', () => {
    const { breaker, changes } = setUpOpen({ probes: 1 });
    breaker.force().settle('success');
    expect(breaker.state.state).toBe('closed');
    expect(changes).toEqual([{ from: 'open', to: 'closed', reason: 'probesSucceeded', untilMs: undefined }]);
  });

  test('its success lowers opensAtMs, so that this upstream is tried before an open one', () => {
    const { clock, breaker } = setUpOpen();
    clock.jump(4000);
    breaker.force().settle('success');
    expect(breaker.opensAtMs).toBe(4000);
  });

  test('its failure restarts the open time, so that another upstream is the next last resort', () => {
    const { clock, breaker, changes } = setUpOpen();
    clock.jump(4000);
    breaker.force().settle('failure');
    expect(breaker.state).toEqual({ state: 'open', untilMs: 14_000 });
    expect(changes).toEqual([{ from: 'open', to: 'open', reason: 'probeFailed', untilMs: 14_000 }]);
  });

  test('its failures do not double an open time that has not passed', () => {
    const { breaker } = setUpOpen();
    for (let count = 0; count < 100; count += 1) breaker.force().settle('failure');
    expect(breaker.state).toEqual({ state: 'open', untilMs: 10_000 });
  });

  test('its failure doubles the open time once that has passed', () => {
    const { clock, breaker, changes } = setUpOpen();
    const forced = breaker.force();
    clock.jump(10_000);
    forced.settle('failure');
    expect(breaker.state).toEqual({ state: 'open', untilMs: 30_000 });
    expect(changes.map(({ reason }) => reason)).toEqual(['openForElapsed', 'probeFailed']);
  });

  test('is granted beside a probe in flight, and counts like one', () => {
    const { breaker } = setUpHalfOpen();
    const probe = breaker.admit();
    breaker.force().settle('success');
    expect(breaker.state).toEqual({ state: 'halfOpen', successes: 1 });
    breaker.force().settle('failure');
    expect(breaker.state.state).toBe('open');
    probe?.settle('success');
    expect(breaker.state.state).toBe('open');
  });

  test.each(['neutral', 'aborted'] as const)('a call that is %s changes nothing', (outcome) => {
    const { clock, breaker, changes } = setUpOpen();
    clock.jump(4000);
    breaker.force().settle(outcome);
    expect(breaker.state).toEqual({ state: 'open', untilMs: 10_000 });
    expect(changes).toEqual([]);
  });
});

test('a listener sees the new state', () => {
  const clock = new ManualClock(0);
  const seen: string[] = [];
  const breaker = new Breaker({ policy: POLICY, clock, onChange: () => seen.push(breaker.state.state) });
  settleAll(breaker, ...times(5, 'failure'));
  expect(seen).toEqual(['open']);
});

test('close() stops counting, and calls are still admitted', () => {
  const { breaker } = setUp();
  breaker.close();
  settleAll(breaker, ...times(50, 'failure'));
  expect(breaker.state.state).toBe('closed');
});
