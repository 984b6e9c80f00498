/** Where the rollouts of a client stand, for the spans of their calls: kept up to date by events, since a snapshot is dear. */

import type { Attributes } from '@opentelemetry/api';
import type { RolloutChangeEvent, Snapshot } from '../index.ts';
import { OWN } from './semconv.ts';

export class RolloutSteps {
  /** The steps of rollouts that are not over, from 0, by canary. */
  readonly #steps = new Map<string, number>();

  constructor(rollouts: Snapshot['rollouts'] = {}) {
    for (const [canary, rollout] of Object.entries(rollouts)) {
      if (rollout && isOpen(rollout.phase)) this.#steps.set(canary, rollout.step);
    }
  }

  /** A rollout has moved; `false`: it is over. */
  moved({ upstream, step }: Pick<RolloutChangeEvent, 'upstream' | 'step'>, isRunning: boolean): void {
    if (isRunning) this.#steps.set(upstream, step);
    else this.#steps.delete(upstream);
  }

  /** The rollout that a call on `assigned` belongs to: that of the canary, or on stable the only one. */
  of(assigned: string): Attributes | undefined {
    const canary = this.#steps.has(assigned)
      ? assigned
      : this.#steps.size === 1
        ? this.#steps.keys().next().value
        : undefined;
    const step = canary === undefined ? undefined : this.#steps.get(canary);
    return step === undefined ? undefined : { [OWN.rollout]: canary, [OWN.rolloutStep]: step + 1 };
  }
}

function isOpen(phase: string): boolean {
  return phase === 'progressing' || phase === 'paused';
}
