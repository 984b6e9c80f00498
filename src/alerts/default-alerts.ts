/** `defaultAlerts()`: a starting set of alert rules. */

import type { AlertRuleOptions } from './options.ts';

/** The options of `defaultAlerts()`. */
export interface DefaultAlertsOptions<UpstreamName extends string = string> {
  /** The canary, which gets rules of its own. @default no such rules */
  readonly upstream?: UpstreamName | undefined;
  /** The largest cost per hour, in USD. @default no rule on cost */
  readonly costPerHourUsd?: number | undefined;
  /** `'rollback'` takes all traffic from `upstream` at its critical error rate. @default only an alert */
  readonly action?: 'rollback' | undefined;
}

/**
 * Rules with common levels. Warnings: more than 2 % failed calls, a p95 above 2 s, more than 80 % of a budget spent. Critical: more
 * than 5 % failed calls, an open breaker. These levels are conventions, not evidence: a rollout judges a canary better.
 *
 * @example
 * canary: { alerts: [...defaultAlerts({ upstream: 'deepseek', costPerHourUsd: 20 }), { name: 'mine', … }] }
 */
export function defaultAlerts<UpstreamName extends string = string>(
  options: DefaultAlertsOptions<UpstreamName> = {},
): AlertRuleOptions<UpstreamName>[] {
  const { upstream, costPerHourUsd, action } = options;
  return [
    ...qualityRules<UpstreamName>('', {}),
    { name: 'open breakers', metric: 'openBreakers', above: 0, severity: 'critical' },
    { name: 'budgets', metric: 'budgetUsed', above: 0.8, severity: 'warning' },
    ...(costPerHourUsd === undefined ? [] : [costRule<UpstreamName>(costPerHourUsd)]),
    ...(upstream === undefined ? [] : qualityRules<UpstreamName>(`${upstream}: `, { upstream, action })),
  ];
}

function qualityRules<UpstreamName extends string>(
  prefix: string,
  { upstream, action }: Pick<DefaultAlertsOptions<UpstreamName>, 'upstream' | 'action'>,
): AlertRuleOptions<UpstreamName>[] {
  return [
    { name: `${prefix}errors`, metric: 'errorRate', upstream, above: 0.02, for: '1m', severity: 'warning' },
    { name: `${prefix}many errors`, metric: 'errorRate', upstream, above: 0.05, severity: 'critical', action },
    { name: `${prefix}slow`, metric: 'latencyP95', upstream, above: 2_000, for: '1m', severity: 'warning' },
  ];
}

function costRule<UpstreamName extends string>(costPerHourUsd: number): AlertRuleOptions<UpstreamName> {
  return { name: 'spending', metric: 'costPerHour', above: costPerHourUsd, for: '1m', severity: 'critical' };
}
