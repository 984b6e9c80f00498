/** How a simulated provider behaves. */

import type { Clock } from '../../time/clock.ts';
import type { Answer } from '../answers/answer.ts';
import type { TokenCounts } from '../answers/tokens.ts';
import type { UsageStyle } from '../answers/usage-style.ts';
import type { Defect } from '../defects/defect.ts';
import type { Fault } from '../script/fault.ts';
import type { ReceivedRequest } from './received-request.ts';

/** What can be changed while the provider runs. */
export interface ProviderSettings {
  /** The models it knows; others are refused with 404 (Responses: 400). @default any model */
  readonly models?: readonly string[] | undefined;
  /** The window of its models, in tokens; longer prompts are refused. @default no limit */
  readonly contextTokens?: number | undefined;
  /** What is wrong with it, though it seems to work. @default nothing */
  readonly defects?: readonly Defect[] | undefined;
  /** The key it asks for, as bearer token or `api-key`. @default none */
  readonly apiKey?: string | undefined;
  /** What it says. @default what was asked for, where that is simple; else 'Hello from <model>.' */
  readonly answer?: string | Answer | ((request: ReceivedRequest) => string | Answer) | undefined;
  /** Token counts to report, for replays of recorded traffic. @default four characters a token */
  readonly usage?: ((request: ReceivedRequest) => Partial<TokenCounts> | undefined) | undefined;
  /** @default 'openai' */
  readonly usageStyle?: UsageStyle | undefined;
  /** Milliseconds before the first byte. @default 0 */
  readonly latencyMs?: Latency | undefined;
  /**
   * Output tokens a second: spreads a stream over time, and makes a JSON answer wait for its last token. @default no limit
   */
  readonly tokensPerSecond?: number | undefined;
  /** Milliseconds between the chunks of a stream, instead of `tokensPerSecond`. @default 0 */
  readonly chunkDelayMs?: number | undefined;
  /** Share of requests that fail, 0–1. @default 0 */
  readonly errorRate?: number | undefined;
  /** What they fail with, by weight. @default 500 */
  readonly errorMix?: readonly WeightedError[] | undefined;
  /**
   * Faults by model; `'*'` strikes every request that no other entry does. The faults of a list strike one after another,
   * each as often as its `times` and as long as its `lastsMs` says.
   */
  readonly faults?: Readonly<Record<string, OrderedFault | readonly OrderedFault[]>> | undefined;
  /** More headers on every answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A fault of a provider, and what it strikes. */
export type OrderedFault = Fault & {
  /** How long it strikes: an outage, in ms from its first strike on. @default for ever */
  readonly lastsMs?: number | undefined;
  /** It strikes only requests for which this holds. @default every request */
  readonly when?: ((request: ReceivedRequest) => boolean) | undefined;
};

/** What is fixed when the provider starts. */
export interface ProviderOptions extends ProviderSettings {
  /** Decides every random thing; request `n` of two providers with one seed meets the same fate. @default 1 */
  readonly seed?: number | undefined;
  /** A folder of recorded bodies, served when a request's model is the name of one. @default none */
  readonly replay?: string | undefined;
  /** How many requests `requests` keeps; the oldest are dropped. @default 10_000 */
  readonly maxRequests?: number | undefined;
  /** The time that latencies pass in. @default real time */
  readonly clock?: Clock | undefined;
}

/** Milliseconds; or a lognormal distribution by its median in ms and the deviation of its logarithm (0.4–0.6 in calm). */
export type Latency =
  number | { readonly median: number; readonly sigma: number } | ((request: ReceivedRequest) => number);

/** One part of an error mix. */
export type WeightedError = { readonly weight: number } & (
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    }
  | { readonly fault: Fault }
);
