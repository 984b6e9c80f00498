/** Resolves the user's options: fills in defaults, converts durations to ms, and rejects contradictions. */

import type { ClientOptions } from 'openai';
import {
  checkDuration,
  checkFunction,
  checkKeys,
  checkMethods,
  checkNumber,
  checkOneOf,
  checkText,
} from '../domain/check.ts';
import type { WebhookPolicy } from '../alerts/webhook.ts';
import type { AlertRule } from '../domain/alert.ts';
import type { Clock } from '../time/clock.ts';
import type { Store } from '../domain/store.ts';
import type { Segment, Weights } from '../domain/call.ts';
import type { CachePolicy } from '../cache/cache-policy.ts';
import type { DispatchPolicy } from '../call/call-services.ts';
import { type FallbackPolicy, resolveFallbacks } from '../call/fallbacks.ts';
import type { ShadowPolicy } from '../shadow/options.ts';
import type { CanaryOptions } from '../options.ts';
import type { Logger } from '../events/warnings.ts';
import { resolveAlerts, resolveWebhook } from '../alerts/resolve-alerts.ts';
import { clientDefaults, hasCredentials, NO_CREDENTIALS } from '../upstream/client-connection.ts';
import { environment } from '../upstream/resolve-connection.ts';
import type { Calendar } from '../domain/calendar.ts';
import { resolveBudgets, resolveCalendar } from '../budgets/resolve-budgets.ts';
import { resolveCache } from '../cache/options.ts';
import { resolveBreaker, resolveDispatch, resolveHedge, type HedgePolicy } from '../call/resolve-policies.ts';
import { resolveActiveProbe, type ActiveProbePolicy } from '../probe/resolve-probe.ts';
import { resolveRollouts, resolveStore, type RolloutPolicy } from '../rollout/resolve-rollouts.ts';
import { resolveSegments, resolveWeights } from '../routing/resolve-split.ts';
import { resolveTasks, type Tasks } from '../routing/tasks.ts';
import { resolveShadowBeside } from '../shadow/resolve-shadow.ts';
import { revisionOf } from '../upstream/revision.ts';
import { resolveUpstreams } from '../upstream/resolve-upstreams.ts';
import type { PriceSource } from '../domain/usage.ts';
import { separateSource } from '../pricing/resolve-prices.ts';
import type { BudgetPolicy } from '../budgets/budget.ts';
import { systemClock } from '../time/system-clock.ts';
import type { BreakerPolicy } from '../resilience/breaker.ts';
import type { UpstreamConfig } from '../upstream/upstream.ts';

/** Options with all defaults filled in. */
export interface ResolvedOptions {
  /** The upstream that is the application's client itself. */
  readonly home: string;
  /** The upstream of calls that belong to one account: `home`, or stable where the client has no credentials. */
  readonly account: string;
  /** Options that the client needs in addition to its own. */
  readonly clientDefaults: ClientOptions;
  readonly stable: string;
  /** `home` first. */
  readonly upstreams: readonly UpstreamConfig[];
  readonly weights: Weights;
  readonly salt: string;
  readonly segments: readonly Segment[];
  readonly policy: DispatchPolicy;
  readonly tasks: Tasks | undefined;
  readonly cache: CachePolicy | undefined;
  readonly fallbacks: FallbackPolicy;
  /** The extra load that retries may cause, as a share of calls, 0–1. */
  readonly retryShare: number;
  readonly hedge: HedgePolicy | undefined;
  readonly shadow: ShadowPolicy | undefined;
  readonly breaker: BreakerPolicy | undefined;
  readonly priceSource: PriceSource | undefined;
  /** Whether upstreams without a known price are skipped. */
  readonly rejectsUnpriced: boolean;
  readonly alerts: readonly AlertRule[];
  readonly webhook: WebhookPolicy | undefined;
  readonly budgets: readonly BudgetPolicy[];
  readonly calendar: Calendar;
  readonly probe: ActiveProbePolicy | undefined;
  readonly rollouts: readonly RolloutPolicy[];
  readonly store: Store | undefined;
  readonly windowMs: number;
  readonly metricsIntervalMs: number;
  readonly key: CanaryOptions['key'];
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger | undefined;
}

function targetsOf(upstreams: readonly UpstreamConfig[]): ReadonlyMap<string, number> {
  return new Map(
    upstreams.flatMap(({ name, targetLatencyMs }) =>
      targetLatencyMs === undefined ? [] : [[name, targetLatencyMs] as const],
    ),
  );
}

/**
 * @param priceProvider the provider of the client's prices, if its class implies one: `azure`
 * @throws ConfigError for the first invalid option
 */
export function resolveOptions(canary: CanaryOptions, client: ClientOptions, priceProvider?: string): ResolvedOptions {
  checkKeys('canary', canary, OPTION_NAMES);
  const { name = 'openai', alerts = [], breaker = {}, window = '5m', metricsInterval = '30s' } = canary;
  const home = checkText('canary.name', name, 'a name');
  const { source: priceSource, prices } = separateSource(canary.prices, [home, ...Object.keys(canary.upstreams ?? {})]);
  const upstreams = resolveUpstreams({ ...canary, prices }, client, home, priceProvider);
  const names = upstreams.map((upstream) => upstream.name);
  const { stable = home, salt = 'canary', clock = systemClock, random = Math.random, retry } = canary;
  checkOneOf('canary.stable', stable, names);
  const weights = resolveWeights('canary.weights', canary.weights, names, stable);
  const hasAccount = stable === home || (weights[home] ?? 0) > 0 || priceProvider === 'azure' || hasCredentials(client);
  const rollouts = resolveRollouts(canary.rollout, {
    names,
    stable,
    weights,
    scoresCopies: canary.shadow?.compare !== undefined,
    targetsMs: targetsOf(upstreams),
    revisionOf: (upstream) => revisionOf(upstreams.find((one) => one.name === upstream)!),
  });
  return {
    home,
    account: hasAccount ? home : stable,
    clientDefaults: hasAccount ? clientDefaults(client, upstreams[0]?.rules.provider) : NO_CREDENTIALS,
    stable,
    upstreams,
    weights,
    salt: checkText('canary.salt', salt, 'a non-empty string'),
    segments: resolveSegments('canary.segments', canary.segments === undefined ? [] : canary.segments, names),
    policy: resolveDispatch(canary),
    tasks: resolveTasks(canary.tasks, names),
    cache: resolveCache(canary.cache),
    fallbacks: resolveFallbacks(canary.fallbacks, names, retry?.fallBackOn),
    retryShare: checkNumber('canary.retry.budget', retry?.budget === undefined ? 0.2 : retry.budget, {
      min: 0,
      max: 1,
    }),
    hedge: canary.hedge && resolveHedge(canary.hedge),
    shadow: resolveShadowBeside(shadowedByRollouts(rollouts), canary.shadow, names),
    breaker: breaker === false ? undefined : resolveBreaker(breaker),
    priceSource,
    rejectsUnpriced: rejectsUnpriced(canary),
    alerts: resolveAlerts(alerts, names),
    budgets: resolveBudgets(canary.budgets, names),
    calendar: resolveCalendar(canary.timeZone),
    webhook: resolveWebhook(canary.webhook),
    probe: resolveActiveProbe(canary.probe, names),
    rollouts,
    store: resolveStore(canary.store),
    windowMs: checkDuration('canary.window', window, { min: 1_000 }),
    metricsIntervalMs: checkDuration('canary.metricsInterval', metricsInterval),
    key: checkFunction('canary.key', canary.key),
    clock: checkMethods('canary.clock', clock, ['now', 'setTimeout']),
    random: checkFunction('canary.random', random),
    logger: resolveLogger(canary.logger, client),
  };
}

/** The canaries whose rollouts have shadow steps. */
function shadowedByRollouts(rollouts: readonly RolloutPolicy[]): readonly string[] {
  return rollouts.filter(({ steps }) => steps.some(({ kind }) => kind === 'shadow')).map(({ to }) => to);
}

function rejectsUnpriced({ onUnknownPrice = 'ignore' }: CanaryOptions): boolean {
  return checkOneOf('canary.onUnknownPrice', onUnknownPrice, ['ignore', 'reject']) === 'reject';
}

/** The names of all options of `canary`. */
export const OPTION_NAMES: readonly (keyof CanaryOptions)[] = [
  'name',
  'upstreams',
  'weights',
  'stable',
  'key',
  'salt',
  'segments',
  'tasks',
  'cache',
  'fallbacks',
  'retry',
  'breaker',
  'timeouts',
  'stream',
  'accept',
  'hedge',
  'shadow',
  'limits',
  'budgets',
  'timeZone',
  'prices',
  'onUnknownPrice',
  'alerts',
  'webhook',
  'probe',
  'rollout',
  'store',
  'window',
  'metricsInterval',
  'clock',
  'random',
  'logger',
];

/** The client's own logger by default, unless its log level excludes warnings. */
function resolveLogger(logger: Logger | undefined, client: ClientOptions): Logger | undefined {
  if (logger !== undefined) return checkMethods('canary.logger', logger, ['warn']);
  const level = client.logLevel ?? environment('OPENAI_LOG');
  return level === 'off' || level === 'error' ? undefined : (client.logger ?? console);
}
