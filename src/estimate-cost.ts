/** What a call would cost on an upstream, before it is made. */

import type { Call } from './domain/call.ts';
import type { Clock } from './domain/clock.ts';
import type { EstimateCostUsd } from './dispatch/call-observer.ts';
import { findCost } from './pricing/cost.ts';
import { estimateInput } from './pricing/estimate-input.ts';
import { estimateOutput } from './pricing/estimate-output.ts';
import type { PriceTable } from './pricing/price-table.ts';
import { upstreamModel } from './providers/upstream-model.ts';
import type { Upstream } from './upstream/upstream.ts';

/**
 * The estimate costs time in proportion to the body's text, once for a call however many upstreams are asked about in a row: it is
 * made only where somebody needs it.
 */
export function createEstimateCostUsd(
  upstreams: ReadonlyMap<string, Upstream>,
  table: PriceTable,
  clock: Clock,
): EstimateCostUsd {
  let lastCall: Call | undefined;
  let lastTokens = 0;
  const inputTokensOf = (call: Call, body: unknown): number => {
    if (lastCall !== call) [lastCall, lastTokens] = [call, estimateInput(call.surface, body)];
    return lastTokens;
  };
  return (name, call, body) => {
    const config = upstreams.get(name)?.config;
    if (!config || call.surface === 'other') return undefined;
    const { rules, pricing } = config;
    const usage = {
      inputTokens: Math.ceil(inputTokensOf(call, body)),
      outputTokens: estimateOutput(call.surface, body, rules),
      cachedInputTokens: 0,
      reasoningTokens: 0,
    };
    const named = rules.params?.['model'];
    const model = typeof named === 'string' ? named : upstreamModel(rules.model, call);
    const { costUsd } = findCost({ ...pricing, reportedUsd: undefined, usage, model, table, atMs: clock.now() });
    return costUsd ?? undefined;
  };
}
