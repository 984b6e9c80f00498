/** `client.canary`: the control of a client's traffic, and what is known about it. */

import { type Batch, startBatch } from '../batch/batch.ts';
import type { BatchCall, BatchOptions } from '../batch/options.ts';
import { modeOf } from '../call/call-promise.ts';
import type { AlertReport } from '../domain/alert.ts';
import type { CallLedger } from '../domain/attempt.ts';
import type { RouteOptions, RunOptions } from '../domain/call.ts';
import { checkKeys, checkMethods, checkNumber, checkOneOf } from '../domain/check.ts';
import type { CanaryEventName } from '../domain/events.ts';
import type { ProbeReport } from '../domain/probe.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { CallTracer } from '../domain/trace.ts';
import { EVENT_NAMES, type Listener } from '../events/emitter.ts';
import { type CostsOptions, reportCosts } from '../ledger/ledger.ts';
import type { CostBreakdown, CostDimension, CostReport } from '../ledger/report.ts';
import type { ProbeOptions } from '../probe/options.ts';
import { type RolloutControl, rolloutOf } from '../rollout/control.ts';
import type { RolloutReport } from '../rollout/report.ts';
import { checkWeightsBesideRollouts } from '../rollout/resolve-rollouts.ts';
import { resolveSegments, resolveWeights, type SegmentOptions } from '../routing/resolve-split.ts';
import { resolveRoutes, type TaskOptions } from '../routing/tasks.ts';
import type { TrafficChange } from '../routing/traffic.ts';
import { ShadowControl } from '../shadow/control.ts';
import type { Engine } from './engine.ts';
import { createFetch, type CanaryFetch } from './fetch.ts';
import type { ModelPrice } from './price-report.ts';
import { explain, type ExplainOptions, type Explanation } from './explain.ts';

/** Controls and observes the traffic of a client and of all its `withOptions()` clones. */
export class CanaryControl<UpstreamName extends string = string> {
  /** Shadow traffic: the share of mirrored calls, and answers that disagree. */
  readonly shadow: ShadowControl<UpstreamName>;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.shadow = new ShadowControl(engine.services.shadow, engine.names);
  }

  /**
   * Adds a listener for an event. An error that it throws is reported once as a `warning` and does not affect calls.
   *
   * @example ai.canary.on('rollback', ({ upstream, reason }) => page(`${upstream}: ${reason}`));
   */
  on<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): this {
    checkEvent('on', name);
    this.#engine.emitter.on(name, listener);
    if (name === 'metrics') this.#engine.startMetrics();
    return this;
  }

  /** Adds a listener for the next event only. */
  once<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): this {
    checkEvent('once', name);
    this.#engine.emitter.once(name, listener);
    if (name === 'metrics') this.#engine.startMetrics();
    return this;
  }

  /** Removes a listener. */
  off<Name extends CanaryEventName>(name: Name, listener: Listener<Name>): this {
    checkEvent('off', name);
    this.#engine.emitter.off(name, listener);
    return this;
  }

  /**
   * Follows calls from their start, in the async context of their callers, as an exporter of traces needs it. Events are enough for everything
   * else. A tracer that throws is reported once as a `warning` and does not affect calls.
   *
   * @returns a function that ends it: calls that have begun are followed to their end
   */
  trace(tracer: CallTracer): () => void {
    return this.#engine.tracing.add(checkMethods('canary.trace', tracer, ['begin']));
  }

  /**
   * Applies routing options to all calls that `callback` makes, also after an `await`. The options of a call itself win. `budgetUsd` is
   * what all these calls may cost together.
   *
   * @returns what `callback` returns
   * @throws ConfigError for an unknown name or an invalid value
   * @example await ai.canary.run({ key: user.id, budgetUsd: 0.5 }, () => agent.answer(question));
   */
  run<T>(options: RunOptions<UpstreamName>, callback: () => T): T {
    return this.#engine.context.run(options, callback);
  }

  /**
   * A `fetch` that sends requests to the API of OpenAI through this client, for frameworks that take only a `fetch`. Their own base URL and key
   * do not matter, and `options` route all its calls; `run()` works, too. Requests to other addresses go to the global `fetch`.
   *
   * @throws ConfigError
   * @example const openai = createOpenAI({ apiKey: 'unused', fetch: ai.canary.fetch() }); // Vercel AI SDK
   */
  fetch(options: RouteOptions<UpstreamName> = {}): CanaryFetch {
    return createFetch(() => this.#engine.client, options);
  }

  /** The numbers of the sliding window, and the state of each upstream. */
  snapshot(): Snapshot<UpstreamName> {
    return this.#engine.snapshot() as Snapshot<UpstreamName>;
  }

  /** The upstream in service: that of the options, or the canary that was promoted last. */
  get stable(): UpstreamName {
    // The options were checked against these names.
    return this.#engine.traffic.stable as UpstreamName;
  }

  /** The shares of the split, 0–1, summing to 1. */
  get weights(): Readonly<Record<UpstreamName, number>> {
    return this.#engine.traffic.weights;
  }

  /**
   * Changes the split. As few keys as possible move, and only from upstreams that lose weight to upstreams that gain weight. With a `store`
   * the other processes follow within seconds, and later ones begin with the same table. Without one the change holds for this process until
   * it ends: others, and this one after a restart, follow the options, and may send a key elsewhere even at the same weights.
   *
   * @param weights any non-negative numbers, which are normalised. Upstreams that are left out get 0. If stable is left out and the numbers
   * sum to less than 1, stable gets the rest.
   * @throws ConfigError for unknown names and invalid numbers; the split stays unchanged
   */
  setWeights(weights: Readonly<Partial<Record<UpstreamName, number>>>): void {
    const { options, names, traffic } = this.#engine;
    const resolved = resolveWeights('weights', weights, names, traffic.stable);
    checkWeightsBesideRollouts('weights', resolved, options.rollouts, traffic.stable);
    traffic.setWeights(resolved, options.clock.now());
  }

  /**
   * Replaces the segments. Without a rollout of its own, a rolled-back upstream that they name gets calls again. With a `store` the other
   * processes follow within seconds, and later ones with the same `segments` option begin with these.
   *
   * @throws ConfigError for unknown names and invalid conditions; the segments stay unchanged
   */
  setSegments(segments: readonly SegmentOptions<UpstreamName>[]): void {
    const { options, names, traffic } = this.#engine;
    traffic.setSegments(resolveSegments('segments', segments, names), options.clock.now());
  }

  /** Replaces the routes of all tasks, as `setSegments()` replaces segments; `classify` stays. @throws ConfigError */
  setTasks(tasks: Pick<TaskOptions<UpstreamName>, 'routes'>): void {
    const { options, names, traffic } = this.#engine;
    checkKeys('tasks', tasks, ['routes']);
    traffic.setTasks(resolveRoutes('tasks.routes', tasks.routes, names), options.clock.now());
  }

  /** The control of the rollout, or of the first of several. @throws ConfigError without the option `rollout` */
  get rollout(): RolloutControl {
    return rolloutOf(this.rollouts);
  }

  /** The controls of all rollouts by canary: `rollouts.deepseek.pause('until Monday')`. */
  get rollouts(): Readonly<Record<UpstreamName, RolloutControl>> {
    // Upstreams without a rollout have no entry, although the type names them all.
    return this.#engine.rollouts?.controls ?? {};
  }

  /** The state of the rollout to `upstream`, or of the first rollout, as data and text. @throws ConfigError if there is no such rollout */
  explainRollout(upstream?: UpstreamName): RolloutReport {
    return rolloutOf(this.rollouts, upstream).state;
  }

  /**
   * Records values that the application measured for a call: its `quality`, or any other metric that a guardrail names.
   *
   * @param call the call, as `last` takes it
   * @returns whether a rollout is judged by the call. The quality also counts in the window of the upstream that answered it.
   * @throws ConfigError for values that are not numbers, and for metrics that no guardrail names
   */
  record(call: unknown, values: Readonly<Record<string, number>>): boolean {
    const mode = modeOf(call, this.#engine.modes);
    if (values.quality !== undefined) checkNumber('record.quality', values.quality, {});
    const isJudged = this.#engine.rollouts?.record(mode?.judged, values) ?? false;
    if (values.quality !== undefined && mode?.ledger) this.#engine.score(mode.ledger.ledger, values.quality);
    return isJudged;
  }

  /** The latest 200 changes of the split, oldest first, with reasons. */
  get history(): readonly TrafficChange[] {
    return this.#engine.traffic.history;
  }

  /** The status of each alert rule, and the latest alerts. */
  get alerts(): AlertReport {
    return this.#engine.alerts.report;
  }

  /**
   * Explains where a chat call with these options would go, and why. No request is sent, and no number changes.
   *
   * @throws ConfigError for an unknown `upstream`
   */
  explain(options: ExplainOptions<UpstreamName> = {}): Explanation<UpstreamName> {
    return explain(this.#engine, options) as Explanation<UpstreamName>;
  }

  /**
   * The costs in USD and tokens: in total, by upstream, by day and by month. With `by`, they are broken down by one dimension, with the
   * cost of the same tokens on stable and the rate in USD per hour. Failed, aborted and hedged attempts are included.
   *
   * @throws ConfigError for an unknown `by`
   * @example writeFileSync('costs.csv', ai.canary.costs({ by: 'model' }).toCsv());
   */
  costs(options: CostsOptions & { readonly by: CostDimension }): CostBreakdown;
  costs(options?: CostsOptions & { readonly by?: undefined }): CostReport;
  costs(options: CostsOptions = {}): CostReport | CostBreakdown {
    const { ledger, money, options: resolved } = this.#engine;
    return reportCosts(ledger, { nowMs: resolved.clock.now(), prices: money.table.latest }, options);
  }

  /**
   * The price of each model in use, its source and age, and what the provider reported instead. Resolves once `prices.source` is read, and
   * with a store that outlives the process when the models of other processes are known.
   *
   * @example console.table(await ai.canary.prices());
   */
  prices(): Promise<readonly ModelPrice[]> {
    return this.#engine.money.prices(this.#engine.services.upstreams);
  }

  /**
   * The ended attempts of one call, each with its upstream, reason, outcome, phase, times, usage and cost. They are kept as long as the
   * application keeps `call`.
   *
   * @param call the promise that a method returned, or its stream, raw response or error; not a parsed body
   * @returns `undefined` if `call` does not belong to a dispatched call of this client
   * @example ai.canary.last(promise)?.attempts.map(({ upstream, outcome }) => `${upstream}: ${outcome}`);
   */
  last(call: unknown): CallLedger | undefined {
    return modeOf(call, this.#engine.modes)?.ledger?.ledger;
  }

  /**
   * Makes many calls with limited concurrency and gives their results in order. Await the batch for all results, or iterate over it to get them
   * one by one in bounded memory; either starts it. Limits and budgets apply to each call, and a call waits while all upstreams are full. A
   * batch that ends early, by `signal` or `stopOnError`, gives the results of the calls that had started.
   *
   * @param calls functions that make the calls: an array or any iterable, which is read as calls can start
   * @throws ConfigError for invalid options
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

  /**
   * Probes the capabilities of an upstream by sending it requests. Later calls are routed by the result.
   *
   * @throws ConfigError for an unknown upstream or invalid options; failures of the upstream are part of the report
   */
  probe(upstream: UpstreamName, options?: ProbeOptions): Promise<ProbeReport> {
    return this.#engine.prober.probeNamed(upstream, options);
  }

  /**
   * Stops timers and removes listeners. Resolves when the store has the last state and counts, after ten seconds at most; the
   * process may exit then. Calls still work afterwards, and timers do not keep the process alive.
   */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** The same as `close()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** @throws ConfigError for a name without an event; the message suggests the closest one */
function checkEvent(method: 'on' | 'once' | 'off', name: string): void {
  checkOneOf(`canary.${method}`, name, EVENT_NAMES);
}
