/** The states of a breaker and its transitions. */

import type { BreakerReason, BreakerState, Outcome } from '../domain/attempt.ts';
import type { Clock } from '../time/clock.ts';
import { FailureWindow, type FailureWindowPolicy } from './failure-window.ts';

export interface BreakerStatesPolicy extends FailureWindowPolicy {
  /** The first open time in ms. It doubles each time the breaker opens without a healthy spell before. */
  readonly openForMs: number;
  /** The longest open time in ms. */
  readonly maxOpenForMs: number;
  /** Successes in a row, one call at a time, that close a half-open breaker. */
  readonly probes: number;
}

/** A change of state, or an open breaker whose open time starts over. */
export interface BreakerChange {
  readonly from: BreakerState['state'];
  readonly to: BreakerState['state'];
  readonly reason: BreakerReason;
  /** When an open breaker lets a probe through, in ms since the Unix epoch. */
  readonly untilMs: number | undefined;
}

/** Starts closed. It has no timers: an open breaker turns half-open when its state is read. */
export class BreakerStates {
  readonly #policy: BreakerStatesPolicy;
  readonly #clock: Clock;
  readonly #onChange: ((change: BreakerChange) => void) | undefined;
  readonly #window: FailureWindow;
  #current: BreakerState = CLOSED;
  #era = 0;
  #closedAtMs = -Infinity;
  #openMs = 0;
  #openedAtMs = 0;
  #openUntilMs = 0;

  constructor(policy: BreakerStatesPolicy, clock: Clock, onChange: ((change: BreakerChange) => void) | undefined) {
    this.#policy = policy;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#window = new FailureWindow(policy, clock.now());
  }

  get current(): BreakerState {
    if (this.#current.state === 'open' && this.#clock.now() >= this.#openUntilMs) {
      this.#become({ state: 'halfOpen', successes: 0 }, 'openForElapsed');
    }
    return this.#current;
  }

  /** Increases when the breaker opens from another state and when it closes. */
  get era(): number {
    return this.#era;
  }

  /** When the last open time ends or ended; 0 before the first. */
  get openUntilMs(): number {
    return this.#openUntilMs;
  }

  /** Counts a call that the closed breaker admitted. */
  callEnded(outcome: Outcome, atMs = this.#clock.now()): void {
    if (outcome !== 'success' && outcome !== 'failure') return;
    const reason = this.#window.add(outcome, atMs);
    if (reason !== undefined) this.#open(reason);
  }

  /**
   * Counts a probe. A failure while the breaker is still open restarts its open time, but neither doubles it nor keeps the breaker open
   * for longer than `maxOpenForMs` without a probe.
   */
  probeEnded(outcome: Outcome): void {
    if (outcome === 'success') this.#countProbe();
    else if (outcome === 'failure' && this.current.state === 'open') this.#stayOpen();
    else if (outcome === 'failure') this.#open('probeFailed');
  }

  /** Opens after fewer failures in a row until `untilMs`. */
  beware(untilMs: number): void {
    this.#window.beware(untilMs);
  }

  /** Ends the open time, if it has lasted for the shortest one. */
  probeEarlier(): void {
    const nowMs = this.#clock.now();
    if (this.#current.state !== 'open' || nowMs < this.#openedAtMs + this.#policy.openForMs) return;
    this.#openUntilMs = Math.min(this.#openUntilMs, nowMs);
  }

  close(): void {
    this.#window.close();
  }

  #countProbe(): void {
    const state = this.current;
    const successes = state.state === 'halfOpen' ? state.successes + 1 : 1;
    this.#openUntilMs = Math.min(this.#openUntilMs, this.#clock.now());
    if (successes < this.#policy.probes) this.#become({ state: 'halfOpen', successes }, 'probesSucceeded');
    else this.#returnToService();
  }

  #returnToService(): void {
    this.#era += 1;
    this.#closedAtMs = this.#clock.now();
    // Earlier failures must not open it again.
    this.#window.clear(this.#closedAtMs);
    this.#become(CLOSED, 'probesSucceeded');
  }

  #open(reason: BreakerReason): void {
    const closedForMs = this.#current.state === 'closed' ? this.#clock.now() - this.#closedAtMs : 0;
    this.#era += 1;
    this.#openFor(nextOpenMs(this.#policy, this.#openMs, closedForMs), reason);
  }

  #openFor(openMs: number, reason: BreakerReason): void {
    this.#openMs = openMs;
    this.#openedAtMs = this.#clock.now();
    this.#openUntil(this.#openedAtMs + openMs, reason);
  }

  #stayOpen(): void {
    const longestMs = this.#openedAtMs + this.#policy.maxOpenForMs;
    this.#openUntil(Math.min(this.#clock.now() + this.#openMs, longestMs), 'probeFailed');
  }

  #openUntil(untilMs: number, reason: BreakerReason): void {
    this.#openUntilMs = untilMs;
    this.#become({ state: 'open', untilMs }, reason);
  }

  #become(state: BreakerState, reason: BreakerReason): void {
    const from = this.#current.state;
    this.#current = state;
    if (from === state.state && state.state !== 'open') return;
    const untilMs = state.state === 'open' ? state.untilMs : undefined;
    this.#onChange?.({ from, to: state.state, reason, untilMs });
  }
}

const CLOSED: BreakerState = { state: 'closed' };

/**
 * The next open time in ms. A spell was healthy when the breaker was closed for at least the window and for at least as long as
 * it was last open.
 *
 * @param lastMs the last open time; 0 before the first
 * @param closedForMs how long the breaker was closed; 0 when it was half-open, Infinity before the first opening
 */
function nextOpenMs(policy: BreakerStatesPolicy, lastMs: number, closedForMs: number): number {
  const isHealthy = closedForMs >= Math.max(lastMs, policy.windowMs);
  return Math.min(isHealthy ? policy.openForMs : 2 * lastMs, policy.maxOpenForMs);
}
