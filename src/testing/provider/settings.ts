/** The settings of a simulated provider. */

import type { Clock } from '../../time/clock.ts';
import type { Answer } from '../answers/answer.ts';
import type { TokenCounts } from '../answers/tokens.ts';
import type { UsageStyle } from '../answers/usage-style.ts';
import type { Defect } from '../defects/defect.ts';
import type { Fault } from '../script/fault.ts';
import type { ReceivedRequest } from './received-request.ts';

/** The settings that can be changed while the provider runs. */
export interface ProviderSettings {
  /** The known models; others are rejected with 404 (Responses: 400). @default any model */
  readonly models?: readonly string[] | undefined;
  /** The context window in tokens; longer prompts are rejected. @default no limit */
  readonly contextTokens?: number | undefined;
  /** Defects of the provider, see `DEFECTS`. @default none */
  readonly defects?: readonly Defect[] | undefined;
  /** The key that requests must carry, as bearer token or `api-key` header. @default none */
  readonly apiKey?: string | undefined;
  /** The answer of the model. @default a simple request is followed; otherwise 'Hello from <model>.' */
  readonly answer?: string | Answer | ((request: ReceivedRequest) => string | Answer) | undefined;
  /** Token counts to report, for replays of recorded traffic. @default four characters per token */
  readonly usage?: ((request: ReceivedRequest) => Partial<TokenCounts> | undefined) | undefined;
  /** Where a stream reports its usage. @default 'openai' */
  readonly usageStyle?: UsageStyle | undefined;
  /** Milliseconds before the first byte. @default 0 */
  readonly latencyMs?: Latency | undefined;
  /**
   * Output tokens per second. Spreads a stream over time; a JSON answer is sent after its last token. @default no limit
   */
  readonly tokensPerSecond?: number | undefined;
  /** Milliseconds between the chunks of a stream; overrides `tokensPerSecond`. @default 0 */
  readonly chunkDelayMs?: number | undefined;
  /** Share of requests that fail, 0–1. @default 0 */
  readonly errorRate?: number | undefined;
  /** The errors of `errorRate`, chosen by weight. @default 500 */
  readonly errorMix?: readonly WeightedError[] | undefined;
  /**
   * Faults by model; `'*'` applies to requests without a fault from another entry. The faults of a list apply one after
   * another, each for its `times` requests and its `lastsMs` milliseconds.
   */
  readonly faults?: Readonly<Record<string, OrderedFault | readonly OrderedFault[]>> | undefined;
  /** Additional headers of every answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A fault and the requests that it applies to. */
export type OrderedFault = Fault & {
  /** The duration of an outage, in ms from the first request that gets the fault. @default unlimited */
  readonly lastsMs?: number | undefined;
  /** Limits the fault to requests for which this returns `true`. @default every request */
  readonly when?: ((request: ReceivedRequest) => boolean) | undefined;
};

/** The settings of a provider and the options that are fixed at its start. */
export interface ProviderOptions extends ProviderSettings {
  /**
   * The seed of all randomness. Request `n` gets the same latency and error on every provider with this seed.
   * @default 1
   */
  readonly seed?: number | undefined;
  /** A folder of recorded bodies. A recording is served if the request's model is its name. @default none */
  readonly replay?: string | undefined;
  /** The number of requests that `requests` keeps; the oldest are dropped. @default 10_000 */
  readonly maxRequests?: number | undefined;
  /** The clock for latencies. @default real time */
  readonly clock?: Clock | undefined;
}

/**
 * Milliseconds, or a lognormal distribution: its median in ms and the standard deviation of its logarithm (0.4–0.6
 * under normal load).
 */
export type Latency =
  number | { readonly median: number; readonly sigma: number } | ((request: ReceivedRequest) => number);

/** One entry of an error mix. */
export type WeightedError = { readonly weight: number } & (
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>> | undefined;
    }
  | { readonly fault: Fault }
);
