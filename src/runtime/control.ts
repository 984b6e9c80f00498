/** What `client.canary` offers. */

import { type Batch, startBatch } from '../batch/batch.ts';
import type { BatchCall, BatchOptions } from '../batch/options.ts';
import { modeOf } from '../call/call-promise.ts';
import type { AlertReport } from '../domain/alert.ts';
import type { CallLedger } from '../domain/attempt.ts';
import type { RouteOptions } from '../domain/call.ts';
import type { CanaryEventName } from '../domain/events.ts';
import type { ProbeReport } from '../domain/probe.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Listener } from '../events/emitter.ts';
import { type CostsOptions, reportCosts } from '../ledger/ledger.ts';
import type { CostBreakdown, CostDimension, CostReport } from '../ledger/report.ts';
import type { ProbeOptions } from '../probe/options.ts';
import { type RolloutControl, rolloutOf } from '../rollout/control.ts';
import type { RolloutReport } from '../rollout/report.ts';
import { checkWeightsBesideRollouts } from '../rollout/resolve-rollouts.ts';
import { resolveWeights } from '../routing/resolve-split.ts';
import type { TrafficChange } from '../routing/traffic.ts';
import { ShadowControl } from '../shadow/control.ts';
import type { Engine } from './engine.ts';
import { explain, type ExplainOptions, type Explanation } from './explain.ts';

/** Controls and observes the traffic of a client and of all its `withOptions()` clones. */
export class CanaryControl<UpstreamName extends string = string> {
  /** Copies of calls: what is mirrored, and where answers disagree. */
  readonly shadow: ShadowControl<UpstreamName>;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.shadow = new ShadowControl(engine.services.shadow, engine.names);
  }

  /**
   * Calls `listener` at every event of that name. What it throws is reported once as a `warning` and hurts nothing.
   *
   * @example ai.canary.on('rollback', ({ upstream, reason }) => page(`${upstream}: ${reason}`));
   */
  on<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): this {
    this.#engine.emitter.on(name, listener);
    if (name === 'metrics') this.#engine.startMetrics();
    return this;
  }

  /** Like `on`, for the next event only. */
  once<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): this {
    this.#engine.emitter.once(name, listener);
    if (name === 'metrics') this.#engine.startMetrics();
    return this;
  }

  off<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): this {
    this.#engine.emitter.off(name, listener);
    return this;
  }

  /**
   * Routes all calls made within `callback`, and within what it awaits, by these options; those of a call itself win.
   *
   * @example await ai.canary.run({ key: user.id }, () => agent.answer(question));
   */
  run<T>(options: RouteOptions<UpstreamName>, callback: () => T): T {
    return this.#engine.context.run(options, callback);
  }

  /** The numbers of the sliding window, and the state of every upstream. */
  snapshot(): Snapshot<UpstreamName> {
    return this.#engine.snapshot() as Snapshot<UpstreamName>;
  }

  /** The shares of the split, 0–1, summing to 1. */
  get weights(): Readonly<Record<UpstreamName, number>> {
    return this.#engine.traffic.weights;
  }

  /**
   * Changes the split. Keys move only from upstreams that lose weight to upstreams that gain, and as few as can be.
   *
   * @param weights any non-negative numbers, normalised; upstreams left out get none. Shares below 1 in all that do not
   * name stable leave it the rest.
   * @throws ConfigError for unknown names and impossible numbers; nothing is changed then
   */
  setWeights(weights: Readonly<Partial<Record<UpstreamName, number>>>): void {
    const { options, names, traffic } = this.#engine;
    const resolved = resolveWeights('weights', weights, names, traffic.stable);
    checkWeightsBesideRollouts('weights', resolved, options.rollouts, traffic.stable);
    traffic.setWeights(resolved, options.clock.now());
  }

  /** The rollout, or the first of several. @throws ConfigError without the option `rollout` */
  get rollout(): RolloutControl {
    return rolloutOf(this.rollouts);
  }

  /** Every rollout by its canary: `rollouts.deepseek.pause('until Monday')`. */
  get rollouts(): Readonly<Record<UpstreamName, RolloutControl>> {
    // Upstreams without a rollout have none here either: whoever names one knows which.
    return this.#engine.rollouts?.controls ?? {};
  }

  /** Where the rollout to `upstream`, or the first, stands, for people and pages. */
  explainRollout(upstream?: UpstreamName): RolloutReport {
    return rolloutOf(this.rollouts, upstream).state;
  }

  /**
   * What the application found out about a call (as `last` takes it): its `quality`, or a metric of its own that a guardrail names. Gives
   * whether a rollout is judged by the call. @throws ConfigError for values that are no numbers, and metrics that no guardrail names
   */
  record(call: unknown, values: Readonly<Record<string, number>>): boolean {
    return this.#engine.rollouts?.record(modeOf(call, this.#engine.modes)?.judged, values) ?? false;
  }

  /** The latest changes of the split, oldest first, with their reasons. */
  get history(): readonly TrafficChange[] {
    return this.#engine.traffic.history;
  }

  /** Where every alert rule stands, and the latest alerts. */
  get alerts(): AlertReport {
    return this.#engine.alerts.report;
  }

  /** Where a chat call with these options would go, and why. Nothing is sent, counted or decided. */
  explain(options: ExplainOptions<UpstreamName> = {}): Explanation<UpstreamName> {
    return explain(this.#engine, options) as Explanation<UpstreamName>;
  }

  /**
   * What was spent, in USD and tokens: in all, by upstream, by UTC day and by month; or divided by one thing, with what the same
   * would have cost on stable and the pace in USD an hour. Failed, aborted and hedged attempts count, too.
   *
   * @throws ConfigError for a `by` that there is not
   * @example writeFileSync('costs.csv', ai.canary.costs({ by: 'model' }).toCsv());
   */
  costs(options: CostsOptions & { readonly by: CostDimension }): CostBreakdown;
  costs(options?: CostsOptions & { readonly by?: undefined }): CostReport;
  costs(options: CostsOptions = {}): CostReport | CostBreakdown {
    return reportCosts(this.#engine.ledger, this.#engine.options.clock.now(), options);
  }

  /**
   * The attempts of one call: upstream, reason, outcome, phase, times, usage and cost of each that has ended. Kept for as long as
   * the application keeps what it asks by.
   *
   * @param call the promise that a method returned, or the stream, raw response or error that came of it; not a parsed body
   * @returns `undefined` for what is not of a call of this client, or not of one that has been dispatched
   * @example ai.canary.last(promise)?.attempts.map(({ upstream, outcome }) => `${upstream}: ${outcome}`);
   */
  last(call: unknown): CallLedger | undefined {
    return modeOf(call, this.#engine.modes)?.ledger?.ledger;
  }

  /**
   * Makes many calls, some at a time, and gives their results in order: all of them where it is awaited, one after the other in bounded memory
   * where it is iterated. It begins then. Each call passes through limits and budgets like any other; where all upstreams are full, it waits.
   * A batch that ends early, by `signal` or `stopOnError`, gives the results of the calls that had begun.
   *
   * @param calls functions that make the calls: a list, or an iterable of any kind, which is drawn from as there is room
   * @throws ConfigError
   * @example const results = await ai.canary.batch(texts.map((input) => () => ai.responses.create({ model, input })));
   */
  batch<T>(calls: Iterable<BatchCall<T>> | AsyncIterable<BatchCall<T>>, options?: BatchOptions): Batch<T> {
    const {
      options: { clock },
      warnings,
      trackers,
    } = this.#engine;
    return startBatch({ clock, warnings, trackers }, calls, options);
  }

  /** Tries out what an upstream can do; calls that need it heed what was found. @throws ConfigError; never for what an upstream does */
  probe(upstream: UpstreamName, options?: ProbeOptions): Promise<ProbeReport> {
    return this.#engine.prober.probeNamed(upstream, options);
  }

  /** Stops timers and forgets listeners. Calls go on working; nothing of ours keeps the process alive either way. */
  close(): void {
    void this.#engine.close();
  }

  /** The same, and waits until the store has what it is to have, ten seconds at most. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.close();
  }
}
