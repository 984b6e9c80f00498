/** Tells the caller of a call that nobody may be asked about for its price why. */

import { upstreamModel } from '../providers/upstream-model.ts';
import { CostCapError } from '../domain/cost-cap-error.ts';
import { UnknownPriceError } from '../domain/unknown-price-error.ts';
import type { CallRun } from './call-state.ts';

/** `upstreams`: those passed over for their cost. */
export function costCapErrorOf({ call, parts, source }: CallRun, upstreams: readonly string[]): CostCapError {
  const estimates = upstreams.map((upstream) => ({
    upstream,
    estimateUsd: parts.estimateCostUsd(upstream, call, source.options.body) ?? Infinity,
  }));
  const least = estimates.toSorted((one, other) => one.estimateUsd - other.estimateUsd)[0];
  return new CostCapError({ maxCostUsd: call.maxCostUsd ?? 0, estimateUsd: Infinity, upstream: '', ...least });
}

/** `upstream`: one that was passed over since no price is known there. */
export function unknownPriceErrorOf({ call, parts }: CallRun, upstream: string): UnknownPriceError {
  return new UnknownPriceError(upstream, upstreamModel(parts.upstreams.get(upstream)?.config.rules.model, call));
}
