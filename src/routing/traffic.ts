/** The current split, and its changes. */

import type { Ranges, Weights } from '../domain/call.ts';
import { layOut, normalizeWeights, redistribute, weightsOf } from './split.ts';
import { transfer } from './transfer.ts';
import type { RolloutSplit } from './rollout-split.ts';
import type { TrafficInForce } from './traffic-in-force.ts';

/** A change of the split. */
export interface TrafficChange {
  readonly atMs: number;
  readonly action: 'setWeights' | 'rollback';
  readonly reason: string | undefined;
  readonly weightsBefore: Weights;
  readonly weightsAfter: Weights;
}

/** The number of changes kept in the history. */
const MAX_HISTORY = 200;

export class Traffic {
  /** The calls that rollouts take before the table is read. */
  readonly rollouts: RolloutSplit | undefined;
  readonly #firstStable: string;
  #stable: string;
  #onChange: (() => void) | undefined;
  #onTable: (() => void) | undefined;
  readonly #zeroWeights: Weights;
  readonly #history: TrafficChange[] = [];
  #ranges: Ranges;

  /** The table starts with stable last, so that a canary keeps its keys when it restarts with a larger weight. */
  constructor(weights: Weights, names: readonly string[], stable: string, rollouts?: RolloutSplit) {
    this.#firstStable = stable;
    this.#stable = stable;
    this.rollouts = rollouts;
    this.#zeroWeights = Object.fromEntries(names.map((name) => [name, 0]));
    this.#ranges = layOut(normalizeWeights(weights), [...names.filter((name) => name !== stable), stable]);
  }

  get ranges(): Ranges {
    return this.#ranges;
  }

  /** The upstream in service. A promoted canary can take its place. */
  get stable(): string {
    return this.#stable;
  }

  /** Every upstream's share of all calls, 0–1, including upstreams at 0. */
  get weights(): Weights {
    const shares: Record<string, number> = { ...this.#zeroWeights, ...weightsOf(this.#ranges) };
    const taken = this.rollouts?.weights ?? [];
    const rest = 1 - taken.reduce((sum, { weight }) => sum + weight, 0);
    for (const name of Object.keys(shares)) shares[name] = Number((shares[name]! * rest).toFixed(14));
    for (const { to, weight } of taken) shares[to] = Number(((shares[to] ?? 0) + weight).toFixed(14));
    return shares;
  }

  /** The shares of a rollout's canary and of stable. */
  sharesOf(to: string): SharesOfSplit {
    const stableOfRest = weightsOf(this.#ranges)[this.#stable] ?? 0;
    return { canary: this.rollouts?.weightOf(to) ?? 0, stable: this.weights[this.#stable] ?? 0, stableOfRest };
  }

  /** Sets the traffic of a rollout. */
  setRollout(to: string, traffic: TrafficInForce): void {
    this.rollouts?.setTraffic(to, traffic);
    this.#onChange?.();
  }

  /** Gives stable's part of the table to another upstream; without a name, back to the first stable. */
  setStable(name: string = this.#firstStable): void {
    if (name === this.#stable) return;
    const shares = weightsOf(this.#ranges);
    const moved = { ...shares, [this.#stable]: 0, [name]: (shares[name] ?? 0) + (shares[this.#stable] ?? 0) };
    this.#ranges = transfer(this.#ranges, moved);
    this.#stable = name;
    this.#onChange?.();
  }

  /** Calls `listener` after each change of the split. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }

  /** Calls `listener` after each change of the weights in this process. */
  onTable(listener: () => void): void {
    this.#onTable = listener;
  }

  /** Takes a table from another process, where `stable` was in service. */
  setTable(ranges: Ranges, stable: string): void {
    this.#ranges = ranges.map(([end, upstream]) => [end, upstream === stable ? this.#stable : upstream]);
    this.#onChange?.();
  }

  /** The latest 200 changes, oldest first. */
  get history(): readonly TrafficChange[] {
    return [...this.#history];
  }

  setWeights(weights: Weights, atMs: number): TrafficChange {
    return this.#change(normalizeWeights(weights), { action: 'setWeights', reason: undefined, atMs });
  }

  /**
   * Takes all traffic from `upstream` and gives it to the others in proportion to their weights, or to stable if no
   * other has any. `undefined` if `upstream` is stable and serves alone.
   */
  rollback(upstream: string, reason: string, atMs: number): TrafficChange | undefined {
    const weightsAfter = redistribute(weightsOf(this.#ranges), upstream, this.#stable);
    if (weightsAfter[upstream]) return undefined;
    return this.#change(weightsAfter, { action: 'rollback', reason, atMs });
  }

  #change(weightsAfter: Weights, about: Pick<TrafficChange, 'action' | 'reason' | 'atMs'>): TrafficChange {
    const weightsBefore = this.weights;
    this.#ranges = transfer(this.#ranges, weightsAfter);
    const change = { ...about, weightsBefore, weightsAfter: this.weights };
    this.#history.push(change);
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
    this.#onChange?.();
    this.#onTable?.();
    return change;
  }
}

/** Shares of all calls, 0–1. */
export interface SharesOfSplit {
  readonly canary: number;
  readonly stable: number;
  /** Stable's share of the calls that no rollout takes. */
  readonly stableOfRest: number;
}
