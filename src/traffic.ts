/** The split in force, and every change of it. */

import type { Ranges, Weights } from './domain/split.ts';
import { layOut, normalizeWeights, redistribute, weightsOf } from './routing/split.ts';
import { transfer } from './routing/transfer.ts';

/** A change of the split. */
export interface TrafficChange {
  readonly atMs: number;
  readonly action: 'setWeights' | 'rollback';
  readonly reason: string | undefined;
  readonly weightsBefore: Weights;
  readonly weightsAfter: Weights;
}

/** Changes that are remembered. */
const MAX_HISTORY = 200;

export class Traffic {
  readonly #stable: string;
  readonly #nothing: Weights;
  readonly #history: TrafficChange[] = [];
  #ranges: Ranges;

  /** Lays the table out with stable last, so that a canary keeps the same keys when it restarts with a larger weight. */
  constructor(weights: Weights, names: readonly string[], stable: string) {
    this.#stable = stable;
    this.#nothing = Object.fromEntries(names.map((name) => [name, 0]));
    this.#ranges = layOut(normalizeWeights(weights), [...names.filter((name) => name !== stable), stable]);
  }

  get ranges(): Ranges {
    return this.#ranges;
  }

  /** Every upstream's share, also of those that have none. */
  get weights(): Weights {
    return { ...this.#nothing, ...weightsOf(this.#ranges) };
  }

  /** The latest changes, oldest first. */
  get history(): readonly TrafficChange[] {
    return [...this.#history];
  }

  setWeights(weights: Weights, atMs: number): TrafficChange {
    return this.#change(normalizeWeights(weights), { action: 'setWeights', reason: undefined, atMs });
  }

  /**
   * Takes all traffic from `upstream` and gives it to the others in proportion to their weights; where none has any, to
   * stable. `undefined` if `upstream` is stable and serves alone.
   */
  rollback(upstream: string, reason: string, atMs: number): TrafficChange | undefined {
    const weightsAfter = redistribute(this.weights, upstream, this.#stable);
    if (weightsAfter[upstream]) return undefined;
    return this.#change(weightsAfter, { action: 'rollback', reason, atMs });
  }

  #change(weightsAfter: Weights, about: Pick<TrafficChange, 'action' | 'reason' | 'atMs'>): TrafficChange {
    const weightsBefore = this.weights;
    this.#ranges = transfer(this.#ranges, weightsAfter);
    const change = { ...about, weightsBefore, weightsAfter: this.weights };
    this.#history.push(change);
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
    return change;
  }
}
