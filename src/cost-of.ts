/** `costOf()`: the cost of any usage, also of answers that no client of ours requested. */

import { fields } from './domain/json.ts';
import type { Cost, Usage } from './domain/usage.ts';
import { findCost } from './pricing/cost.ts';
import { PriceTable } from './pricing/price-table.ts';
import { reportedCostOf, usageOf } from './pricing/usage.ts';
import { PROVIDER_NAMES, providerPreset } from './providers/presets.ts';
import { systemClock } from './time/system-clock.ts';

/** An answer, and the provider that sold it. */
export interface CostOfInput {
  /**
   * The provider: a name that an upstream's `provider` may have, or a provider id of the price table. It wins over `baseURL`.
   * @default 'openai', unless `baseURL` is set
   */
  readonly provider?: string | undefined;
  /** The API's base URL, which identifies the provider. */
  readonly baseURL?: string | undefined;
  /** The model that the response reports. */
  readonly model: string;
  /** The `usage` of the response, unchanged. */
  readonly usage?: unknown;
  /**
   * The service tier of the call, which changes the price: `default`, `flex`, `priority` (or `fast`), `ultrafast`, `batch`. Responses of
   * the Batch API do not name theirs.
   * @default `service_tier`
   */
  readonly serviceTier?: string | undefined;
  /** Part of a whole answer: its service tier. */
  readonly service_tier?: string | null | undefined;
  /** Part of a whole answer of the Responses API: the searches that are billed beside its tokens. */
  readonly output?: unknown;
  /** Part of a whole answer of the Responses API: its tools. */
  readonly tools?: unknown;
  /** Part of a whole chat answer. */
  readonly choices?: unknown;
  /** The time of the answer, for prices that change: ms since the Unix epoch or a `Date`. @default now */
  readonly at?: number | Date | undefined;
  /** Whether to compute the cost even if the provider reports it. @default false */
  readonly ignoreReported?: boolean | undefined;
}

/** A cost, and the tokens that it covers. */
export type CostOf = Cost & {
  /** The usage with the same field names for all providers; `undefined` if it could not be read. */
  readonly usage: Usage | undefined;
};

/**
 * The cost of an answer in USD: the cost that the provider reports, or else its tokens at the public price. `null` if the price or the usage is
 * unknown. Pass the whole answer: the usage alone names neither the service tier nor the tools that were used. If the price of the model
 * depends on the tier and nothing names it, the cost is that of the standard tier, with `missing: ['service tier']`. Never throws. Takes
 * about 20 µs.
 *
 * @example
 * const { costUsd, missing } = costOf({ provider: 'openai', ...answer });
 */
export function costOf({ provider, baseURL, model, at, ignoreReported = false, ...answer }: CostOfInput): CostOf {
  const { usage: raw, serviceTier, service_tier = serviceTier, output, tools, choices } = answer;
  const body = { usage: raw, service_tier: serviceTier ?? service_tier, output, tools, choices };
  const usage = usageOf('chat', body) ?? usageOf('embeddings', body);
  const cost = findCost({
    ...priceSourceOf(provider, baseURL),
    reportedUsd: ignoreReported ? undefined : reportedCostOf(body),
    usage,
    tierUnknown: serviceTier === undefined && !namesTier(answer),
    model,
    prices: undefined,
    table: new PriceTable(),
    atMs: at === undefined ? systemClock.now() : Number(at),
  });
  return { ...cost, usage };
}

/** A whole answer without a tier is one of a provider, or of a time, that has only the standard tier. */
function namesTier({ usage, service_tier, output, choices }: Partial<CostOfInput>): boolean {
  return service_tier !== undefined || output !== undefined || choices !== undefined || 'service_tier' in fields(usage);
}

function priceSourceOf(
  provider: string | undefined,
  baseURL: string | undefined,
): { provider: string | undefined; baseURL: string | undefined } {
  if (provider === undefined) return { provider: baseURL === undefined ? 'openai' : undefined, baseURL };
  const preset = PROVIDER_NAMES.find((name) => name === provider);
  return { provider: preset === undefined ? provider : providerPreset(preset).priceProvider, baseURL: undefined };
}
