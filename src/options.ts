/** What a user writes under `canary`. No logic; `resolve-options.ts` turns it into what the engine needs. */

import type { AlertRuleOptions, WebhookOptions } from './alerts/options.ts';
import type { StreamMode } from './domain/call.ts';
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
import type { UpstreamPrice } from './domain/usage.ts';
import type { CacheOptions } from './cache/options.ts';
import type { TaskOptions } from './routing/tasks.ts';
import type { ShadowOptions } from './shadow/options.ts';
import type { Store } from './domain/store.ts';
import type { RolloutOptions } from './rollout/options.ts';
import type { UpstreamOptions } from './upstream/upstream-options.ts';
import type { KeyContext } from './routing/key.ts';
import type { SegmentOptions } from './routing/resolve-split.ts';

/** Everything under `canary`. A section left out is a part not built. */
export interface CanaryOptions<UpstreamName extends string = string, StableName extends string = string> {
  /** Name of the upstream that the client's own options describe. @default 'openai' */
  readonly name?: StableName | undefined;
  readonly upstreams?: Readonly<Record<UpstreamName, UpstreamOptions>> | undefined;
  /** Any non-negative numbers; normalised. @default all on stable */
  readonly weights?: Readonly<Partial<Record<NoInfer<UpstreamName | StableName>, number>>> | undefined;
  /** The upstream in service. @default `name` */
  readonly stable?: NoInfer<UpstreamName | StableName> | undefined;
  /**
   * The identity that must keep its upstream, where the call itself names none (`route({ key })`, `canary.run`, header
   * `x-canary-key`). `undefined` goes on to the body's `safety_identifier`, `prompt_cache_key` and `user`, then to the
   * opening of the conversation.
   */
  readonly key?: ((call: KeyContext) => string | undefined) | undefined;
  /** Mixed into every hash, so that two splits choose independently. @default 'canary' */
  readonly salt?: string | undefined;
  readonly segments?: readonly SegmentOptions<NoInfer<UpstreamName | StableName>>[] | undefined;
  /** Kinds of work, and the upstreams that do them. @default none */
  readonly tasks?: TaskOptions<NoInfer<UpstreamName | StableName>> | undefined;
  /** Whole answers that are given again to the same calls. @default none */
  readonly cache?: CacheOptions | undefined;
  /** @default stable, for calls that are not on stable */
  readonly fallbacks?: FallbackOptions<NoInfer<UpstreamName | StableName>> | undefined;
  readonly retry?: RetryOptions | undefined;
  /** `false` builds none. */
  readonly breaker?: BreakerOptions | false | undefined;
  readonly timeouts?: TimeoutOptions | undefined;
  /** @default 'committed': a stream is given from its first content on */
  readonly stream?: StreamMode | StreamOptions | undefined;
  /** @default none */
  readonly hedge?: HedgeOptions | undefined;
  /** @default none */
  readonly shadow?: ShadowOptions<NoInfer<UpstreamName | StableName>> | undefined;
  /** How much may be spent in an hour, a day or a month. @default none */
  readonly budgets?: readonly BudgetOptions<NoInfer<UpstreamName | StableName>>[] | undefined;
  /** How much each upstream may be asked, the client itself among them; wins over `limits` within `upstreams`. @default no limits */
  readonly limits?: Readonly<Partial<Record<NoInfer<UpstreamName | StableName>, LimitsOptions>>> | undefined;
  /** Prices by upstream; they win over the table. */
  readonly prices?:
    Readonly<Partial<Record<NoInfer<UpstreamName | StableName>, UpstreamPrice | readonly UpstreamPrice[]>>> | undefined;
  /**
   * Where no price is known: `'ignore'` counts the cost as unknown and warns, `'reject'` passes the upstream over before anything is sent
   * (`UnknownPriceError` where none is left). What only the provider reports, afterwards, is not known before. @default 'ignore'
   */
  readonly onUnknownPrice?: 'ignore' | 'reject' | undefined;
  readonly alerts?: readonly AlertRuleOptions<NoInfer<UpstreamName | StableName>>[] | undefined;
  /** Tells alerts and rollbacks to a web address: names and numbers, never a key, a header or a body. @default none */
  readonly webhook?: WebhookOptions | undefined;
  /** Checks that upstreams can be reached, also where no call goes; told in `snapshot().upstreams[name].health`. @default none */
  readonly probe?: ActiveProbeOptions<NoInfer<UpstreamName | StableName>> | undefined;
  /** Brings calls to a canary in steps, judged by evidence; a list brings several at once. */
  readonly rollout?:
    RolloutOptions<NoInfer<UpstreamName>> | readonly RolloutOptions<NoInfer<UpstreamName>>[] | undefined;
  /** Where rollouts are kept, so that a restart goes on where it was. @default nowhere: each start begins anew */
  readonly store?: Store | undefined;
  /** The sliding window of metrics. @default '5m' */
  readonly window?: Duration | undefined;
  /** How often `metrics` is emitted and alert rules are looked at. @default '30s' */
  readonly metricsInterval?: Duration | undefined;
  /** @default the system's clock, which never goes backwards */
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
  /** Gets warnings that no `warning` listener took. @default the client's `logger` */
  readonly logger?: Logger | undefined;
}
