/** Builds the services that calls are dispatched with, from resolved options. */

import type { OpenAI } from 'openai';
import { Budgets } from '../budgets/budgets.ts';
import type { EstimateCostUsd } from '../upstream/upstream-costs.ts';
import type { CallServices } from '../call/call-services.ts';
import { Fallbacks } from '../call/fallbacks.ts';
import type { BudgetEvent } from '../domain/events.ts';
import { hashKey } from '../domain/hash-key.ts';
import type { WindowSnapshot } from '../domain/snapshot.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { createTokenizer } from '../pricing/load-tokenizer.ts';
import { Breaker } from '../resilience/breaker.ts';
import type { BreakerChange } from '../resilience/breaker-states.ts';
import { Hedging, type HedgingInput } from '../resilience/hedge-policy.ts';
import { UpstreamLimits } from '../resilience/limits/upstream-limits.ts';
import { KeyPool } from '../resilience/key-pool.ts';
import { ModelStates } from '../resilience/model-states.ts';
import type { PauseKind } from '../resilience/pause.ts';
import { RetryBudget } from '../resilience/retry-budget.ts';
import type { Affinity } from '../routing/affinity.ts';
import type { Traffic } from '../routing/traffic.ts';
import { ShadowRunner } from '../shadow/shadow-runner.ts';
import type { Clock } from '../time/clock.ts';
import { BackgroundResponses } from '../upstream/background-responses.ts';
import { AbandonedStreams } from '../upstream/stream/abandoned-streams.ts';
import { createPricing, PriceAhead } from '../upstream/upstream-costs.ts';
import type { Upstream, UpstreamConfig } from '../upstream/upstream.ts';
import { type Observed, ResultRecorder, ShadowResultRecorder } from './record-results.ts';
import { adviseOn, dependsOnPriceOf, priceLine, warnOfOldList } from './advise.ts';
import type { Money } from './money.ts';
import type { ResolvedOptions } from './resolve-options.ts';
import { SharedHints } from './shared-hints.ts';
import type { SharedOwners } from './shared-owners.ts';

/** The call services, with the shadow runner itself instead of its narrow interface. */
export interface EngineServices extends CallServices {
  readonly shadow: ShadowRunner | undefined;
  /** Absent without a store. */
  readonly hints: SharedHints | undefined;
}

interface ServicesInput {
  readonly owners: SharedOwners;
  readonly affinity: Affinity;
  readonly traffic: Traffic;
  readonly routes: boolean;
  readonly money: Money;
  /** The application's client, once it is built. */
  readonly client: () => OpenAI | undefined;
}

export function buildCallServices(
  options: ResolvedOptions,
  told: Observed,
  { owners, affinity, traffic, routes, money, client }: ServicesInput,
): EngineServices {
  const { clock, random, policy, fallbacks, retryShare, stable } = options;
  const { warnings, emitter } = told;
  const store = routes ? options.store : undefined;
  const upstreams = new Map<string, Upstream>();
  const hints = store && new SharedHints({ store, clock, emitter, upstreams, client });
  const observed = { ...told, hints };
  for (const config of options.upstreams) {
    upstreams.set(config.name, buildUpstream(config, options, observed, store?.takeParts !== undefined));
  }
  const { table, models, listRead } = money;
  const { estimateCostUsd, isPriced, inputTokensOf } = new PriceAhead(upstreams, table);
  const advise = (): void => {
    const atMs = clock.now();
    for (const advice of routes ? adviseOn(options, isPriced) : []) warnings.announce({ ...advice, atMs });
  };
  if (listRead) void listRead.then(advise);
  else advise();
  const services = {
    upstreams,
    stable,
    policy,
    fallbacks: new Fallbacks(fallbacks, stable),
    isRolledBack: (upstream: string) => traffic.isRolledBack(upstream),
    clock,
    random,
    redacts: routes,
    retryBudget: new RetryBudget(retryShare, clock),
    hedging: options.hedge && new Hedging({ ...options.hedge, p95Ms: p95Of(observed.recorder, clock) }),
    observer: new ResultRecorder(observed),
    rollouts: observed.rollouts,
    pricing: createPricing(upstreams, stable, table, {
      priced: (...noted) => models.note(...noted),
      missing: (upstream, model) => {
        const consequences = dependsOnPriceOf(upstream, options);
        const unknown = `No price is known for ${model} on ${upstream}: its cost is counted as unknown`;
        const message =
          consequences.length === 0 ? unknown : `${unknown}, ${consequences.join(', ')}; ${priceLine(upstream)}`;
        warnings.once(message, { code: 'price', message, atMs: clock.now() });
      },
      outdated: (list) => warnOfOldList(list, warnings, clock.now()),
    }),
    inputTokensOf,
    estimateCostUsd,
    budgets: buildBudgets(options, estimateCostUsd, observed),
    background: new BackgroundResponses(clock),
    isPriced: options.rejectsUnpriced ? isPriced : undefined,
    tokenizer: createTokenizer(),
    remember: (id: string, upstream: string) => owners.remember(id, upstream),
    ownerOf: (id: string) => affinity.ownerOf(id),
    abandonedStreams: new AbandonedStreams(clock),
    toolRuns: new WeakMap(),
  };
  return { ...services, hints, shadow: buildShadow(options, services, observed) };
}

function buildBudgets(
  { budgets: policies, calendar, clock }: ResolvedOptions,
  estimateCostUsd: EstimateCostUsd,
  { emitter, costs }: Observed,
): Budgets {
  const onShare = (event: BudgetEvent): void => emitter.emit('budget', event);
  return new Budgets({
    policies,
    calendar,
    clock,
    estimateCostUsd,
    shortKey: hashKey,
    onSettled: (...settled) => costs.estimates.add(...settled),
    onShare,
  });
}

/** A p95 of fewer samples means little. */
const P95_MIN_SAMPLES = 20;
/** How long a p95 is kept, in ms: reading a quantile costs microseconds, and it changes slowly. */
const P95_KEPT_MS = 1_000;

/** The p95 of the time to the first chunk (streams) or to the whole answer, in ms. */
function p95Of(recorder: Recorder, clock: Clock): HedgingInput['p95Ms'] {
  const kept = new Map<string, { readonly atMs: number; readonly window: WindowSnapshot }>();
  return (upstream, stream) => {
    const nowMs = clock.now();
    let read = kept.get(upstream);
    if (!read || nowMs - read.atMs >= P95_KEPT_MS) {
      read = { atMs: nowMs, window: recorder.upstream(upstream, nowMs) };
      kept.set(upstream, read);
    }
    const { count, p95 } = stream ? read.window.firstChunkMs : read.window.latencyMs;
    return count < P95_MIN_SAMPLES || p95 === null ? undefined : p95;
  };
}

function buildUpstream(
  config: UpstreamConfig,
  options: ResolvedOptions,
  { emitter, hints, ...observed }: Observed,
  sharesLimits: boolean,
): Upstream {
  const { clock, breaker: policy } = options;
  const { name } = config;
  const createBreaker =
    policy &&
    ((model: string | undefined): Breaker => {
      const onChange = (change: BreakerChange): void => {
        hints?.breakerChanged(name, model, change);
        emitter.emit('breaker', { upstream: name, model, ...change, atMs: clock.now() });
      };
      return new Breaker({ policy, clock, onChange });
    });
  const keys = buildKeys(config, clock, observed);
  const models = new ModelStates({ clock, createBreaker, keys });
  const { deadlineMs } = options.policy;
  const sharedAs = sharesLimits ? name : undefined;
  const limits = config.limits && new UpstreamLimits(config.limits, clock, { deadlineMs, sharedAs });
  return { name, config, models, limits, keys };
}

function buildKeys(
  { name, connection }: UpstreamConfig,
  clock: Clock,
  { warnings }: Pick<Observed, 'warnings'>,
): KeyPool | undefined {
  if (connection.kind !== 'own' || !connection.keys) return undefined;
  const { keys } = connection;
  const onPassedOver = (index: number, kind: PauseKind): void => {
    const problem = kind === 'auth' ? 'refused' : 'out of quota';
    const message = `Key ${index + 1} of the ${keys.length} keys of upstream ${name} is ${problem}; the others are used`;
    if (kind !== 'rateLimit') warnings.once(message, { code: 'apiKey', message, atMs: clock.now() });
  };
  return new KeyPool({ keys, clock, onPassedOver });
}

function buildShadow(
  { shadow, salt, windowMs }: ResolvedOptions,
  services: Omit<CallServices, 'shadow'>,
  observed: Observed,
): ShadowRunner | undefined {
  if (!shadow) return undefined;
  const { idleMs } = services.policy;
  const observer = new ShadowResultRecorder(observed);
  return new ShadowRunner(shadow, { ...services, salt, windowMs, idleMs, observer });
}
