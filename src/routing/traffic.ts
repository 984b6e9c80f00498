/** What decides where calls go, and its changes: the split, segments, routes of tasks, and what is rolled back. */

import type { Ranges, Segment, Weights } from '../domain/call.ts';
import { layOut, normalizeWeights, redistribute, weightsOf } from './split.ts';
import { transfer } from './transfer.ts';
import type { RolloutSplit } from './rollout-split.ts';
import type { TaskRoutes } from './tasks.ts';
import type { TrafficInForce } from './traffic-in-force.ts';

/** A change of the split, of the segments or of the routes of tasks. */
export interface TrafficChange {
  readonly atMs: number;
  readonly action: 'setWeights' | 'setSegments' | 'setTasks' | 'rollback';
  readonly reason: string | undefined;
  readonly weightsBefore: Weights;
  readonly weightsAfter: Weights;
}

/** What decides before the split. */
export interface RoutingRules {
  readonly segments: readonly Segment[];
  readonly taskRoutes: TaskRoutes;
}

/** A part of what decides, which other processes may have to know of. */
export type TrafficPart = 'split' | 'segments' | 'tasks';

/** The number of changes kept in the history. */
const MAX_HISTORY = 200;

export class Traffic {
  /** The calls that rollouts take before the table is read. */
  readonly rollouts: RolloutSplit | undefined;
  readonly #firstStable: string;
  #stable: string;
  #onChange: (() => void) | undefined;
  #onPart: ((part: TrafficPart) => void) | undefined;
  readonly #zeroWeights: Weights;
  readonly #history: TrafficChange[] = [];
  #ranges: Ranges;
  #rules: RoutingRules = { segments: [], taskRoutes: new Map() };
  /** Upstreams without a rollout that were rolled back. */
  #out: readonly string[] = [];

  /** The table starts with stable last, so that a canary keeps its keys when it restarts with a larger weight. */
  constructor(
    weights: Weights,
    names: readonly string[],
    stable: string,
    rollouts?: RolloutSplit,
    rules?: RoutingRules,
  ) {
    if (rules) this.#rules = rules;
    this.#firstStable = stable;
    this.#stable = stable;
    this.rollouts = rollouts;
    this.#zeroWeights = Object.fromEntries(names.map((name) => [name, 0]));
    this.#ranges = layOut(normalizeWeights(weights), [...names.filter((name) => name !== stable), stable]);
  }

  get ranges(): Ranges {
    return this.#ranges;
  }

  get rules(): RoutingRules {
    return this.#rules;
  }

  /** Upstreams without a rollout that were rolled back, and get no calls until weights, segments or tasks name them again. */
  get out(): readonly string[] {
    return this.#out;
  }

  /** Whether an upstream gets no calls, because it was rolled back. The state of a rollout that is not known yet counts as rolled back. */
  isRolledBack(upstream: string): boolean {
    return upstream !== this.#stable && (this.#out.includes(upstream) || this.rollouts?.isOut(upstream) === true);
  }

  /** Whether the weights, a segment or a task give an upstream calls. */
  reaches(upstream: string): boolean {
    return (this.weights[upstream] ?? 0) > 0 || (this.#isNamed(upstream) && !this.isRolledBack(upstream));
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

  /** Calls `listener` after each change in this process, with what has changed. */
  onPart(listener: (part: TrafficPart) => void): void {
    this.#onPart = listener;
  }

  /** Takes a table from another process, where `stable` was in service and the upstreams in `out` were rolled back. */
  setTable(ranges: Ranges, stable: string, out: readonly string[]): void {
    this.#ranges = ranges.map(([end, upstream]) => [end, upstream === stable ? this.#stable : upstream]);
    this.#out = out;
    this.#onChange?.();
  }

  /** Takes rules from another process. */
  takeRules(rules: Partial<RoutingRules>): void {
    this.#rules = { ...this.#rules, ...rules };
  }

  setSegments(segments: readonly Segment[], atMs: number): void {
    this.takeRules({ segments });
    this.#putBack(segments.map(({ upstream }) => upstream));
    this.#note({ action: 'setSegments', reason: undefined, atMs }, this.weights);
    this.#onPart?.('segments');
  }

  setTasks(taskRoutes: TaskRoutes, atMs: number): void {
    this.takeRules({ taskRoutes });
    this.#putBack([...taskRoutes.values()].flat());
    this.#note({ action: 'setTasks', reason: undefined, atMs }, this.weights);
    this.#onPart?.('tasks');
  }

  /** The latest 200 changes, oldest first. */
  get history(): readonly TrafficChange[] {
    return [...this.#history];
  }

  setWeights(weights: Weights, atMs: number): TrafficChange {
    this.#out = this.#out.filter((upstream) => !weights[upstream]);
    return this.#change(normalizeWeights(weights), { action: 'setWeights', reason: undefined, atMs });
  }

  /**
   * Takes all traffic from `upstream` and gives it to the others in proportion to their weights, or to stable if no
   * other has any. Segments, tasks and fallbacks do not reach it any more, until weights, segments or tasks name it again. `undefined` if
   * `upstream` is stable and serves alone.
   */
  rollback(upstream: string, reason: string, atMs: number): TrafficChange | undefined {
    const weightsAfter = redistribute(weightsOf(this.#ranges), upstream, this.#stable);
    if (weightsAfter[upstream]) return undefined;
    // Stable serves what nothing else does.
    if (upstream !== this.#stable) this.#out = [...this.#out.filter((name) => name !== upstream), upstream];
    return this.#change(weightsAfter, { action: 'rollback', reason, atMs });
  }

  #change(weightsAfter: Weights, about: Pick<TrafficChange, 'action' | 'reason' | 'atMs'>): TrafficChange {
    const weightsBefore = this.weights;
    this.#ranges = transfer(this.#ranges, weightsAfter);
    const change = this.#note(about, weightsBefore);
    this.#onChange?.();
    this.#onPart?.('split');
    return change;
  }

  #note(about: Pick<TrafficChange, 'action' | 'reason' | 'atMs'>, weightsBefore: Weights): TrafficChange {
    const change = { ...about, weightsBefore, weightsAfter: this.weights };
    this.#history.push(change);
    if (this.#history.length > MAX_HISTORY) this.#history.shift();
    return change;
  }

  /** Who names a rolled-back upstream in new rules wants it back. */
  #putBack(upstreams: readonly string[]): void {
    const out = this.#out.filter((upstream) => !upstreams.includes(upstream));
    if (out.length === this.#out.length) return;
    this.#out = out;
    this.#onPart?.('split');
  }

  #isNamed(upstream: string): boolean {
    const { segments, taskRoutes } = this.#rules;
    return (
      segments.some((segment) => segment.upstream === upstream) || [...taskRoutes.values()].flat().includes(upstream)
    );
  }
}

/** Shares of all calls, 0–1. */
export interface SharesOfSplit {
  readonly canary: number;
  readonly stable: number;
  /** Stable's share of the calls that no rollout takes. */
  readonly stableOfRest: number;
}
