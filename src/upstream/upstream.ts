/** A named destination: connection, model and price, with one breaker and one pause per model. */

import type { ClientOptions, OpenAI } from 'openai';
import type { Call } from '../domain/call.ts';
import type { DatedPrice } from '../pricing/prices.ts';
import type { Capabilities, Capable } from '../providers/capabilities.ts';
import type { BodyRules } from '../providers/create-body-patch.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { LimitsPolicy, UpstreamLimits } from '../resilience/limits/upstream-limits.ts';
import type { KeyPool } from '../resilience/key-pool.ts';
import type { ModelState, ModelStates } from '../resilience/model-states.ts';

/** How an upstream is reached. */
export type Connection =
  /** The application's client itself, with these options added. */
  | { readonly kind: 'client'; readonly options: ClientOptions }
  /** A client of its own, with `keys` if it has several. It takes only the network settings of the application's client: `fetch`, proxies, logger. */
  | { readonly kind: 'own'; readonly options: ClientOptions; readonly keys?: readonly string[] | undefined }
  /** A clone of a client that the user built. */
  | { readonly kind: 'given'; readonly client: OpenAI };

/** Where the prices of an upstream come from. */
export interface UpstreamPricing {
  /** The prices in the options; they override the price table. */
  readonly prices: readonly DatedPrice[] | undefined;
  /** The provider's id in the price table. */
  readonly provider: string | undefined;
  /** Identifies the provider by its address, where there is no id. */
  readonly baseURL: string | undefined;
}

/** The resolved options of an upstream. */
export interface UpstreamConfig {
  readonly name: string;
  readonly connection: Connection;
  /** How request bodies are adapted: model, params, output limit. */
  readonly rules: BodyRules;
  readonly timeoutMs: number | undefined;
  /** The upstream's own `maxRetries`; `undefined`: the client's. */
  readonly maxRetries?: number | undefined;
  /** The p95 latency that the upstream should keep, in ms. */
  readonly targetLatencyMs?: number | undefined;
  /** Streams that the caller leaves are read to their end, to learn their true usage. */
  readonly drains: boolean;
  /**
   * The user's statement whether the upstream sends a `finish_reason`. `true`: `[DONE]` without one is a truncation; `false`: it is
   * complete; `undefined`: it is complete, with a warning.
   */
  readonly finishReason?: boolean | undefined;
  /** The known capabilities. */
  readonly capable: Omit<Capable, 'model'>;
  readonly pricing: UpstreamPricing;
  /** `undefined`: unlimited. */
  readonly limits?: LimitsPolicy | undefined;
  /** The option or environment variable that the credentials come from. */
  readonly keySource: string;
}

export interface Upstream {
  readonly name: string;
  readonly config: UpstreamConfig;
  /** The breakers and pauses, by requested model. */
  readonly models: ModelStates;
  readonly limits?: UpstreamLimits | undefined;
  /** Its API keys, if it has several. */
  readonly keys?: KeyPool | undefined;
  /** The capabilities that a probe measured for one model. */
  probed?: { readonly model: string | undefined; readonly capabilities: Capabilities } | undefined;
  /** The upstream has refused `stream_options` that we added: they are not sent again. */
  refusesUsage?: boolean | undefined;
  /** The last check of the connection. */
  lastCheck?: ConnectionCheck | undefined;
  /** When a call last succeeded, in ms since the Unix epoch. */
  lastSuccessAtMs?: number | undefined;
}

/** The result of a connection check. */
export interface ConnectionCheck {
  readonly reached: boolean;
  readonly atMs: number;
  /** Until when a failed check keeps calls away; `undefined` for one that does not. */
  readonly downUntilMs: number | undefined;
}

/** Until when a failed check keeps calls away; `undefined` if none does. A call that has succeeded since then knows better. */
export function downUntilMs({ lastCheck, lastSuccessAtMs = 0 }: Upstream, nowMs: number): number | undefined {
  if (lastCheck?.downUntilMs === undefined || lastSuccessAtMs >= lastCheck.atMs) return undefined;
  return lastCheck.downUntilMs > nowMs ? lastCheck.downUntilMs : undefined;
}

/** The model that a call requests from an upstream; `undefined` where it names none. A `model` in `params` wins. */
export function requestedModel(
  { config: { rules } }: Pick<Upstream, 'config'>,
  call: Pick<Call, 'surface' | 'model'>,
): string | undefined {
  const fixed = call.surface === 'other' ? undefined : rules.params?.['model'];
  return typeof fixed === 'string' ? fixed : upstreamModel(rules.model, call);
}

/** The breaker and the pause of the model that a call requests. Read only: `upstream.models.of()` makes the state of a new model. */
export function stateFor(upstream: Upstream, call: Pick<Call, 'surface' | 'model'>): ModelState {
  return upstream.models.peek(requestedModel(upstream, call));
}
