/** What `client.canary.costs()` says. */

import { checkNumber, checkOneOf } from '../domain/check.ts';
import type { Engine } from '../runtime/engine.ts';
import { hashKey } from '../domain/hash-key.ts';
import type { CostBreakdown, CostDimension, CostReport } from './report.ts';

/** What of the account to tell. */
export interface CostsOptions {
  /** Ms since the Unix epoch or a `Date`; the whole UTC day that holds it counts. @default all that is kept: 400 days */
  readonly since?: number | Date | undefined;
  /** What to divide it by. @default nothing: upstreams, days and months stand beside each other */
  readonly by?: CostDimension | undefined;
}

/** @throws ConfigError for a `by` that there is not, and a `since` that is no time */
export function reportCosts({ costs, options }: Engine, { since, by }: CostsOptions): CostReport | CostBreakdown {
  const sinceMs = since instanceof Date ? since.getTime() : since;
  if (sinceMs !== undefined) checkNumber('costs.since', sinceMs, {});
  const span = { sinceMs, nowMs: options.clock.now() };
  if (by === undefined) return costs.report(span);
  checkOneOf('costs.by', by, COST_DIMENSIONS);
  return costs.breakDown({ ...span, by, hashKey });
}

const COST_DIMENSIONS: readonly CostDimension[] = ['upstream', 'model', 'task', 'key', 'day', 'month'];
