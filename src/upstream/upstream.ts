/** A named destination: connection, model and price, with one breaker and one pause. */

import type { ClientOptions, OpenAI } from 'openai';
import type { DatedPrice } from '../pricing/prices.ts';
import type { Capabilities, Capable } from '../providers/capabilities.ts';
import type { BodyRules } from '../providers/create-body-patch.ts';
import type { Breaker } from '../resilience/breaker.ts';
import type { LimitsPolicy, UpstreamLimits } from '../resilience/limits/upstream-limits.ts';
import type { Pause } from '../resilience/pause.ts';

/** How an upstream is reached. */
export type Connection =
  /** The client that the application calls is the connection itself, under these options more, if there are any. */
  | { readonly kind: 'client'; readonly options: ClientOptions }
  /** A client of its own, which takes nothing from the application's but its network: `fetch`, proxies, logger. */
  | { readonly kind: 'own'; readonly options: ClientOptions }
  /** A clone of a client that the user built. */
  | { readonly kind: 'given'; readonly client: OpenAI };

/** Where the prices of an upstream come from. */
export interface UpstreamPricing {
  /** The user's own; they win. */
  readonly prices: readonly DatedPrice[] | undefined;
  /** The provider's id in the price table. */
  readonly provider: string | undefined;
  /** Tells the provider by its address, where no id does. */
  readonly baseURL: string | undefined;
}

/** What the user said about an upstream, resolved. */
export interface UpstreamConfig {
  readonly name: string;
  readonly connection: Connection;
  /** How the upstream wants its bodies: model, params, output limit. */
  readonly rules: BodyRules;
  readonly timeoutMs: number | undefined;
  /** Streams that the caller leaves are read on, for their true usage. */
  readonly drains: boolean;
  /** It gives no `finish_reason`: its streams are whole when they say `[DONE]`. */
  readonly endsByDone?: boolean | undefined;
  /** What is known of what it can do. */
  readonly capable: Omit<Capable, 'model'>;
  readonly pricing: UpstreamPricing;
  /** Not set: not limited. */
  readonly limits?: LimitsPolicy | undefined;
  /** The option or environment variable that its credentials come from. */
  readonly keySource: string;
}

export interface Upstream {
  readonly name: string;
  readonly config: UpstreamConfig;
  readonly breaker: Breaker | undefined;
  readonly pause: Pause;
  readonly limits?: UpstreamLimits | undefined;
  /** What a probe found out about one of its models. */
  probed?: { readonly model: string | undefined; readonly capabilities: Capabilities } | undefined;
  /** The last time that its connection was checked. */
  lastCheck?: { readonly reached: boolean; readonly atMs: number } | undefined;
}
