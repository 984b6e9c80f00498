/** What a user writes about one more upstream. No logic. */

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
  readonly baseURL?: string | undefined;
  /** @default the environment variable of the `provider`, such as `HOLYSHEEP_API_KEY` */
  readonly apiKey?: ClientOptions['apiKey'];
  /** A string replaces every call's model, a record maps model to model. @default the caller's model */
  readonly model?: string | Readonly<Record<string, string>> | undefined;
  /** Body fields to set, or to remove with `null`. */
  readonly params?: Params | undefined;
  /** The most output tokens a call may ask for here; a larger or absent limit is lowered to it. */
  readonly maxOutputTokens?: number | undefined;
  /** Time for one attempt to answer (a stream: to start). @default the client's `timeout` */
  readonly timeout?: Duration | undefined;
  /** A stream that the caller leaves: hung up on, or read on for its true usage. @default 'cancel' */
  readonly onAbort?: 'cancel' | 'drain' | undefined;
  /** What the upstream can do or not, beyond what is known of its provider: `{ vision: false }`. A call that needs more passes it over; `finishReason: false` is no need of calls: its streams are whole with `[DONE]`. */
  readonly capabilities?: Capabilities | undefined;
  /** How much it may be asked. @default no limits */
  readonly limits?: LimitsOptions | undefined;
  /**
   * USD per million tokens, or the public price with a rebate or a fee: `{ multiplier: 0.85, of: 'openai' }`. Several entries with
   * `from` dates describe a price that changes.
   */
  readonly price?: UpstreamPrice | readonly UpstreamPrice[] | undefined;
  /** An SDK client to send with, for what options cannot say: `new AzureOpenAI(…)`. It is cloned, never changed. */
  readonly client?: OpenAI | undefined;
}
