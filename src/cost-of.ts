/** What a usage cost, for everyone: for logs, for bills, for what no client of ours sent. */

import type { Cost, Usage } from './domain/usage.ts';
import { findCost } from './pricing/cost.ts';
import { PriceTable } from './pricing/price-table.ts';
import { reportedCostOf, usageOf } from './pricing/usage.ts';
import { PROVIDER_NAMES, providerPreset } from './providers/presets.ts';
import { systemClock } from './time/system-clock.ts';

/** What is known of an answer. */
export interface CostOfInput {
  /** Who sold it: a name that an upstream's `provider` may have, or the id of the price table. It wins over `baseURL`. @default 'openai' */
  readonly provider?: string | undefined;
  /** Tells the provider by its address. */
  readonly baseURL?: string | undefined;
  /** The model that the response names. */
  readonly model: string;
  /** The `usage` of the response, as the provider wrote it. */
  readonly usage: unknown;
  /** When the answer came, for prices that change: ms since the Unix epoch or a `Date`. @default now */
  readonly at?: number | Date | undefined;
  /** Whether to reckon where the provider says itself what it cost. @default false */
  readonly ignoreReported?: boolean | undefined;
}

/** A cost, and the tokens that it is for. */
export type CostOf = Cost & {
  /** Normalised: every provider's names for the same thing are one. `undefined` for what is no usage. */
  readonly usage: Usage | undefined;
};

/**
 * What an answer cost, in USD: the provider's own figure where there is one, else its tokens at the public price. `null` where the price
 * or the usage is unknown. Never throws. Takes about 20 µs.
 *
 * @example
 * const { costUsd } = costOf({ provider: 'openrouter', model: answer.model, usage: answer.usage });
 */
export function costOf({ provider, baseURL, model, usage: raw, at, ignoreReported = false }: CostOfInput): CostOf {
  const body = { usage: raw };
  const usage = usageOf('chat', body) ?? usageOf('embeddings', body);
  const cost = findCost({
    ...priceSourceOf(provider, baseURL),
    reportedUsd: ignoreReported ? undefined : reportedCostOf(body),
    usage,
    model,
    prices: undefined,
    table: new PriceTable(),
    atMs: at === undefined ? systemClock.now() : Number(at),
  });
  return { ...cost, usage };
}

function priceSourceOf(
  provider: string | undefined,
  baseURL: string | undefined,
): { provider: string | undefined; baseURL: string | undefined } {
  if (provider === undefined) return { provider: baseURL === undefined ? 'openai' : undefined, baseURL };
  const preset = PROVIDER_NAMES.find((name) => name === provider);
  return { provider: preset === undefined ? provider : providerPreset(preset).priceProvider, baseURL: undefined };
}
