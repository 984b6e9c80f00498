/** The circuit breaker: takes an upstream out of service when it fails, and back when it has recovered. */

import type { BreakerState, Outcome } from '../domain/attempt.ts';
import type { Clock } from '../time/clock.ts';
import { BreakerStates, type BreakerChange, type BreakerStatesPolicy } from './breaker-states.ts';

/** When the breaker opens, and how it closes again. */
export type BreakerPolicy = BreakerStatesPolicy;

/** The right to make one attempt. */
export interface Permit {
  /**
   * Reports how the attempt ended, at `atMs` or now. Only the first report counts, and a report counts only until the breaker
   * next opens or closes. `neutral` and `aborted` only make room for the next probe.
   */
  settle(outcome: Outcome, atMs?: number): void;
}

export interface BreakerInput {
  readonly policy: BreakerPolicy;
  readonly clock: Clock;
  /** Called after each change. Must not throw. */
  readonly onChange?: ((change: BreakerChange) => void) | undefined;
  /** A probe that has not settled after this time gives its place to the next call and then no longer counts, in ms. @default 600_000 */
  readonly probeTimeoutMs?: number | undefined;
}

/** Starts closed. */
export class Breaker {
  readonly #clock: Clock;
  readonly #probeTimeoutMs: number;
  readonly #states: BreakerStates;
  /** The probe in flight; it holds the only place of its era. */
  #probe: { readonly era: number; readonly expiresAtMs: number } | undefined;

  constructor({ policy, clock, onChange, probeTimeoutMs = 600_000 }: BreakerInput) {
    this.#clock = clock;
    this.#probeTimeoutMs = probeTimeoutMs;
    this.#states = new BreakerStates(policy, clock, onChange);
  }

  /** Reading it turns an open breaker half-open once its open time has passed. */
  get state(): BreakerState {
    return this.#states.current;
  }

  /** Orders upstreams for a last resort, smallest first: 0 when closed, else when the open time ends or ended. */
  get opensAtMs(): number {
    return this.state.state === 'closed' ? 0 : this.#states.openUntilMs;
  }

  /** `undefined` while open, and while half-open with a probe in flight. */
  admit(): Permit | undefined {
    const { state } = this;
    switch (state.state) {
      case 'closed':
        return new EraPermit(this.#states, this.#callEnded);
      case 'open':
        return undefined;
      case 'halfOpen':
        return this.#admitProbe();
      default:
        return state satisfies never;
    }
  }

  /**
   * A permit in any state, for a call that has no other upstream. Where `admit()` would refuse, it counts as a probe. A success
   * counts towards closing, even of an open breaker. A failure restarts the open time, and doubles it only if it had passed:
   * otherwise a short outage of all upstreams would drive it to its maximum.
   */
  force(): Permit {
    return this.admit() ?? new EraPermit(this.#states, (outcome) => this.#states.probeEnded(outcome));
  }

  /**
   * Until `untilMs`, fewer failures in a row open a closed breaker: those of other processes have opened. Successes keep it closed as
   * ever.
   */
  beware(untilMs: number): void {
    this.#states.beware(untilMs);
  }

  /** Admits the next probe of an open breaker now, if it has been open for its first open time: that of another process has closed. */
  probeEarlier(): void {
    this.#states.probeEarlier();
  }

  /** Stops counting. There are no timers to stop. */
  close(): void {
    this.#states.close();
  }

  readonly #callEnded: Settle = (outcome, atMs) => this.#states.callEnded(outcome, atMs);

  #admitProbe(): Permit | undefined {
    const { era } = this.#states;
    const nowMs = this.#clock.now();
    if (this.#probe?.era === era && nowMs < this.#probe.expiresAtMs) return undefined;
    const probe = { era, expiresAtMs: nowMs + this.#probeTimeoutMs };
    this.#probe = probe;
    return new EraPermit(this.#states, (outcome) => {
      if (this.#probe !== probe) return;
      this.#probe = undefined;
      this.#states.probeEnded(outcome);
    });
  }
}

type Settle = (outcome: Outcome, atMs: number | undefined) => void;

/** Has no effect after the era in which it was granted. */
class EraPermit implements Permit {
  readonly #states: BreakerStates;
  readonly #era: number;
  #settle: Settle | undefined;

  constructor(states: BreakerStates, settle: Settle) {
    this.#states = states;
    this.#era = states.era;
    this.#settle = settle;
  }

  settle(outcome: Outcome, atMs?: number): void {
    const settle = this.#settle;
    this.#settle = undefined;
    if (settle && this.#era === this.#states.era) settle(outcome, atMs);
  }
}
