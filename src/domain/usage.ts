/** Tokens and money of one attempt. */

/** Tokens as billed. The optional counts are there where the provider tells them and they are not 0. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Read from the provider's prompt cache: a part of `inputTokens`. */
  readonly cachedInputTokens: number;
  /** A part of `outputTokens`. */
  readonly reasoningTokens: number;
  /** Written to the provider's prompt cache: a part of `inputTokens`, beside `cachedInputTokens`. */
  readonly cacheWriteTokens?: number | undefined;
  /** Heard: a part of `inputTokens`. */
  readonly audioInputTokens?: number | undefined;
  /** Spoken: a part of `outputTokens`. */
  readonly audioOutputTokens?: number | undefined;
  /** The tier that the provider says it served at, where that is not its usual one. */
  readonly serviceTier?: ServiceTier | undefined;
}

/** Tiers that are priced apart. */
export type ServiceTier = 'flex' | 'priority' | 'batch';

/**
 * Where a cost comes from: the provider's own figure in the body, the price table, the user's `prices`, or a price
 * applied to an estimated usage; `cached` is an answer from the cache, for nothing.
 */
export type CostSource = 'reported' | 'table' | 'override' | 'estimated' | 'cached';

/** Which list of public prices a cost was reckoned with. */
export interface PriceTableVersion {
  readonly version: string;
  /** The day it was published, `YYYY-MM-DD`. */
  readonly date: string;
}

/** What an attempt cost, in USD; `null` when the price or the usage is unknown, never 0 for want of knowledge. */
export type Cost =
  | {
      readonly costUsd: number;
      readonly source: CostSource;
      /** The list of public prices, where it was asked. */
      readonly table?: PriceTableVersion | undefined;
    }
  | { readonly costUsd: null; readonly source: null; readonly table?: undefined };

/** A price of the user's own, in USD per million tokens. What is left out has the price of the tokens it is a part of. */
export interface Price {
  readonly inputPerMTok: number;
  readonly outputPerMTok: number;
  /** @default inputPerMTok */
  readonly cachedInputPerMTok?: number | undefined;
  /** @default inputPerMTok */
  readonly cacheWritePerMTok?: number | undefined;
  /** @default inputPerMTok */
  readonly audioInputPerMTok?: number | undefined;
  /** @default outputPerMTok */
  readonly audioOutputPerMTok?: number | undefined;
  /** The price applies from this day on (ISO 8601). Without it, always. */
  readonly from?: string | undefined;
}

/** A public price with a rebate or a fee: `{ multiplier: 0.85, of: 'openai' }` for a relay that sells OpenAI's models at 85 %. */
export interface ListPrice {
  /** What is paid for a dollar of the public price. */
  readonly multiplier: number;
  /** Whose public prices: a provider of the price table. @default the upstream's own provider */
  readonly of?: string | undefined;
  /** As for a price in tokens. */
  readonly from?: string | undefined;
}

/** What the user says an upstream costs. It wins over what the provider reports and over the table. */
export type UpstreamPrice = Price | ListPrice;

/* PART: Budgets: how much may be spent in an hour, a day or a month. */

/** Of the UTC calendar. */
export type BudgetPeriod = 'hour' | 'day' | 'month';

/** What one amount is for: everything, each key by itself, or each upstream by itself. */
export type BudgetScope = 'all' | 'key' | 'upstream';

/** A budget in its current period. Where each key or upstream has an amount of its own, the sums of all of them. */
export interface BudgetSnapshot {
  readonly name: string;
  readonly per: BudgetPeriod;
  readonly scope: BudgetScope;
  /** USD, of each amount. */
  readonly limitUsd: number;
  /** USD of attempts that have ended. */
  readonly spentUsd: number;
  /** USD held by estimate for those under way. */
  readonly reservedUsd: number;
  /** Amounts that were drawn on: of one key or upstream each. */
  readonly accounts: number;
  /** Of these, how many are spent. */
  readonly exhausted: number;
  readonly startedAtMs: number;
  readonly resetsAtMs: number;
}
