/** The type of the `canary` option, and presets of it. No logic: `runtime/resolve-options.ts` resolves it. */

import type { AlertRuleOptions, WebhookOptions } from './alerts/options.ts';
import type { AcceptOption, CallKey, StreamMode } from './domain/call.ts';
import type { Clock } from './time/clock.ts';
import type { Logger } from './events/warnings.ts';
import type { Duration } from './domain/duration.ts';
import type { BudgetOptions, LimitsOptions } from './resilience/limits/options.ts';
import type {
  BreakerOptions,
  FallbackOptions,
  HedgeOptions,
  RetryOptions,
  StreamOptions,
  TimeoutOptions,
} from './resilience/options.ts';
import type { ActiveProbeOptions } from './probe/options.ts';
import type { PricesOptions } from './domain/usage.ts';
import type { CacheOptions } from './cache/options.ts';
import type { TaskOptions } from './routing/tasks.ts';
import type { ShadowOptions } from './shadow/options.ts';
import type { Store } from './domain/store.ts';
import { type RolloutOptions, stepPresets } from './rollout/options.ts';
import type { UpstreamOptions } from './upstream/upstream-options.ts';
import type { KeyContext } from './routing/key.ts';
import type { SegmentOptions } from './routing/resolve-split.ts';

/** The `canary` option. A feature whose section is left out is not built, unless its default says otherwise. */
export interface CanaryOptions<UpstreamName extends string = string, StableName extends string = string> {
  /** The name of the upstream that the client's own options describe. @default 'openai' */
  readonly name?: StableName | undefined;
  /** The other upstreams, by name. @default no other upstreams */
  readonly upstreams?: Readonly<Record<UpstreamName, UpstreamOptions>> | undefined;
  /** The split: any non-negative numbers by upstream, which are normalised. @default all calls go to stable */
  readonly weights?: Readonly<Partial<Record<NoInfer<UpstreamName | StableName>, number>>> | undefined;
  /** The upstream in service. @default `name` */
  readonly stable?: NoInfer<UpstreamName | StableName> | undefined;
  /**
   * Returns the identity that keeps its upstream, for calls without a key of their own (`route({ key })`, `canary.run`, header
   * `x-canary-key`). If it returns `undefined`, the key is the body's `safety_identifier`, `prompt_cache_key` or `user`, or else is made from
   * the opening of the conversation.
   */
  readonly key?: ((call: KeyContext) => CallKey | null | undefined) | undefined;
  /** Part of every hash, so that clients with different salts split independently. @default 'canary' */
  readonly salt?: string | undefined;
  /** Conditions on the attributes of calls, which choose an upstream before the split does. @default no segments */
  readonly segments?: readonly SegmentOptions<NoInfer<UpstreamName | StableName>>[] | undefined;
  /** Kinds of work, and the upstreams for each in order. @default no tasks */
  readonly tasks?: TaskOptions<NoInfer<UpstreamName | StableName>> | undefined;
  /** Stores whole answers and replays them to identical calls. @default no cache */
  readonly cache?: CacheOptions | undefined;
  /** The upstreams that serve a call after a failure, in order. @default stable, for calls that are assigned to another upstream */
  readonly fallbacks?: FallbackOptions<NoInfer<UpstreamName | StableName>> | undefined;
  /** Retries on the same upstream, and the budget of all extra attempts. */
  readonly retry?: RetryOptions | undefined;
  /** When an upstream is taken out of service; `false` disables the breaker. */
  readonly breaker?: BreakerOptions | false | undefined;
  /** The time limits of a call and of the phases of a stream. */
  readonly timeouts?: TimeoutOptions | undefined;
  /** When a stream is handed to its caller. @default 'committed', which is from its first content on */
  readonly stream?: StreamMode | StreamOptions | undefined;
  /**
   * Checks whole answers. A rejected answer is a failure of its upstream (kind `malformed`): that upstream is retried once, then the next one
   * is asked. If every answer is rejected, the caller gets stable's, or else the last one, and no error. Checked are plain calls and
   * `'buffered'` streams; not other streams, raw responses (`asResponse()`, `canary.fetch`) or background responses. A function that throws,
   * or takes over 30 s, causes a `warning` and accepts the answer. @default every answer is accepted
   */
  readonly accept?: AcceptOption | undefined;
  /** A second upstream that is tried beside a slow one. @default no hedging */
  readonly hedge?: HedgeOptions | undefined;
  /** Copies of calls that are sent to other upstreams. Their answers are compared and dropped. @default no copies */
  readonly shadow?: ShadowOptions<NoInfer<UpstreamName | StableName>> | undefined;
  /** The most that may be spent in an hour, a day or a month. @default no budgets */
  readonly budgets?: readonly BudgetOptions<NoInfer<UpstreamName | StableName>>[] | undefined;
  /**
   * The time zone of the days and months of budgets and costs: a name of the IANA database, such as `'Europe/Berlin'`. A day is 23 or 25 hours
   * long when clocks change. `shadow.budgetUsd` and `probe.budgetUsd` count UTC days. @default 'UTC'
   */
  readonly timeZone?: string | undefined;
  /** The rate and concurrency limits of each upstream, including the client itself. They win over `limits` within `upstreams`. @default no limits */
  readonly limits?: Readonly<Partial<Record<NoInfer<UpstreamName | StableName>, LimitsOptions>>> | undefined;
  /**
   * Prices by upstream, which win over the cost that the provider reports and over all lists; and the `source` of a price list, which wins
   * over the bundled one. The list is read at the start and every day. If it cannot be read, the client warns, keeps the last list and
   * tries again in an hour. It also warns when the list in use is older than 60 days. @default the bundled list
   */
  readonly prices?: PricesOptions<NoInfer<UpstreamName | StableName>> | undefined;
  /**
   * What happens to a call on an upstream without a known price. `'ignore'` counts the cost as unknown and warns. `'reject'` skips the upstream
   * before a request is sent, and throws `UnknownPriceError` if no upstream is left. A cost that only the provider reports after the call is
   * not a known price. @default 'ignore'
   */
  readonly onUnknownPrice?: 'ignore' | 'reject' | undefined;
  /** Conditions on metrics that emit `alert` events. @default no rules */
  readonly alerts?: readonly AlertRuleOptions<NoInfer<UpstreamName | StableName>>[] | undefined;
  /** Posts alerts and rollbacks to a URL: names and numbers, never a key, a header or a body. @default no webhook */
  readonly webhook?: WebhookOptions | undefined;
  /** Checks at an interval that upstreams are reachable, even without calls. See `snapshot().upstreams[name].health`. @default no checks */
  readonly probe?: ActiveProbeOptions<NoInfer<UpstreamName | StableName>> | undefined;
  /** Moves calls to a canary in steps, each judged by evidence. A list runs several rollouts at once. @default no rollout */
  readonly rollout?:
    RolloutOptions<NoInfer<UpstreamName>> | readonly RolloutOptions<NoInfer<UpstreamName>>[] | undefined;
  /** Where the state of rollouts is kept, so that they continue after a restart. @default no store; rollouts start again with each process */
  readonly store?: Store | undefined;
  /** The length of the sliding window of metrics, at least 1 s. @default '5m' */
  readonly window?: Duration | undefined;
  /** How often `metrics` is emitted. @default '30s' */
  readonly metricsInterval?: Duration | undefined;
  /** The source of time and timers. @default the system's clock, made monotonic */
  readonly clock?: Clock | undefined;
  /** The source of randomness, uniform in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Receives each warning once, as `warning` listeners do. @default the client's `logger`, if its log level includes warnings */
  readonly logger?: Logger | undefined;
}

/**
 * The setting of `canary` that rescues the most calls, to be spread before the options of an application. It is made for two or more
 * upstreams that can serve the same calls.
 *
 * - Streams are held back until they are complete, so that another upstream can answer if one breaks off. The caller waits longer for the
 *   first word.
 * - A stream that is silent for 20 s, before its first content or after it, fails. Models that think longer without a sign of life need a
 *   longer `timeouts.firstChunk`.
 * - A prompt that is too long for one upstream goes to its fallbacks.
 * - A `Retry-After` of up to a minute is waited for where no other upstream can serve.
 */
const failover = {
  stream: 'buffered',
  timeouts: { firstChunk: '20s', idle: '20s' },
  retry: { fallBackOn: ['contextLength'], maxRetryAfter: '60s' },
} as const satisfies CanaryOptions;

/**
 * Ready-made options: `failover` for `canary`, the others for `canary.rollout.steps`.
 *
 * @example canary: { ...presets.failover, upstreams, fallbacks: ['deepseek', 'openai'] }
 * @example rollout: { to: 'deepseek', steps: presets.quick }
 * @example rollout: { to: 'deepseek', steps: [{ shadow: 0.05, hold: '1h' }, ...presets.argo] }
 */
export const presets = { ...stepPresets, failover } as const;
