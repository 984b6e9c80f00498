/** Checks alert rules. */

import { checkDuration, checkKeys, checkList, checkNumber, checkOneOf, checkText, show } from './check.ts';
import type { AlertMetric, AlertRule, Severity } from './domain/alert.ts';
import type { AlertRuleOptions } from './options.ts';
import { ConfigError } from './upstream/errors.ts';

/** @throws ConfigError */
export function resolveAlerts(rules: readonly AlertRuleOptions[], names: readonly string[]): readonly AlertRule[] {
  checkList('canary.alerts', rules, 'a list of rules');
  const resolved = rules.map((rule, index) => resolveRule(`canary.alerts[${index}]`, rule, names));
  resolved.forEach(({ name }, index) => {
    if (resolved.findIndex((other) => other.name === name) === index) return;
    throw new ConfigError(`canary.alerts[${index}].name`, `should be unique, got ${show(name)} twice`);
  });
  return resolved;
}

function resolveRule(path: string, rule: AlertRuleOptions, names: readonly string[]): AlertRule {
  checkKeys(path, rule, RULE_KEYS);
  const { upstream, action, for: forTime = 0, severity = 'warning' } = rule;
  const name = checkText(`${path}.name`, rule.name, 'a name');
  // `checkOneOf` has narrowed this, and the severity below, to their unions.
  const metric = checkOneOf(`${path}.metric`, rule.metric, METRICS) as AlertMetric;
  const { minCalls = metric === 'calls' ? 0 : 20 } = rule;
  if (action !== undefined) checkOneOf(`${path}.action`, action, ['rollback']);
  if (action === 'rollback' && upstream === undefined) {
    throw new ConfigError(`${path}.upstream`, 'should name the upstream that the rule rolls back');
  }
  if (action === 'rollback' && names.length === 1) {
    throw new ConfigError(`${path}.action`, 'needs a second upstream to roll back to');
  }
  return {
    name,
    metric,
    upstream: upstream === undefined ? undefined : checkOneOf(`${path}.upstream`, upstream, names),
    bound: resolveBound(path, rule, metric),
    forMs: checkDuration(`${path}.for`, forTime, { min: 0 }),
    minCalls: checkNumber(`${path}.minCalls`, minCalls, { min: 0, integer: true }),
    severity: checkOneOf(`${path}.severity`, severity, SEVERITIES) as Severity,
    action,
  };
}

function resolveBound(path: string, { above, below }: AlertRuleOptions, metric: AlertMetric): AlertRule['bound'] {
  if ((above === undefined) === (below === undefined)) {
    throw new ConfigError(path, 'should have either above or below');
  }
  const bounds = RATES.includes(metric) ? { min: 0, max: 1 } : { min: 0 };
  if (above !== undefined) return { above: checkNumber(`${path}.above`, above, bounds) };
  return { below: checkNumber(`${path}.below`, below, bounds) };
}

const RATES: readonly AlertMetric[] = ['errorRate', 'failureRate', 'fallbackRate', 'primaryHitRate'];

const RULE_KEYS: readonly (keyof AlertRuleOptions)[] = [
  'name',
  'metric',
  'upstream',
  'above',
  'below',
  'for',
  'minCalls',
  'severity',
  'action',
];

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

const METRICS: readonly AlertMetric[] = [
  'errorRate',
  'latencyP50',
  'latencyP95',
  'latencyP99',
  'firstChunkP50',
  'firstChunkP95',
  'firstChunkP99',
  'costPerHour',
  'costPerCall',
  'calls',
  'failureRate',
  'fallbackRate',
  'primaryHitRate',
];
