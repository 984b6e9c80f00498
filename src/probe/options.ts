/** The options of probes. */

import type { Duration } from '../domain/duration.ts';
import type { CheckName } from '../domain/probe.ts';

/** The options of `canary.probe()`. */
export interface ProbeOptions {
  /** The checks to run; `honesty` compares what the upstream reports about its answers with known facts. @default all */
  readonly only?: readonly (CheckName | 'honesty')[] | undefined;
  /** The model to request. @default the upstream's own `model`, or its first; without a model, checks that need one are skipped */
  readonly model?: string | undefined;
  /** The model for embeddings. @default embeddings are skipped */
  readonly embeddingModel?: string | undefined;
  /** The model's context window in tokens; one prompt that is 20 % longer is sent. @default the check is skipped */
  readonly contextTokens?: number | undefined;
  /** The timeout of each request. @default '30s' */
  readonly timeout?: Duration | undefined;
  /** USD that the probe may spend; requests with a higher estimate than the rest are skipped. An unknown price counts as 0. @default 0.25 */
  readonly budgetUsd?: number | undefined;
  /** Aborts the probe; the remaining checks are skipped. */
  readonly signal?: AbortSignal | undefined;
}

/** Checks upstreams at an interval, in addition to the health seen in real calls. */
export interface ActiveProbeOptions<UpstreamName extends string = string> {
  /** The interval between checks. A check requests the list of models, which is free. */
  readonly every: Duration;
  /** The timeout of each request. @default '10s' */
  readonly timeout?: Duration | undefined;
  /**
   * USD per UTC day and upstream for upstreams that list no models: each check then asks for an answer of one token, as long as the
   * budget lasts and the price is known. With 0, any answer from such an upstream shows that it is reached, and its key is not checked.
   * @default 0
   */
  readonly budgetUsd?: number | undefined;
  /** The upstreams to check. @default all */
  readonly upstreams?: readonly UpstreamName[] | undefined;
}
