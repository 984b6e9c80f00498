/** Tokens, prices, costs and budgets. */

/** Tokens as billed. Optional counts are set if the provider reports them and they are not 0. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Tokens read from the provider's prompt cache: a part of `inputTokens`. */
  readonly cachedInputTokens: number;
  /** Reasoning tokens: a part of `outputTokens`. */
  readonly reasoningTokens: number;
  /**
   * Tokens written to the provider's prompt cache: a part of `inputTokens` that does not overlap with
   * `cachedInputTokens`.
   */
  readonly cacheWriteTokens?: number | undefined;
  /** Audio tokens of the input: a part of `inputTokens`. */
  readonly audioInputTokens?: number | undefined;
  /** Audio tokens of the output: a part of `outputTokens`. */
  readonly audioOutputTokens?: number | undefined;
  /** The part of `cacheWriteTokens` that is kept for an hour, at a higher price (Anthropic). */
  readonly cacheWrite1hTokens?: number | undefined;
  /** Image tokens of the input: a part of `inputTokens`. */
  readonly imageInputTokens?: number | undefined;
  /** Image tokens of the output: a part of `outputTokens`. 0 if the provider states that there are none. */
  readonly imageOutputTokens?: number | undefined;
  /** Seconds of audio that were transcribed, where they are billed instead of tokens. */
  readonly audioInputSeconds?: number | undefined;
  /** Generated images, where they are billed instead of tokens. */
  readonly images?: number | undefined;
  /** Characters that were spoken, where they are billed instead of tokens. */
  readonly speechCharacters?: number | undefined;
  /** Web searches of the provider's own tool, which are billed per search. */
  readonly webSearches?: number | undefined;
  /** Searches of the provider's own file search, which are billed per search. */
  readonly fileSearches?: number | undefined;
  /** Uses of the provider's other paid tools, such as code execution. */
  readonly otherPaidTools?: number | undefined;
  /** The service tier that the provider reports, if it is not its standard tier. */
  readonly serviceTier?: ServiceTier | undefined;
  /** Surcharges that the provider reports and that no price list states. */
  readonly surcharges?: readonly Surcharge[] | undefined;
}

/**
 * Service tiers with prices of their own. `priority` is also what OpenAI calls `fast`. `other` stands for every name that is neither one
 * of these nor the standard tier.
 */
export type ServiceTier = 'flex' | 'priority' | 'ultrafast' | 'batch' | 'other';

/** A surcharge on a whole call. */
export type Surcharge = 'fast mode' | 'regional processing';

/**
 * A part of a bill that a cost leaves out, because its price is unknown. `service tier`: the cost is that of the standard tier, since no
 * price is known for the tier of the call, or since nothing says which tier it had.
 */
export type MissingCost = 'tool fees' | 'one-hour cache writes' | 'service tier' | Surcharge;

/**
 * The source of a cost.
 *
 * - `reported`: the provider's own figure in the body.
 * - `table`: the public price table.
 * - `override`: the user's `prices`.
 * - `estimated`: a price applied to estimated usage.
 * - `cached`: an answer from the cache, which costs nothing.
 */
export type CostSource = 'reported' | 'table' | 'override' | 'estimated' | 'cached';

/** The price list that a cost was computed with. */
export interface PriceTableVersion {
  /** The version of the bundled list, or `prices.source` for the user's. */
  readonly version: string;
  /** The day of the list, `YYYY-MM-DD`: its publication, or the day the user's file was changed or function called. */
  readonly date: string;
  /** Its age in whole days when the cost was computed. */
  readonly ageDays?: number | undefined;
}

/** The cost of an attempt in USD. `null` when the price or the usage is unknown; an unknown cost is never 0. */
export type Cost =
  | {
      readonly costUsd: number;
      readonly source: CostSource;
      /** The public price table, if it was used. */
      readonly table?: PriceTableVersion | undefined;
      /** What the cost leaves out; absent if it is complete. */
      readonly missing?: readonly MissingCost[] | undefined;
    }
  | { readonly costUsd: null; readonly source: null; readonly table?: undefined; readonly missing?: undefined };

/**
 * A price set by the user, in USD per million tokens. An omitted price defaults to the price of the tokens that it is a
 * part of.
 */
export interface Price {
  readonly inputPerMTok: number;
  readonly outputPerMTok: number;
  /** USD per million tokens read from the prompt cache. @default inputPerMTok */
  readonly cachedInputPerMTok?: number | undefined;
  /** USD per million tokens written to the prompt cache. @default inputPerMTok */
  readonly cacheWritePerMTok?: number | undefined;
  /** USD per million audio tokens of the input. @default inputPerMTok */
  readonly audioInputPerMTok?: number | undefined;
  /** USD per million audio tokens of the output. @default outputPerMTok */
  readonly audioOutputPerMTok?: number | undefined;
  /** USD per million tokens written to the prompt cache for an hour. @default cacheWritePerMTok, and the cost says what it leaves out */
  readonly cacheWrite1hPerMTok?: number | undefined;
  /** USD per million image tokens of the input. @default inputPerMTok */
  readonly imageInputPerMTok?: number | undefined;
  /** USD per million image tokens of the output. @default outputPerMTok */
  readonly imageOutputPerMTok?: number | undefined;
  /** USD per generated image, where the provider reports no tokens. @default unknown: such calls are counted as unpriced */
  readonly imageUsd?: number | undefined;
  /** USD per million characters of text that is spoken. @default unknown, as above */
  readonly speechPerMCharUsd?: number | undefined;
  /** USD per hour of audio that is transcribed, where the provider reports no tokens. @default unknown, as above */
  readonly audioPerHourUsd?: number | undefined;
  /** USD per search of the provider's own web search. @default unknown: the cost says that it leaves out tool fees */
  readonly webSearchUsd?: number | undefined;
  /** USD per search of the provider's own file search. @default unknown, as above */
  readonly fileSearchUsd?: number | undefined;
  /**
   * Factors on the prices of tokens by service tier: `{ flex: 0.5, priority: 2 }`.
   * @default 1, and the cost says that it leaves out the service tier
   */
  readonly serviceTiers?: Readonly<Partial<Record<ServiceTier, number>>> | undefined;
  /**
   * The date from which the price applies (ISO 8601).
   * @default always
   */
  readonly from?: string | undefined;
}

/**
 * A public price with a discount or a fee: `{ multiplier: 0.85, of: 'openai' }` for a relay that sells OpenAI's models
 * at 85 % of the price.
 */
export interface ListPrice {
  /** The price paid per USD of the public price. */
  readonly multiplier: number;
  /**
   * The provider of the price table whose prices apply.
   * @default the upstream's own provider
   */
  readonly of?: string | undefined;
  /**
   * The date from which the price applies (ISO 8601).
   * @default always
   */
  readonly from?: string | undefined;
}

/**
 * The price of an upstream, as set by the user. It takes precedence over the provider's own figure and the price table.
 */
export type UpstreamPrice = Price | ListPrice;

/**
 * Where a price list is read from: the path of a JSON file, or a function that returns the parsed list, its text, or
 * `{ date, prices }` with the day of the list. The list has the format of LiteLLM's `model_prices_and_context_window.json` or of the
 * `api.json` of models.dev. It is yours to keep up to date: the client downloads nothing.
 */
export type PriceSource = string | (() => unknown);

/** Prices by upstream, and the `source` of a price list. An upstream may be called `source`, too: an object is its price. */
export type PricesOptions<UpstreamName extends string = string> = {
  readonly [Name in UpstreamName | 'source']?:
    UpstreamPrice | readonly UpstreamPrice[] | ('source' extends Name ? PriceSource : never) | undefined;
};

/** The period of a budget, by the calendar of `canary.timeZone`. */
export type BudgetPeriod = 'hour' | 'day' | 'month';

/** What a budget's amount applies to: all calls together, each key, or each upstream. */
export type BudgetScope = 'all' | 'key' | 'upstream';

/** A budget in its current period. If each key or upstream has its own amount, the values are sums over all of them. */
export interface BudgetSnapshot {
  readonly name: string;
  readonly per: BudgetPeriod;
  readonly scope: BudgetScope;
  /** USD per amount. */
  readonly limitUsd: number;
  /** USD spent by attempts that have ended. */
  readonly spentUsd: number;
  /** USD reserved for attempts in flight, by estimate. */
  readonly reservedUsd: number;
  /** The number of amounts in use, one per key or upstream. */
  readonly accounts: number;
  /** The number of these amounts that are spent. */
  readonly exhausted: number;
  readonly startedAtMs: number;
  readonly resetsAtMs: number;
}
