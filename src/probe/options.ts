/** What a user writes about probes. No logic. */

import type { Duration } from '../domain/duration.ts';
import type { CheckName } from '../domain/probe.ts';

/** What `canary.probe()` is to find out, and at which price. */
export interface ProbeOptions {
  /** The checks to make; `honesty` compares what the upstream says of its answers with what is known. @default all */
  readonly only?: readonly (CheckName | 'honesty')[] | undefined;
  /** The model to ask for. @default the upstream's own `model`; of several the first. Without any, checks that need one are skipped */
  readonly model?: string | undefined;
  /** The model of embeddings. @default none: embeddings are skipped */
  readonly embeddingModel?: string | undefined;
  /** The model's window in tokens; a prompt a fifth longer is sent once. @default none: the check is skipped */
  readonly contextTokens?: number | undefined;
  /** The longest wait for each answer. @default '30s' */
  readonly timeout?: Duration | undefined;
  /** Requests that may cost more than what is left of it, in USD, are not made. A price that is unknown counts as 0. @default 0.25 */
  readonly budgetUsd?: number | undefined;
  /** Ends the probe: what is left is skipped. */
  readonly signal?: AbortSignal | undefined;
}

/** A check of every upstream at an interval, beside what real calls tell. */
export interface ActiveProbeOptions<UpstreamName extends string = string> {
  /** The list of models is asked for, which costs nothing; where there is none, a short answer. */
  readonly every: Duration;
  /** The longest wait for an answer. @default '10s' */
  readonly timeout?: Duration | undefined;
  /** @default all */
  readonly upstreams?: readonly UpstreamName[] | undefined;
}
