/** Alert rules to begin with. */

import type { AlertRuleOptions } from './options.ts';

/** What `defaultAlerts` is told. */
export interface DefaultAlertsOptions<UpstreamName extends string = string> {
  /** The upstream that is being tried: it gets rules of its own. */
  readonly upstream?: UpstreamName | undefined;
  /** What may be spent in an hour, in USD. @default no rule on money */
  readonly costPerHourUsd?: number | undefined;
  /** `'rollback'` takes all traffic from `upstream` at its critical error rate. @default it is told, and nothing else */
  readonly action?: 'rollback' | undefined;
}

/**
 * Rules at the levels that are in common use: more than 2 % of calls failing is a warning, 5 % critical, a p95 over 2 s a
 * warning, an open breaker critical, four fifths of a budget spent a warning. The numbers are conventions, not evidence: an upstream that is being tried is judged
 * better by a rollout.
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
