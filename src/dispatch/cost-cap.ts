/** Tells the caller of a call that was too dear everywhere how much it would take. */

import { CostCapError } from '../upstream/cost-cap-error.ts';
import type { CallRun } from './call-run.ts';

/** `upstreams`: those passed over for their cost. */
export function costCapErrorOf({ call, parts, source }: CallRun, upstreams: readonly string[]): CostCapError {
  const estimates = upstreams.map((upstream) => ({
    upstream,
    estimateUsd: parts.estimateCostUsd(upstream, call, source.options.body) ?? Infinity,
  }));
  const least = estimates.toSorted((one, other) => one.estimateUsd - other.estimateUsd)[0];
  return new CostCapError({ maxCostUsd: call.maxCostUsd ?? 0, estimateUsd: Infinity, upstream: '', ...least });
}
