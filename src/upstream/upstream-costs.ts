/** What attempts cost on the upstream that served them and on stable, and what a call would cost on an upstream. */

import type { AttemptReason, AttemptRecord } from '../domain/attempt.ts';
import { type Call, isFree } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import type { AttemptTrace } from '../domain/trace.ts';
import type { Cost, PriceTableVersion, Usage } from '../domain/usage.ts';
import { findCost, UNKNOWN_COST } from '../pricing/cost.ts';
import { estimateTokens } from '../pricing/count-tokens.ts';
import { estimateInput, rememberCounts } from '../pricing/estimate-input.ts';
import { estimateOutput } from '../pricing/estimate-output.ts';
import { estimateMedia } from '../pricing/media-usage.ts';
import type { ModelPrices } from '../pricing/model-prices.ts';
import { tierNamed } from '../pricing/usage-extras.ts';
import type { PriceTable } from '../pricing/price-table.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { AttemptEnd } from './attempt-types.ts';
import type { Upstream, UpstreamConfig } from './upstream.ts';

/** An attempt, before its end is known. */
export interface StartedAttempt {
  readonly upstream: string;
  readonly index: number;
  readonly reason: AttemptReason;
  readonly model: string | undefined;
  readonly startedAtMs: number;
  /** Follows the attempt, if the call is traced. */
  trace?: AttemptTrace | undefined;
}

/** The cost of an attempt, on its upstream and on stable. */
export type Pricing = (
  started: StartedAttempt,
  end: AttemptEnd,
  call: Call,
) => Pick<AttemptRecord, 'cost' | 'stableCostUsd'>;

/** The estimated number of tokens in the body of a call, a whole number; 0 where the body does not fit its surface. Never throws. */
export type InputTokensOf = (call: Call, body: unknown) => number;

/**
 * What a call would cost on an upstream, in USD, before it is made: its input by estimate, and all the output that it allows (its
 * limit, else 1,024 tokens; at most the upstream's `maxOutputTokens`; `n` times) at the upstream's price for the model it would get,
 * in the service tier that it asks for, with no cached tokens. `undefined` where no price is known. Never throws.
 */
export type EstimateCostUsd = (upstream: string, call: Call, body: unknown) => number | undefined;

/** Whether the price of a call on an upstream is known before it is made. */
export type IsPriced = (upstream: string, call: Call) => boolean;

/** What becomes known about prices as attempts end. Nothing here may throw. */
export interface PriceObserver {
  /** Called for each attempt that reports tokens, with what the provider reported if a list has a price, too. */
  readonly priced: ModelPrices['note'];
  /** Called once for each model without a known price. */
  readonly missing: (upstream: string, model: string) => void;
  /** Called for each cost of a list that is older than 60 days. */
  readonly outdated: (list: PriceTableVersion) => void;
}

/** Prices the attempts on `upstreams`. */
export function createPricing(
  upstreams: ReadonlyMap<string, Upstream>,
  stable: string,
  table: PriceTable,
  { priced, missing, outdated }: PriceObserver,
): Pricing {
  const reported = new Set<string>();
  const reportMissing = (upstream: string, model: string): void => {
    if (reported.has(model)) return;
    if (reported.size < MAX_REPORTED) reported.add(model);
    missing(upstream, model);
  };
  const priceAt = (name: string, model: string | undefined, end: AttemptEnd, reportedUsd: number | undefined): Cost => {
    const pricing = upstreams.get(name)?.config.pricing;
    if (!pricing) return UNKNOWN_COST;
    const { prices, provider, baseURL } = pricing;
    const { usage, usageEstimated, atMs } = end;
    return findCost({ reportedUsd, usage, usageEstimated, model, prices, table, provider, baseURL, atMs });
  };
  const compared: CompareReported = (name, model, { usage, atMs }, reportedUsd) => {
    const { provider, baseURL } = upstreams.get(name)?.config.pricing ?? {};
    const listUsd = usage && table.tableCostUsd({ provider, baseURL, model, usage, atMs });
    return listUsd === undefined ? undefined : { reportedUsd, listUsd };
  };
  return ({ upstream, model, reason }: StartedAttempt, end: AttemptEnd, call: Call) => {
    // The response may name a more specific model (`gpt-4.1-2025-04-14`) that has no known price, while the requested model has one.
    let cost = priceAt(upstream, end.model ?? model, end, end.reportedUsd);
    if (cost.costUsd === null && end.model !== model) cost = priceAt(upstream, model, end, end.reportedUsd);
    // Probes request models that do not exist, and list missing prices in their own report.
    if (cost.costUsd === null && end.usage && model !== undefined && reason !== 'probe') reportMissing(upstream, model);
    const servedModel = end.model ?? model;
    if (end.usage && servedModel !== undefined && reason !== 'probe') {
      priced(
        upstream,
        servedModel,
        end.reportedUsd === undefined ? undefined : compared(upstream, servedModel, end, end.reportedUsd),
      );
    }
    if ((cost.table?.ageDays ?? 0) > OLD_DAYS && cost.table) outdated(cost.table);
    if (upstream === stable) return { cost, stableCostUsd: cost.costUsd };
    // Stable would have been paid for an answer, not for a failure: a failed attempt is an extra cost.
    if (cost.costUsd !== null && end.failure?.outcome === 'failure') return { cost, stableCostUsd: 0 };
    const stableModel = upstreamModel(upstreams.get(stable)?.config.rules.model, call);
    return { cost, stableCostUsd: priceAt(stable, stableModel, end, undefined).costUsd };
  };
}

type CompareReported = (
  upstream: string,
  model: string,
  end: AttemptEnd,
  reportedUsd: number,
) => { readonly reportedUsd: number; readonly listUsd: number } | undefined;

/** Providers change prices every few months. */
const OLD_DAYS = 60;
/** Bounds the memory if an application makes up model names. */
const MAX_REPORTED = 1_000;

/**
 * Prices calls before they are made. The token estimate takes time in proportion to the text of the body, so it is made only on demand,
 * and once for a call however many upstreams are compared in a row.
 */
export class PriceAhead {
  readonly #upstreams: ReadonlyMap<string, Upstream>;
  readonly #table: PriceTable;
  readonly #countRemembered = rememberCounts(estimateTokens);
  #lastCall: Call | undefined;
  #lastTokens = 0;

  constructor(upstreams: ReadonlyMap<string, Upstream>, table: PriceTable) {
    this.#upstreams = upstreams;
    this.#table = table;
  }

  readonly inputTokensOf: InputTokensOf = (call, body) => {
    if (this.#lastCall !== call) {
      this.#lastCall = call;
      this.#lastTokens = Math.ceil(estimateInput(call.surface, body, estimateTokens, this.#countRemembered));
    }
    return this.#lastTokens;
  };

  readonly estimateCostUsd: EstimateCostUsd = (name, call, body) => {
    const config = this.#upstreams.get(name)?.config;
    if (!config || isFree(call)) return undefined;
    if (call.paid !== undefined) return this.#mediaUsd(config, call, estimateMedia(call.paid, body));
    const inputTokens = this.inputTokensOf(call, body);
    const outputTokens = estimateOutput(call.surface, body, config.rules);
    const usage = { inputTokens, outputTokens, cachedInputTokens: 0, reasoningTokens: 0 };
    const { service_tier = fields(body)['service_tier'] } = config.rules.params ?? {};
    const serviceTier = tierNamed(service_tier);
    const costUsd = serviceTier && this.#costUsd(config, call, { ...usage, serviceTier });
    return costUsd ?? this.#costUsd(config, call, usage);
  };

  readonly isPriced: IsPriced = (name, call) => {
    const config = this.#upstreams.get(name)?.config;
    // Moderations are free, and in no price list.
    if (!config || call.surface === 'other' || call.surface === 'moderations') return true;
    return this.#costUsd(config, call, call.surface === 'embeddings' ? ONE_TOKEN : ONE_TOKEN_EACH) !== undefined;
  };

  /** Images are billed by tokens or by the piece: the first of the usages that has a price counts. */
  #mediaUsd(config: UpstreamConfig, call: Call, usages: readonly Usage[]): number | undefined {
    for (const usage of usages) {
      const costUsd = this.#costUsd(config, call, usage);
      if (costUsd !== undefined) return costUsd;
    }
    return undefined;
  }

  #costUsd({ pricing, rules }: UpstreamConfig, call: Call, usage: Usage): number | undefined {
    const named = rules.params?.['model'];
    const model = typeof named === 'string' ? named : upstreamModel(rules.model, call);
    const cost = findCost({
      ...pricing,
      reportedUsd: undefined,
      usage,
      model,
      table: this.#table,
      atMs: call.startedAtMs,
    });
    return cost.costUsd ?? undefined;
  }
}

const ONE_TOKEN: Usage = { inputTokens: 1, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };
const ONE_TOKEN_EACH: Usage = { ...ONE_TOKEN, outputTokens: 1 };
