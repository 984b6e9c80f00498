/** What attempts cost, on the upstream that served them and on stable. */

import type { AttemptReason, AttemptRecord } from '../domain/attempt.ts';
import type { Call } from '../domain/call.ts';
import type { Cost, Usage } from '../domain/usage.ts';
import { findCost, UNKNOWN_COST } from '../pricing/cost.ts';
import { estimateTokens } from '../pricing/count-tokens.ts';
import { estimateInput, rememberCounts } from '../pricing/estimate-input.ts';
import { estimateOutput } from '../pricing/estimate-output.ts';
import type { PriceTable } from '../pricing/price-table.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { AttemptEnd } from './attempt-types.ts';
import type { Upstream, UpstreamConfig } from './upstream.ts';

/** Prices of `upstreams`; a `missing` price is told once for each upstream and model. */
export function createPricing(
  upstreams: ReadonlyMap<string, Upstream>,
  stable: string,
  table: PriceTable,
  missing: (upstream: string, model: string) => void,
): Pricing {
  const told = new Set<string>();
  const tell = (upstream: string, model: string): void => {
    if (told.has(model)) return;
    // Models that are made up must not fill the memory.
    if (told.size < MAX_TOLD) told.add(model);
    missing(upstream, model);
  };
  const priceAt = (name: string, model: string | undefined, end: AttemptEnd, reportedUsd: number | undefined): Cost => {
    const pricing = upstreams.get(name)?.config.pricing;
    if (!pricing) return UNKNOWN_COST;
    const { prices, provider, baseURL } = pricing;
    const { usage, usageEstimated, atMs } = end;
    return findCost({ reportedUsd, usage, usageEstimated, model, prices, table, provider, baseURL, atMs });
  };
  return ({ upstream, model, reason }: StartedAttempt, end: AttemptEnd, call: Call) => {
    // A model that the response names more closely (`gpt-4.1-2025-04-14`) may be unknown where the one asked for is not.
    let cost = priceAt(upstream, end.model ?? model, end, end.reportedUsd);
    if (cost.costUsd === null && end.model !== model) cost = priceAt(upstream, model, end, end.reportedUsd);
    // A probe asks for models that do not exist, and shows for itself what has no price.
    if (cost.costUsd === null && end.usage && model !== undefined && reason !== 'probe') tell(upstream, model);
    if (upstream === stable) return { cost, stableCostUsd: cost.costUsd };
    // Stable would have been asked for an answer, not for a failure: that is paid on top.
    if (cost.costUsd !== null && end.failure?.outcome === 'failure') return { cost, stableCostUsd: 0 };
    const stableModel = upstreamModel(upstreams.get(stable)?.config.rules.model, call);
    return { cost, stableCostUsd: priceAt(stable, stableModel, end, undefined).costUsd };
  };
}

const MAX_TOLD = 1_000;

/* PART: What a call would cost on an upstream, before it is made, and whether that can be known. */

/** The questions that are asked before a call is made. */
export interface PriceAhead {
  readonly inputTokensOf: InputTokensOf;
  readonly estimateCostUsd: EstimateCostUsd;
  readonly isPriced: IsPriced;
}

/**
 * The estimate costs time in proportion to the body's text, once for a call however many upstreams are asked about in a row: it is
 * made only where somebody needs it.
 */
export function createPriceAhead(upstreams: ReadonlyMap<string, Upstream>, table: PriceTable): PriceAhead {
  const countStanding = rememberCounts(estimateTokens);
  let lastCall: Call | undefined;
  let lastTokens = 0;
  const inputTokensOf = (call: Call, body: unknown): number => {
    if (lastCall !== call) {
      lastCall = call;
      lastTokens = Math.ceil(estimateInput(call.surface, body, estimateTokens, countStanding));
    }
    return lastTokens;
  };
  const costUsd = ({ pricing, rules }: UpstreamConfig, call: Call, usage: Usage): number | undefined => {
    const named = rules.params?.['model'];
    const model = typeof named === 'string' ? named : upstreamModel(rules.model, call);
    const cost = findCost({ ...pricing, reportedUsd: undefined, usage, model, table, atMs: call.startedAtMs });
    return cost.costUsd ?? undefined;
  };
  return {
    inputTokensOf,
    estimateCostUsd: (name, call, body) => {
      const config = upstreams.get(name)?.config;
      if (!config || call.surface === 'other') return undefined;
      const inputTokens = inputTokensOf(call, body);
      const outputTokens = estimateOutput(call.surface, body, config.rules);
      return costUsd(config, call, { inputTokens, outputTokens, cachedInputTokens: 0, reasoningTokens: 0 });
    },
    isPriced: (name, call) => {
      const config = upstreams.get(name)?.config;
      // Moderations are free, and in no list.
      if (!config || call.surface === 'other' || call.surface === 'moderations') return true;
      return costUsd(config, call, call.surface === 'embeddings' ? ONE_TOKEN : ONE_TOKEN_EACH) !== undefined;
    },
  };
}

const ONE_TOKEN: Usage = { inputTokens: 1, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };
const ONE_TOKEN_EACH: Usage = { ...ONE_TOKEN, outputTokens: 1 };

/** An attempt, before its end is known. */
export interface StartedAttempt {
  readonly upstream: string;
  readonly index: number;
  readonly reason: AttemptReason;
  readonly model: string | undefined;
  readonly startedAtMs: number;
}

/** The cost of an attempt, on its upstream and on stable. */
export type Pricing = (
  started: StartedAttempt,
  end: AttemptEnd,
  call: Call,
) => Pick<AttemptRecord, 'cost' | 'stableCostUsd'>;

/** About how many tokens the body of a call is, whole ones; 0 where it is no body of its surface. Never throws. */
export type InputTokensOf = (call: Call, body: unknown) => number;

/**
 * What a call would cost on an upstream, in USD, before it is made: its input by estimate, and all the output that it allows (its
 * limit, else 1,024 tokens; at most the upstream's `maxOutputTokens`; `n` times) at the upstream's price for the model it would get,
 * nothing of it cached. `undefined` where no price is known. Never throws.
 */
export type EstimateCostUsd = (upstream: string, call: Call, body: unknown) => number | undefined;

/** Whether the price of a call on an upstream is known before it is made. */
export type IsPriced = (upstream: string, call: Call) => boolean;
