/** What a call would cost on an upstream, before it is made, and whether that can be known. */

import type { Call } from '../domain/call.ts';
import type { Usage } from '../domain/usage.ts';
import type { EstimateCostUsd, InputTokensOf, IsPriced } from '../call/call-observer.ts';
import { findCost } from '../pricing/cost.ts';
import { estimateInput } from '../pricing/estimate-input.ts';
import { estimateOutput } from '../pricing/estimate-output.ts';
import { estimateTokens } from '../pricing/count-tokens.ts';
import type { PriceTable } from '../pricing/price-table.ts';
import { rememberCounts } from '../pricing/remember-counts.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { Upstream, UpstreamConfig } from './upstream.ts';

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
