/** Validates the guardrails of a rollout. */

import { checkBoolean, checkKeys, checkNumber, checkObject, checkOneOf } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import type { GuardOptions } from '../stats/analysis-types.ts';
import { metricOf } from '../stats/metric.ts';
import type { RolloutGuardOptions, RolloutOptions } from './options.ts';

/** A resolved guardrail. */
export interface PolicyGuardrail extends GuardOptions {
  /** Its evidence is shown, and nothing is decided by it. */
  readonly dryRun?: boolean | undefined;
}

/** @throws ConfigError */
export function resolveGuardrails(
  path: string,
  guardrails: RolloutOptions['guardrails'] = { errorRate: {} },
  targetMs?: number,
): Readonly<Record<string, PolicyGuardrail>> {
  checkObject(path, guardrails, 'an object of guardrails by metric');
  const entries = Object.entries(guardrails);
  if (entries.length === 0)
    throw new ConfigError(path, 'should name at least one metric: without guardrails nothing is checked');
  const resolved = entries.map(
    ([metric, options]) => [metric, resolveGuardrail(`${path}.${metric}`, metric, options, targetMs)] as const,
  );
  if (resolved.every(([, { dryRun }]) => dryRun === true))
    throw new ConfigError(path, 'should have a metric without dryRun: nothing would be decided by evidence');
  return Object.fromEntries(resolved);
}

function resolveGuardrail(
  path: string,
  metric: string,
  options: RolloutGuardOptions,
  targetMs: number | undefined,
): PolicyGuardrail {
  checkKeys(path, options, ['margin', 'max', 'better', 'weight', 'dryRun']);
  const { margin, better, weight, dryRun } = options;
  if (dryRun !== undefined) checkBoolean(`${path}.dryRun`, dryRun);
  const max = options.max === 'target' ? checkTarget(`${path}.max`, metric, targetMs) : options.max;
  const isRate = metricOf(metric).kind === 'rate';
  if (margin !== undefined) checkNumber(`${path}.margin`, margin, isRate ? { min: 0, max: 0.99 } : { min: 0 });
  if (max !== undefined) checkNumber(`${path}.max`, max, isRate ? { min: 0.0001, max: 0.99 } : {});
  if (better !== undefined) checkOneOf(`${path}.better`, better, ['lower', 'higher']);
  if (weight !== undefined) checkNumber(`${path}.weight`, weight, { min: 0.001 });
  return { ...options, max };
}

function checkTarget(path: string, metric: string, targetMs: number | undefined): number {
  if (!metric.startsWith('latency'))
    throw new ConfigError(path, `should be a number: 'target' is for latencies, not for ${metric}`);
  if (targetMs === undefined)
    throw new ConfigError(path, "should be a number, or the canary should have a targetLatency for 'target'");
  return targetMs;
}
