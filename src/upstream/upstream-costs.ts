/** What attempts cost, on the upstream that served them and on stable. */

import type { Call } from '../domain/call.ts';
import type { Pricing, StartedAttempt } from '../call/call-observer.ts';
import type { Cost } from '../domain/usage.ts';
import { UNKNOWN_COST, findCost } from '../pricing/cost.ts';
import type { PriceTable } from '../pricing/price-table.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import type { AttemptEnd } from './attempt-types.ts';
import type { Upstream } from './upstream.ts';

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
