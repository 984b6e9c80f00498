/** When a running call counts as slow, and when it counts as bad. */

import type { GuardOptions } from '../stats/analysis-types.ts';
import type { Arm } from '../stats/arm.ts';
import type { JudgedOutcome } from './arm-numbers.ts';

/** The outcome of a call that has run for so long that it counts as bad. */
export function hangingFor(ageMs: number): JudgedOutcome {
  return {
    failed: true,
    reason: 'slow',
    latencyMs: ageMs,
    // A stream may have begun its answer, which only its end tells.
    firstChunkMs: undefined,
    stream: false,
    costUsd: null,
  };
}

/** With fewer answers the slowest one of stable says little. */
const MIN_ANSWERS = 20;
/** The margin of a latency guardrail without one of its own. */
const DEFAULT_MARGIN = 0.2;
/** A call hangs if it has run for this long, in ms, and for this many times stable's slowest answer. A slow model alone does not. */
const LEAST_HANGING_MS = 120_000;
const HANGING_FACTOR = 10;
/** Nor does one that is far slower than stable: it hangs if it has run for this many times its own slowest answer, too. */
const HANGING_CANARY_FACTOR = 3;
const LATENCIES = ['latencyP50', 'latencyP95', 'latencyP99', 'latency'] as const;

/**
 * When a running call counts as slow: a hanging canary must be noticed before its callers time out. A call that exceeds stable's
 * slowest answer, all margins and all limits is in the worst bin of every latency guardrail.
 */
export class OverdueThreshold {
  readonly #factor: number;
  readonly #leastMs: number;
  readonly #watches: boolean;
  #answers = 0;
  #slowestMs = 0;
  #slowestOfCanaryMs = 0;

  constructor(guardrails: Readonly<Record<string, GuardOptions>>) {
    const guards = LATENCIES.flatMap((metric) => guardrails[metric] ?? []);
    this.#watches = guards.length > 0;
    this.#factor = 1 + Math.max(0, ...guards.map(({ margin }) => margin ?? DEFAULT_MARGIN));
    this.#leastMs = Math.max(0, ...guards.map(({ max }) => max ?? 0));
  }

  /** `Infinity` without a latency guardrail, or with too few answers of stable. */
  get overdueMs(): number {
    return this.#watches ? this.slowMs : Infinity;
  }

  /** Longer than any answer of stable; `Infinity` with too few of them. */
  get slowMs(): number {
    if (this.#answers < MIN_ANSWERS) return Infinity;
    return Math.max(this.#leastMs, this.#slowestMs * this.#factor);
  }

  /** Whatever the guardrails are, `Infinity` with too few answers of stable. */
  get hangingMs(): number {
    if (this.#answers < MIN_ANSWERS) return Infinity;
    return Math.max(
      LEAST_HANGING_MS,
      this.#slowestMs * HANGING_FACTOR,
      this.#slowestOfCanaryMs * HANGING_CANARY_FACTOR,
    );
  }

  /** Records the latency of an answer. */
  answered(arm: Arm, latencyMs: number): void {
    if (arm === 'canary') this.#slowestOfCanaryMs = Math.max(this.#slowestOfCanaryMs, latencyMs);
    else {
      this.#answers += 1;
      this.#slowestMs = Math.max(this.#slowestMs, latencyMs);
    }
  }
}

/** Some providers take this long for a normal answer, in ms. */
const LEAST_OVERDUE_MS = 10_000;
/** A hanging copy is told of every 20 s. If that stops, it has ended, or its process has. */
const HANGS_FOR_MS = 30_000;

/** Copies that hang, here or in other processes: what they will say is not known yet, so a shadow step does not end without them. */
export class HangingCopies {
  /** The slowest answer so far, of either side. */
  slowestMs = 0;
  #toldAtMs = -Infinity;

  /** A copy that runs for longer than this, in ms, hangs. */
  get overdueMs(): number {
    return Math.max(LEAST_OVERDUE_MS, 2 * this.slowestMs);
  }

  answered(...sides: readonly Pick<JudgedOutcome, 'failed' | 'latencyMs'>[]): void {
    for (const { failed, latencyMs } of sides) {
      if (failed === false) this.slowestMs = Math.max(this.slowestMs, latencyMs);
    }
  }

  /** A process has told of a copy that hangs. */
  told(atMs: number): void {
    this.#toldAtMs = atMs;
  }

  at(nowMs: number): boolean {
    return nowMs - this.#toldAtMs < HANGS_FOR_MS;
  }
}
