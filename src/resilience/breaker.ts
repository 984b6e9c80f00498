/** Takes an upstream out of service when it fails, and back when it has recovered. */

import type { BreakerState, Outcome } from '../domain/attempt.ts';
import type { Clock } from '../time/clock.ts';
import { BreakerStates, type BreakerChange, type BreakerStatesPolicy } from './breaker-states.ts';

/** When to open, and how to come back. */
export type BreakerPolicy = BreakerStatesPolicy;

/** The right to make one attempt. */
export interface Permit {
  /** Says how it ended, at `atMs` or now: once, later words are ignored. `neutral` and `aborted` only make room for the next probe. */
  settle(outcome: Outcome, atMs?: number): void;
}

export interface Breaker {
  /** Reading it turns an open breaker half-open when its time has come. */
  readonly state: BreakerState;
  /** For the choice of a last resort, the smallest first: 0 when closed, else when its open time ends or ended. */
  readonly opensAtMs: number;
  /** `undefined` while open, and while half-open with a probe under way. */
  admit(): Permit | undefined;
  /**
   * A permit in any state, for want of another upstream. Where `admit()` gives none it counts as a probe: its success
   * brings the closing nearer, even of an open breaker; its failure opens the breaker anew, but doubles the open time
   * only if that had run out. Else a moment's outage of all upstreams would drive it to its maximum.
   */
  force(): Permit;
  /** Counts nothing from now on. There are no timers to stop. */
  close(): void;
}

export interface BreakerInput {
  readonly policy: BreakerPolicy;
  readonly clock: Clock;
  /** Called after each change. Must not throw. */
  readonly onChange?: ((change: BreakerChange) => void) | undefined;
  /** When a probe that has not settled loses its place, and its say, to the next. @default 600_000 */
  readonly probeTimeoutMs?: number | undefined;
}

/** A closed breaker. What a permit that was granted before an opening or a closing says, has no effect after it. */
export function createBreaker(input: BreakerInput): Breaker {
  return new UpstreamBreaker(input);
}

const DEFAULT_PROBE_TIMEOUT_MS = 600_000;

class UpstreamBreaker implements Breaker {
  readonly #clock: Clock;
  readonly #probeTimeoutMs: number;
  readonly #states: BreakerStates;
  /** The probe that holds the only place of its era. */
  #probe: { readonly era: number; readonly expiresAtMs: number } | undefined;

  constructor({ policy, clock, onChange, probeTimeoutMs }: BreakerInput) {
    this.#clock = clock;
    this.#probeTimeoutMs = probeTimeoutMs ?? DEFAULT_PROBE_TIMEOUT_MS;
    this.#states = new BreakerStates(policy, clock, onChange);
  }

  get state(): BreakerState {
    return this.#states.current;
  }

  get opensAtMs(): number {
    return this.state.state === 'closed' ? 0 : this.#states.openUntilMs;
  }

  admit(): Permit | undefined {
    const { state } = this;
    switch (state.state) {
      case 'closed':
        return this.#permit(this.#callEnded);
      case 'open':
        return undefined;
      case 'halfOpen':
        return this.#admitProbe();
      default:
        return state satisfies never;
    }
  }

  force(): Permit {
    return this.admit() ?? this.#permit((outcome) => this.#states.probeEnded(outcome));
  }

  close(): void {
    this.#states.close();
  }

  #permit(settle: Settle): Permit {
    return new EraPermit(this.#states, settle);
  }

  readonly #callEnded: Settle = (outcome, atMs) => this.#states.callEnded(outcome, atMs);

  #admitProbe(): Permit | undefined {
    const { era } = this.#states;
    const nowMs = this.#clock.now();
    if (this.#probe?.era === era && nowMs < this.#probe.expiresAtMs) return undefined;
    const probe = { era, expiresAtMs: nowMs + this.#probeTimeoutMs };
    this.#probe = probe;
    return this.#permit((outcome) => {
      if (this.#probe !== probe) return;
      this.#probe = undefined;
      this.#states.probeEnded(outcome);
    });
  }
}

type Settle = (outcome: Outcome, atMs: number | undefined) => void;

/** What is said after the era that it was granted in has no effect. */
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
