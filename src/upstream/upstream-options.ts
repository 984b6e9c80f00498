/** The options of an upstream. */

import type { ClientOptions, OpenAI } from 'openai';
import type { Duration } from '../domain/duration.ts';
import type { UpstreamPrice } from '../domain/usage.ts';
import type { LimitsOptions } from '../resilience/limits/options.ts';
import type { Capabilities } from '../providers/capabilities.ts';
import type { ProviderName } from '../providers/presets.ts';

/** A body field to set, or to remove with `null`. */
export type Params = Readonly<Record<string, unknown>>;

/**
 * One more upstream. With a `provider`, `baseURL`, `apiKey` or `client` of its own it inherits **no** credentials,
 * organization, project or default headers from the client; without any of these it is the client's own connection
 * under another model or other params.
 */
export interface UpstreamOptions extends Omit<ClientOptions, 'provider' | 'timeout' | 'apiKey' | 'baseURL'> {
  /** A vendor preset: base URL, environment variable of the key, price list. */
  readonly provider?: ProviderName | undefined;
  /** @default the base URL of the `provider`, else that of the client */
  readonly baseURL?: string | undefined;
  /**
   * Several keys are used in order: one that is refused, out of quota or rate-limited is passed over for the next.
   * @default the environment variable of the `provider`, such as `HOLYSHEEP_API_KEY`
   */
  readonly apiKey?: ClientOptions['apiKey'] | readonly string[];
  /**
   * A string replaces every call's model, a record maps model to model, and its entry `'*'` replaces all others. Embeddings and moderations
   * keep their model unless a record has an entry for it. @default the caller's model
   */
  readonly model?: string | Readonly<Record<string, string>> | undefined;
  /** Body fields to set, or to remove with `null`. */
  readonly params?: Params | undefined;
  /** The most output tokens that a call may request on this upstream. A larger or absent limit is lowered to it. */
  readonly maxOutputTokens?: number | undefined;
  /** Time for one attempt to answer; for a stream, up to the first sign of an answer. @default the client's `timeout` */
  readonly timeout?: Duration | undefined;
  /**
   * The p95 latency that the upstream should keep. It changes no call: the snapshot shows it, the alert metric `latencyToTarget` compares
   * the latency with it, and a guardrail's `max: 'target'` is this value. @default none
   */
  readonly targetLatency?: Duration | undefined;
  /** What happens to a stream that the caller leaves: it is cancelled, or read to its end to learn its true usage. @default 'cancel' */
  readonly onAbort?: 'cancel' | 'drain' | undefined;
  /**
   * What the upstream can and cannot do, in addition to what is known about its provider: `{ vision: false }`. A call that needs a missing
   * capability skips the upstream. `finishReason` does not affect routing: with `true`, a stream that ends with `[DONE]` and no
   * `finish_reason` is truncated; with `false`, it is complete; without either, it is complete, and a warning says so once.
   */
  readonly capabilities?: Capabilities | undefined;
  /** Limits of requests, tokens and concurrency. @default no limits */
  readonly limits?: LimitsOptions | undefined;
  /**
   * USD per million tokens, or the public price with a rebate or a fee: `{ multiplier: 0.85, of: 'openai' }`. Several entries with
   * `from` dates describe a price that changes over time.
   */
  readonly price?: UpstreamPrice | readonly UpstreamPrice[] | undefined;
  /** An SDK client to send with, where options do not suffice: `new AzureOpenAI(…)`. It is cloned, never changed. */
  readonly client?: OpenAI | undefined;
}
