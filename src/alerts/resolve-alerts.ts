/** Validates the options `canary.alerts` and `canary.webhook`. */

import {
  ALERT_METRICS,
  type AlertBound,
  type AlertMetric,
  type AlertRule,
  metricTraits,
  type Severity,
} from '../domain/alert.ts';
import {
  checkDuration,
  checkKeys,
  checkList,
  checkNumber,
  checkOneOf,
  checkText,
  formatValue,
} from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import type { AlertRuleOptions, WebhookOptions } from './options.ts';
import type { WebhookPolicy } from './webhook.ts';
import { WEBHOOK_FORMATS, type WebhookFormat } from './webhook-formats.ts';

/** @throws ConfigError */
export function resolveAlerts(rules: readonly AlertRuleOptions[], names: readonly string[]): readonly AlertRule[] {
  checkList('canary.alerts', rules, 'a list of rules');
  const resolved = rules.map((rule, index) => resolveRule(`canary.alerts[${index}]`, rule, names));
  resolved.forEach(({ name }, index) => {
    if (resolved.findIndex((other) => other.name === name) === index) return;
    throw new ConfigError(`canary.alerts[${index}].name`, `should be unique, got ${formatValue(name)} twice`);
  });
  return resolved;
}

function resolveRule(path: string, rule: AlertRuleOptions, names: readonly string[]): AlertRule {
  checkKeys(path, rule, RULE_KEYS);
  const { upstream, action, for: forTime = 0, severity = 'warning' } = rule;
  const name = checkText(`${path}.name`, rule.name, 'a name');
  const metric = checkOneOf(`${path}.metric`, rule.metric, ALERT_METRICS);
  const { minCalls = metricTraits(metric).withoutCalls ? 0 : 20 } = rule;
  const bound = resolveBound(path, rule, metric);
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
    bound,
    clear: resolveClear(`${path}.clear`, rule.clear, bound, metric),
    forMs: checkDuration(`${path}.for`, forTime, { min: 0 }),
    minCalls: checkNumber(`${path}.minCalls`, minCalls, { min: 0, integer: true }),
    severity: checkOneOf(`${path}.severity`, severity, SEVERITIES),
    action,
  };
}

function resolveBound(path: string, { above, below }: AlertRuleOptions, metric: AlertMetric): AlertBound {
  if ((above === undefined) === (below === undefined)) {
    throw new ConfigError(path, 'should have either above or below');
  }
  const bounds = isRate(metric) ? { min: 0, max: 1 } : { min: 0 };
  if (above !== undefined) return { above: checkNumber(`${path}.above`, above, bounds) };
  return { below: checkNumber(`${path}.below`, below, bounds) };
}

function resolveClear(path: string, clear: number | undefined, bound: AlertBound, metric: AlertMetric): number {
  if (clear === undefined) return defaultClear(bound, metric);
  if ('above' in bound) return checkNumber(path, clear, { min: 0, max: bound.above });
  const upper = isRate(metric) ? { max: 1 } : {};
  return checkNumber(path, clear, { min: bound.below, ...upper });
}

/**
 * 10 % on the good side of the bound. For a rate with a lower bound it is 10 % of the way to 1. For counts it is rounded towards the
 * bound, so that one call resolves a rule with `below: 1`.
 */
function defaultClear(bound: AlertBound, metric: AlertMetric): number {
  const isCount = metricTraits(metric).unit === 'count';
  if ('above' in bound) {
    const tenthOff = bound.above * 0.9;
    return isCount ? Math.min(bound.above, Math.ceil(tenthOff)) : tenthOff;
  }
  const { below } = bound;
  if (isRate(metric)) return below + (1 - below) / 10;
  return isCount ? Math.max(below, Math.floor(below * 1.1)) : below * 1.1;
}

const isRate = (metric: AlertMetric): boolean => metricTraits(metric).unit === 'rate';

const RULE_KEYS: readonly (keyof AlertRuleOptions)[] = [
  'name',
  'metric',
  'upstream',
  'above',
  'below',
  'clear',
  'for',
  'minCalls',
  'severity',
  'action',
];

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

/** @throws ConfigError, whose message never contains the URL: it is often a secret */
export function resolveWebhook(webhook: WebhookOptions | undefined): WebhookPolicy | undefined {
  if (webhook === undefined) return undefined;
  const path = 'canary.webhook';
  checkKeys(path, webhook, ['url', 'format', 'routingKey', 'secret', 'timeout', 'attempts']);
  const { url, routingKey, secret, timeout = '10s', attempts = 4 } = webhook;
  const format = checkOneOf(`${path}.format`, webhook.format ?? 'json', WEBHOOK_FORMATS);
  if (secret !== undefined && (typeof secret !== 'string' || secret === '')) {
    throw new ConfigError(`${path}.secret`, 'should be a non-empty string');
  }
  checkRoutingKey(`${path}.routingKey`, routingKey, format);
  return {
    url: checkUrl(`${path}.url`, url),
    format,
    secret,
    ...(routingKey !== undefined && { routingKey }),
    timeoutMs: checkDuration(`${path}.timeout`, timeout),
    attempts: checkNumber(`${path}.attempts`, attempts, { min: 1, max: 10, integer: true }),
  };
}

/** The message does not show the key. */
function checkRoutingKey(path: string, key: unknown, format: WebhookFormat): void {
  if (format !== 'pagerduty') {
    if (key !== undefined) throw new ConfigError(path, "should be set only with format: 'pagerduty'");
    return;
  }
  if (typeof key !== 'string' || !/^\S+$/.test(key)) {
    throw new ConfigError(path, 'should be the integration key of PagerDuty, without white space');
  }
}

function checkUrl(path: string, value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (!url) throw new ConfigError(path, 'should be a URL like https://hooks.example.com/…');
  const isLoopback = url.protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !isLoopback) {
    throw new ConfigError(path, `should be https, or http on the loopback interface, got ${url.protocol}//`);
  }
  if (url.username || url.password) throw new ConfigError(path, 'should not contain a user name or password');
  return url.href;
}
