/** Tokens and money of one attempt. */

/** Tokens as billed. Cached tokens are a subset of `inputTokens`, reasoning tokens of `outputTokens`. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly reasoningTokens: number;
}

/**
 * Where a cost comes from: the provider's own figure in the body, the price table, the user's `prices`, or a price
 * applied to an estimated usage.
 */
export type CostSource = 'reported' | 'table' | 'override' | 'estimated';

/** What an attempt cost, in USD; `null` when the price or the usage is unknown, never 0 for want of knowledge. */
export type Cost =
  { readonly costUsd: number; readonly source: CostSource } | { readonly costUsd: null; readonly source: null };

/** A price in USD per million tokens. */
export interface Price {
  readonly inputPerMTok: number;
  readonly outputPerMTok: number;
  /** @default inputPerMTok */
  readonly cachedInputPerMTok?: number | undefined;
  /** The price applies from this day on (ISO 8601). Without it, always. */
  readonly from?: string | undefined;
}
