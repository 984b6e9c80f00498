/** How long a call may run before it is known to be among the slowest: who hangs must not stay unseen until he gives up. */

import type { GuardOptions } from '../stats/analysis-types.ts';

/** Fewer answers of stable's say little about its slowest. */
const MIN_ANSWERS = 20;
/** The margin of a latency guardrail that names none. */
const USUAL_MARGIN = 0.2;
const LATENCIES = ['latencyP50', 'latencyP95', 'latencyP99', 'latency'] as const;

/** Longer than stable's slowest answer, the margins and the limits is in the worst bin of every latency guardrail. */
export class Patience {
  readonly #factor: number;
  readonly #leastMs: number;
  readonly #watches: boolean;
  #answers = 0;
  #slowestMs = 0;

  constructor(guardrails: Readonly<Record<string, GuardOptions>>) {
    const guards = LATENCIES.flatMap((metric) => guardrails[metric] ?? []);
    this.#watches = guards.length > 0;
    this.#factor = 1 + Math.max(0, ...guards.map(({ margin }) => margin ?? USUAL_MARGIN));
    this.#leastMs = Math.max(0, ...guards.map(({ max }) => max ?? 0));
  }

  /** `Infinity` where no latency is judged, or too little is known. */
  get overdueMs(): number {
    if (!this.#watches || this.#answers < MIN_ANSWERS) return Infinity;
    return Math.max(this.#leastMs, this.#slowestMs * this.#factor);
  }

  /** Stable has answered. */
  answered(latencyMs: number): void {
    this.#answers += 1;
    if (latencyMs > this.#slowestMs) this.#slowestMs = latencyMs;
  }
}
