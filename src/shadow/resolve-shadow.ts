/** Checks the options of `canary.shadow` and fills in the defaults. */

import { checkBoolean, checkDuration, checkFunction, checkKeys, checkNumber, checkOneOf } from '../domain/check.ts';
import type { ShadowOptions, ShadowPolicy } from './options.ts';
import { ConfigError } from '../domain/errors.ts';

const PATH = 'canary.shadow';

/**
 * Resolves the options together with the rollouts that mirror calls.
 *
 * @param driven the upstreams whose shadow share is set by steps of a rollout
 * @throws ConfigError
 */
export function resolveShadowBeside(
  driven: readonly string[],
  shadow: ShadowOptions | undefined,
  names: readonly string[],
): ShadowPolicy | undefined {
  if (shadow === undefined) return driven.length > 0 ? resolveShadow({}, names) : undefined;
  const policy = resolveShadow(shadow, names);
  const conflict = driven.find((name) => name in policy.shares);
  if (conflict === undefined) return policy;
  throw new ConfigError(`${PATH}.upstream`, `should not be ${conflict}: the steps of its rollout set its shadow share`);
}

/** @throws ConfigError */
export function resolveShadow(shadow: ShadowOptions, names: readonly string[]): ShadowPolicy {
  checkKeys(PATH, shadow, OPTION_NAMES);
  const {
    maxConcurrency = 8,
    maxQueue = 32,
    maxBytes = 64_000_000,
    budgetUsd,
    timeout = '2m',
    keepSamples = 0,
    keepResults = 1_000,
  } = shadow;
  return {
    shares: sharesOf(shadow, names),
    when: checkFunction(`${PATH}.when`, shadow.when),
    maxConcurrency: checkNumber(`${PATH}.maxConcurrency`, maxConcurrency, { min: 1, max: 1_000, integer: true }),
    maxQueue: checkNumber(`${PATH}.maxQueue`, maxQueue, { min: 0, max: 10_000, integer: true }),
    maxBytes: checkNumber(`${PATH}.maxBytes`, maxBytes, { min: 0, integer: true }),
    budgetUsd: budgetUsd === undefined ? undefined : checkNumber(`${PATH}.budgetUsd`, budgetUsd, { min: 0 }),
    timeoutMs: checkDuration(`${PATH}.timeout`, timeout),
    compare: checkFunction(`${PATH}.compare`, shadow.compare),
    keepSamples: checkNumber(`${PATH}.keepSamples`, keepSamples, { min: 0, max: 1_000, integer: true }),
    keepResults: checkNumber(`${PATH}.keepResults`, keepResults, { min: 0, max: 100_000, integer: true }),
    abortWithCaller: checkBoolean(`${PATH}.abortWithCaller`, shadow.abortWithCaller ?? false),
  };
}

const OPTION_NAMES: readonly (keyof ShadowOptions)[] = [
  'upstream',
  'share',
  'when',
  'maxConcurrency',
  'maxQueue',
  'maxBytes',
  'budgetUsd',
  'timeout',
  'compare',
  'keepSamples',
  'keepResults',
  'abortWithCaller',
];

/** Without `upstream` and `share`, shares are set at run time, by rollouts or `setShare`. */
function sharesOf({ upstream, share }: ShadowOptions, names: readonly string[]): ShadowPolicy['shares'] {
  if (upstream === undefined && share === undefined) return {};
  const name = checkOneOf(`${PATH}.upstream`, upstream, names);
  return { [name]: checkNumber(`${PATH}.share`, share, { min: 0, max: 1 }) };
}
