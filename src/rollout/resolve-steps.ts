/** Validates the steps of a rollout. */

import { checkDuration, checkKeys, checkList, checkNumber } from '../domain/check.ts';
import type { ResolvedRequirements, RolloutStep, StepRequirements, StepTraffic } from '../domain/rollout.ts';
import { checkCondition } from '../routing/resolve-split.ts';
import type { RolloutStepOptions, ShadowRaise } from './options.ts';
import { ConfigError } from '../domain/errors.ts';

/** The default `hold` of a step of weight 1: how long 99 % of the traffic is watched before the promotion. */
const SOAK_MS = 300_000;

/**
 * @param defaultMinCalls for steps without `minCalls`
 * @throws ConfigError
 */
export function resolveSteps(
  path: string,
  steps: readonly RolloutStepOptions[],
  defaultMinCalls: number,
): readonly RolloutStep[] {
  checkList(path, steps, 'a list of steps');
  if (steps.length === 0) throw new ConfigError(path, 'should have at least one step, got an empty list');
  const resolved = steps.map((step, index) => resolveStep(`${path}[${index}]`, step, defaultMinCalls));
  let reached = 0;
  resolved.forEach((step, index) => {
    if (step.kind !== 'weight') return;
    if (step.weight <= reached) {
      throw new ConfigError(
        `${path}[${index}].weight`,
        `should be above ${reached}, the weight of an earlier step, got ${step.weight}`,
      );
    }
    reached = step.weight;
  });
  return resolved;
}

function resolveStep(path: string, step: RolloutStepOptions, defaultMinCalls: number): RolloutStep {
  checkKeys(path, step, ['shadow', 'segment', 'weight', 'hold', 'minCalls', 'require']);
  const traffic = resolveTraffic(path, step);
  const { minCalls = defaultMinCalls, require = {} } = step;
  const soaks = traffic.kind === 'weight' && traffic.weight === 1;
  return {
    ...traffic,
    holdMs: checkDuration(`${path}.hold`, step.hold ?? (soaks ? SOAK_MS : 0), { min: 0 }),
    minCalls: checkNumber(`${path}.minCalls`, minCalls, { min: 0, integer: true }),
    require: resolveRequirements(`${path}.require`, require),
  };
}

function resolveTraffic(path: string, { shadow, segment, weight }: RolloutStepOptions): StepTraffic {
  if (shadow !== undefined) {
    if (segment !== undefined || weight !== undefined) throw new ConfigError(path, ONE_OF);
    return resolveShadowShare(`${path}.shadow`, shadow);
  }
  if (segment !== undefined) {
    checkCondition(`${path}.segment`, segment);
    return { kind: 'segment', when: segment, weight: checkShare(`${path}.weight`, weight ?? 1) };
  }
  if (weight === undefined) throw new ConfigError(path, ONE_OF);
  return { kind: 'weight', weight: checkShare(`${path}.weight`, weight) };
}

/** A fixed share, or one that raises itself from `from` to `to`. */
function resolveShadowShare(path: string, shadow: number | ShadowRaise): StepTraffic {
  if (typeof shadow !== 'object' || shadow === null) return { kind: 'shadow', share: checkShare(path, shadow) };
  checkKeys(path, shadow, ['from', 'to']);
  const from = checkShare(`${path}.from`, shadow.from);
  const to = checkShare(`${path}.to`, shadow.to);
  if (to <= from) throw new ConfigError(`${path}.to`, `should be above from, which is ${from}, got ${to}`);
  return { kind: 'shadow', share: from, to };
}

const ONE_OF = 'should have one of shadow, segment and weight; only segment and weight may be combined';

/** A step without calls would decide nothing. */
function checkShare(path: string, share: number): number {
  checkNumber(path, share, { min: 0, max: 1 });
  if (share === 0) throw new ConfigError(path, 'should be above 0, got 0');
  return share;
}

function resolveRequirements(path: string, require: StepRequirements): ResolvedRequirements {
  checkKeys(path, require, ['maxErrorRate', 'maxLatencyP95', 'minLatencyImprovement', 'maxCostRatio', 'minQuality']);
  const { maxLatencyP95, ...rest } = require;
  const { maxErrorRate, minLatencyImprovement, maxCostRatio, minQuality } = rest;
  if (maxErrorRate !== undefined) checkNumber(`${path}.maxErrorRate`, maxErrorRate, { min: 0, max: 1 });
  if (minLatencyImprovement !== undefined)
    checkNumber(`${path}.minLatencyImprovement`, minLatencyImprovement, { max: 1 });
  if (maxCostRatio !== undefined) checkNumber(`${path}.maxCostRatio`, maxCostRatio, { min: 0 });
  if (minQuality !== undefined) checkNumber(`${path}.minQuality`, minQuality, {});
  return maxLatencyP95 === undefined
    ? rest
    : { ...rest, maxLatencyP95: checkDuration(`${path}.maxLatencyP95`, maxLatencyP95) };
}
