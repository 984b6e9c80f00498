/** Tells people what guardrails in dry run find. Nothing is decided by them. */

import type { Emitter } from '../events/emitter.ts';
import type { Clock } from '../time/clock.ts';
import type { RolloutController } from './controller.ts';
import { rollbackReason } from './reasons.ts';

export interface DryRunAlertsParts {
  readonly emitter: Emitter;
  readonly clock: Clock;
}

/** One alert for each guardrail in dry run that would roll the canary back. It is resolved when the run ends. */
export class DryRunAlerts {
  readonly #to: string;
  readonly #parts: DryRunAlertsParts;
  readonly #firing = new Set<string>();
  #run = 0;

  constructor(to: string, parts: DryRunAlertsParts) {
    this.#to = to;
    this.#parts = parts;
  }

  /** Called every second by the process that leads the rollout. */
  look({ state, calls }: RolloutController): void {
    const { analysis, run } = calls;
    const isRunning = 'sinceMs' in state;
    if (!isRunning || state.run !== this.#run) {
      for (const guardrail of this.#firing) this.#alert('resolved', guardrail, run.canary.calls, 'the run has ended');
      this.#firing.clear();
    }
    this.#run = state.run;
    if (!isRunning) return;
    for (const { rollback } of analysis.dryRuns) {
      const { guardrail, evidence } = rollback;
      if (evidence < 1 || this.#firing.has(guardrail)) continue;
      this.#firing.add(guardrail);
      const why = rollbackReason(guardrail, { recent: run, run, analysis });
      this.#alert('firing', guardrail, run.canary.calls, `would roll back: ${why}`);
    }
  }

  #alert(state: 'firing' | 'resolved', guardrail: string, calls: number, reason: string): void {
    const { emitter, clock } = this.#parts;
    emitter.emit('alert', {
      name: `dryRun:${this.#to}:${guardrail}`,
      metric: 'guardrail',
      upstream: this.#to,
      state,
      value: null,
      bound: undefined,
      calls,
      severity: 'warning',
      reason,
      atMs: clock.now(),
    });
  }
}
