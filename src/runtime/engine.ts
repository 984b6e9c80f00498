/** Builds the features from resolved options and holds what they share. A client and all its clones have one engine. */

import type { OpenAI } from 'openai';
import { Alerts } from '../alerts/alerts.ts';
import { AnswerCache } from '../cache/answer-cache.ts';
import type { ResponseModes } from '../call/call-promise.ts';
import type { CallServices } from '../call/call-services.ts';
import type { KeyOption } from '../routing/key.ts';
import type { CallPlan } from '../call/call-plan.ts';
import { planCall, type PlanInputs } from '../call/plan-call.ts';
import { RouteContext } from '../call/route.ts';
import { CallTrackers } from '../call/track-calls.ts';
import { Tracing } from '../call/tracing.ts';
import type { CallLedger } from '../domain/attempt.ts';
import type { Call, KeySource, Surface } from '../domain/call.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { Emitter } from '../events/emitter.ts';
import { errorName, Warnings } from '../events/warnings.ts';
import { Ledger } from '../ledger/ledger.ts';
import { Recorder } from '../metrics/recorder.ts';
import { Prober } from '../probe/prober.ts';
import { createRolloutSplit, Rollouts } from '../rollout/rollouts.ts';
import { Affinity } from '../routing/affinity.ts';
import { Conversations } from '../routing/conversation.ts';
import { KeyShares, safeKey } from '../routing/key.ts';
import { KillSwitch } from '../routing/kill-switch.ts';
import { Classifier } from '../routing/tasks.ts';
import { Traffic } from '../routing/traffic.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { buildCallServices, type EngineServices } from './build-call-services.ts';
import { keyShareMessage, paidProbeMessage } from './advise.ts';
import { planInputs } from './plan-inputs.ts';
import { Money } from './money.ts';
import type { ResolvedOptions } from './resolve-options.ts';
import { shareLimits, type SharedLimits } from './shared-limits.ts';
import { SharedOwners } from './shared-owners.ts';
import { SharedRouting } from './shared-routing.ts';
import { StoreWatch } from './store-watch.ts';
import { takeSnapshot } from './snapshot.ts';
import type { CallContext } from '../call/handle-call.ts';

export class Engine implements CallContext {
  readonly options: ResolvedOptions;
  /** `false` without the `canary` option: calls are sent unchanged and only metered. */
  readonly routes: boolean;
  readonly emitter: Emitter;
  readonly warnings: Warnings;
  readonly context = new RouteContext();
  readonly trackers = new CallTrackers();
  readonly tracing = new Tracing((error) => this.#warn('listener', `A tracer threw ${errorName(error)}`));
  readonly ledger: Ledger;
  readonly money: Money;
  readonly modes: ResponseModes = new WeakMap();
  readonly traffic: Traffic;
  /** Absent without the option `rollout`. */
  readonly rollouts: Rollouts | undefined;
  readonly alerts: Alerts;
  readonly prober: Prober;
  readonly services: EngineServices;
  readonly conversations = new Conversations();
  readonly conversationKey = (surface: Surface, body: unknown): string | undefined =>
    this.conversations.keyOf(surface, body);
  /** The user's `key` function. If it throws, the call has no key from it. */
  readonly keyOption: KeyOption | undefined;
  /** Classifies calls that name no task. */
  readonly classifier: Classifier | undefined;
  readonly cache: AnswerCache | undefined;
  /** The upstream of calls that belong to one account: the client itself, or stable where the client has no credentials. */
  readonly home: Upstream;
  readonly names: readonly string[];
  /** The client that the engine was built for; `undefined` while it is built. */
  client: OpenAI | undefined;
  readonly #recorder: Recorder;
  readonly #affinity = new Affinity();
  readonly #owners: SharedOwners;
  readonly #routing: SharedRouting | undefined;
  readonly #limits: SharedLimits | undefined;
  readonly #storeWatch: StoreWatch | undefined;
  /** Built once, since every call is planned from it. */
  readonly #planning: PlanInputs;
  readonly #keyShares: KeyShares;
  #metricsTicker: Ticker | undefined;
  #calls = 0;
  #closed = false;

  constructor(given: ResolvedOptions, { routes }: { readonly routes: boolean }) {
    const { clock, stable, weights, windowMs, alerts: rules, webhook, random } = given;
    this.ledger = new Ledger({ sinceMs: clock.now(), calendar: given.calendar });
    this.routes = routes;
    this.names = given.upstreams.map(({ name }) => name);
    this.emitter = new Emitter((event, error) =>
      this.#warn('listener', `A listener of "${event}" threw ${errorName(error)}`),
    );
    // Without the `canary` option the client logs only what the SDK logs.
    this.warnings = new Warnings(this.emitter, routes ? given.logger : undefined);
    this.#storeWatch = given.store && new StoreWatch(given.store, { clock, warnings: this.warnings });
    const options = { ...given, store: this.#storeWatch?.store };
    this.options = options;
    const routing = { segments: options.segments, taskRoutes: options.tasks?.routes ?? new Map() };
    this.traffic = new Traffic(weights, this.names, stable, createRolloutSplit(options.rollouts), routing);
    this.#recorder = new Recorder({ upstreams: this.names, windowMs });
    this.keyOption = options.key && safeKey(options.key, (problem) => this.#warn('key', `The key function ${problem}`));
    this.#keyShares = new KeyShares((share, source) => this.#warnOfKeyShare(share, source));
    const classify = options.tasks?.classify;
    this.classifier = classify && new Classifier(classify, clock, (message) => this.#warn('task', message));
    const { emitter, warnings, traffic, names, ledger: costs } = this;
    const { rollouts: policies, store } = options;
    const planning = () => this.#planning;
    const setShadowShare = (upstream: string, share: number) => this.services.shadow?.setShare(upstream, share);
    const copiesPausedFor = (upstream: string) => this.services.shadow?.pausedFor(upstream);
    const shadows = { setShadowShare, copiesPausedFor };
    const rolloutInput = { policies, clock, emitter, traffic, warnings, store, planning, ...shadows };
    this.rollouts = policies.length > 0 ? new Rollouts(rolloutInput) : undefined;
    const sharedStore = routes ? store : undefined;
    const warn = (error: unknown) => this.#storeWatch?.failed(error);
    const killSwitch = new KillSwitch((message) => this.#warn('disabled', message));
    const sharing = { ...routing, clock, killSwitch };
    this.#owners = new SharedOwners({ affinity: this.#affinity, store: sharedStore, clock, warn });
    this.#routing = sharedStore && new SharedRouting({ traffic, store: sharedStore, names, weights, ...sharing, warn });
    const observed = { recorder: this.#recorder, costs, emitter, warnings, clock, rollouts: this.rollouts };
    this.money = new Money(options, warnings);
    this.services = buildCallServices(options, observed, {
      owners: this.#owners,
      affinity: this.#affinity,
      traffic,
      routes,
      money: this.money,
      client: () => this.client,
    });
    this.money.share({ store: sharedStore, ledger: costs, budgets: this.services.budgets });
    this.#limits = shareLimits(this.services.upstreams, { store: sharedStore, clock, random, warn });
    this.cache =
      options.cache &&
      new AnswerCache(options.cache, this.services, (option, error) =>
        this.#warn('cache', `The ${option} function of the cache threw ${errorName(error)}`),
      );
    this.home = knownUpstream(this.services, options.account);
    this.#planning = planInputs(options, this.services, { traffic, affinity: this.#affinity, killSwitch });
    const nextCallId = () => this.nextCallId();
    this.prober = new Prober({ services: this.services, emitter, active: options.probe, nextCallId });
    const { probe } = options;
    if (probe && probe.budgetUsd > 0) this.#warn('probe', paidProbeMessage(probe.budgetUsd));
    const snapshot = () => this.snapshot();
    const { rollouts } = this;
    rollouts?.start();
    this.alerts = new Alerts({ emitter, warnings, clock, random, traffic, rollouts, rules, webhook, snapshot, store });
  }

  nextCallId(): number {
    this.#calls += 1;
    return this.#calls;
  }

  noteBucket(bucket: number | undefined, source: KeySource | undefined): void {
    this.#keyShares.note(bucket, source);
  }

  /** The upstream that created the response or conversation `id`, if it is known. */
  ownerOf(id: string | undefined): Upstream | undefined {
    const owner = id === undefined ? undefined : this.#affinity.ownerOf(id);
    return owner === undefined ? undefined : this.services.upstreams.get(owner);
  }

  /** The upstreams to ask for a response that the client itself does not know: its owner by the store, else all with other accounts. */
  async othersToAsk(id: string): Promise<readonly string[]> {
    await this.#owners.lookUp([id]);
    const owner = this.ownerOf(id);
    const others = owner ? [owner] : [...this.services.upstreams.values()];
    return others.filter(({ config }) => config.connection.kind !== 'client').map(({ name }) => name);
  }

  lookUpOwner(call: Call): Promise<void> | undefined {
    return this.#owners.lookUpFor(call);
  }

  /** Set until it is known what earlier processes have spent and what calls cost, where calls are refused for it. */
  moneyKnown(call: Call, body: unknown): Promise<void> | undefined {
    return this.money.known(call, this.names, body);
  }

  plan(call: Call, body: unknown, nowMs: number): CallPlan {
    return planCall(call, body, this.#planning, nowMs);
  }

  /** Counts the quality of a call for the upstream that answered it. */
  score({ attempts }: CallLedger, quality: number): void {
    const served = attempts.findLast(({ outcome, reason }) => outcome === 'success' && reason !== 'shadow');
    if (served) this.#recorder.score(served.upstream, quality, this.options.clock.now());
  }

  snapshot(): Snapshot {
    const { clock, windowMs } = this.options;
    const frozen = takeSnapshot(this.#recorder, this.traffic, this.services, { atMs: clock.now(), windowMs });
    const { cache, rollouts } = this;
    const store = this.#storeWatch?.snapshot(rollouts?.sharing);
    const shared = { ...(store && { store }), ...(rollouts && { rollouts: rollouts.snapshot }) };
    return { ...frozen, ...(cache && { cache: cache.snapshot }), ...shared };
  }

  /** Called with the first listener of `metrics`: the event is emitted from then on. */
  startMetrics(): void {
    if (this.#closed) return;
    const { clock, metricsIntervalMs } = this.options;
    this.#metricsTicker ??= startTicker(clock, metricsIntervalMs, this, (engine) => {
      if (engine.emitter.wants('metrics')) engine.emitter.emit('metrics', engine.snapshot());
    });
  }

  /** Stops timers and removes listeners. Resolves when everything is stored. Calls still work afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.alerts.close();
    this.prober.close();
    const stored = this.rollouts?.close();
    const ownersStored = this.#owners.close();
    const moneyStored = this.money.close();
    const routingStored = this.#routing?.close() ?? Promise.resolve();
    this.#metricsTicker?.stop();
    this.services.shadow?.close();
    this.services.hints?.close();
    for (const { models } of this.services.upstreams.values()) models.close();
    this.emitter.removeAll();
    this.tracing.removeAll();
    await moneyStored;
    await stored;
    await Promise.all([ownersStored, routingStored, this.#limits?.close()]);
  }

  /** With all calls on one upstream a frequent key changes nothing. */
  #warnOfKeyShare(share: number, source: KeySource | undefined): void {
    const { weights, rollouts } = this.traffic;
    if (!rollouts && Object.values(weights).filter((weight) => weight > 0).length < 2) return;
    const message = keyShareMessage(share, source);
    this.warnings.once('keyShare', { code: 'keyShare', message, atMs: this.options.clock.now() });
  }

  #warn(code: 'listener' | 'key' | 'task' | 'cache' | 'disabled' | 'probe', message: string): void {
    this.warnings.once(message, { code, message, atMs: this.options.clock.now() });
  }
}

function knownUpstream({ upstreams }: CallServices, name: string): Upstream {
  const upstream = upstreams.get(name);
  if (!upstream) throw new RangeError(`No upstream is called ${name}.`);
  return upstream;
}
