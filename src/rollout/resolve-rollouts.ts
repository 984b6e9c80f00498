/** Validates the option `canary.rollout`, and that several rollouts are compatible. */

import type { Weights } from '../domain/call.ts';
import { checkBoolean, checkKeys, checkMethods, checkNumber, checkOneOf, checkText } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import type { RolloutStep } from '../domain/rollout.ts';
import type { Store } from '../domain/store.ts';
import { greatestWeight } from '../routing/traffic-in-force.ts';
import type { RolloutOptions } from './options.ts';
import { type FreezeWindow, resolveFreeze } from './freeze.ts';
import { type PolicyGuardrail, resolveGuardrails } from './resolve-guardrails.ts';
import { resolveSteps } from './resolve-steps.ts';

/** A resolved rollout, with all defaults filled in. */
export interface RolloutPolicy {
  /** The canary. */
  readonly to: string;
  /** The revision of the canary. Another revision is another rollout. */
  readonly revision: string;
  readonly stable: string;
  readonly steps: readonly RolloutStep[];
  readonly guardrails: Readonly<Record<string, PolicyGuardrail>>;
  /** Whether the option `shadow.compare` scores each copy. */
  readonly scoresCopies?: boolean | undefined;
  /** The probability of a false rollback during a whole run. */
  readonly alpha: number;
  readonly judge: 'sequential' | 'threshold';
  /** With `false` each step waits for a `promote()`. */
  readonly auto: boolean;
  readonly onComplete: 'keep' | 'replaceStable';
  readonly salt: string;
  /** The share of the calls that segments and tasks send to the canary that stays on stable for comparison, 0–0.5. */
  readonly holdback: number;
  /** Times in which no step begins by itself. */
  readonly freeze: readonly FreezeWindow[];
  /** The largest share of all calls that it may take, 0–1. It is reserved, so that parallel rollouts never compete for a key. */
  readonly reserve: number;
}

/** The other options that rollouts must be compatible with. */
export interface RolloutSurroundings {
  readonly names: readonly string[];
  readonly stable: string;
  readonly weights: Weights;
  /** The revision of an upstream. */
  readonly revisionOf: (upstream: string) => string;
  /** Whether the option `shadow.compare` scores copies. @default false */
  readonly scoresCopies?: boolean | undefined;
  /** The `targetLatency` of each upstream that has one, in ms. */
  readonly targetsMs?: ReadonlyMap<string, number> | undefined;
}

/** @throws ConfigError */
export function resolveRollouts(
  given: RolloutOptions | readonly RolloutOptions[] | undefined,
  surroundings: RolloutSurroundings,
): readonly RolloutPolicy[] {
  if (given === undefined) return [];
  const isList = Array.isArray(given);
  const list = (isList ? given : [given]) as readonly RolloutOptions[];
  if (isList && list.length === 0) throw new ConfigError('canary.rollout', 'should have a rollout, got an empty list');
  const pathOf = (index: number): string => (isList ? `canary.rollout[${index}]` : 'canary.rollout');
  const policies = list.map((options, index) => resolveOne(pathOf(index), options, list.length, surroundings));
  policies.forEach((policy, index) => checkConflicts(pathOf(index), policy, policies.slice(0, index), list.length));
  checkWeightsBesideRollouts('canary.weights', surroundings.weights, policies, surroundings.stable);
  return withReserves(policies);
}

/** @throws ConfigError for a value that is not a store */
export function resolveStore(store: Store | undefined): Store | undefined {
  if (store === undefined) return undefined;
  // A path, or the address of a server, which may contain a password.
  if (typeof store === 'string')
    throw new ConfigError('canary.store', `should be a store, got a string: write ${storeFor(store)}`);
  return checkMethods('canary.store', store, STORE_METHODS);
}

function storeFor(text: string): string {
  return /^rediss?:/i.test(text)
    ? 'redisStore(client) with a client of that address'
    : `fileStore(${JSON.stringify(text)})`;
}

const STORE_METHODS = [
  'read',
  'keys',
  'write',
  'lease',
  'release',
  'post',
  'messages',
  'addBlock',
  'blocks',
  'dropBlocks',
] as const satisfies readonly (keyof Store)[];

/** @throws ConfigError for a weight of a canary, and for weights that leave stable no calls to compare with */
export function checkWeightsBesideRollouts(
  path: string,
  weights: Weights,
  rollouts: readonly Pick<RolloutPolicy, 'to'>[],
  stable: string,
): void {
  if (rollouts.length === 0) return;
  const named = rollouts.find(({ to }) => to !== stable && (weights[to] ?? 0) > 0);
  if (named) throw new ConfigError(`${path}.${named.to}`, 'should not be set: the rollout to it sets the weight');
  if (!weights[stable])
    throw new ConfigError(`${path}.${stable}`, 'should be above 0: rollouts are compared with stable');
}

function resolveOne(path: string, options: RolloutOptions, count: number, surroundings: RolloutSurroundings) {
  const { names, stable, targetsMs, revisionOf, scoresCopies = false } = surroundings;
  checkKeys(path, options, ROLLOUT_KEYS);
  const {
    judge = 'sequential',
    auto = true,
    onComplete = 'keep',
    alpha = DEFAULT_ALPHA / count,
    holdback = DEFAULT_HOLDBACK,
  } = options;
  const canaries = names.filter((name) => name !== stable);
  if (canaries.length === 0)
    throw new ConfigError(`${path}.to`, 'should name an upstream other than stable, but there is none');
  const to = checkOneOf(`${path}.to`, options.to, canaries);
  checkOneOf(`${path}.judge`, judge, ['sequential', 'threshold']);
  const steps = resolveSteps(`${path}.steps`, options.steps, judge === 'threshold' ? THRESHOLD_CALLS : 0);
  checkBoolean(`${path}.auto`, auto);
  if (onComplete === 'replaceStable' && greatestWeight(steps) < 1) {
    throw new ConfigError(`${path}.onComplete`, "'replaceStable' needs a last step of weight 1");
  }
  return {
    to,
    revision: revisionOf(to),
    stable,
    steps,
    guardrails: resolveGuardrails(`${path}.guardrails`, options.guardrails, targetsMs?.get(to)),
    ...(scoresCopies && { scoresCopies }),
    alpha: checkNumber(`${path}.alpha`, alpha, { min: 1e-9, max: 0.5 }),
    judge,
    // `checkOneOf` has checked this.
    auto,
    onComplete: checkOneOf(`${path}.onComplete`, onComplete, ['keep', 'replaceStable']),
    salt: checkText(`${path}.salt`, options.salt ?? to, 'a non-empty string'),
    holdback: checkNumber(`${path}.holdback`, holdback, { min: 0, max: 0.5 }),
    freeze: resolveFreeze(`${path}.freeze`, options.freeze),
    reserve: greatestWeight(steps),
  };
}

const DEFAULT_ALPHA = 0.01;
const DEFAULT_HOLDBACK = 0.1;
/** The default `minCalls` of steps that thresholds judge. */
const THRESHOLD_CALLS = 20;

const ROLLOUT_KEYS: readonly (keyof RolloutOptions)[] = [
  'to',
  'steps',
  'guardrails',
  'alpha',
  'judge',
  'auto',
  'onComplete',
  'salt',
  'holdback',
  'freeze',
];

function checkConflicts(path: string, policy: RolloutPolicy, before: readonly RolloutPolicy[], count: number): void {
  const { to, salt, onComplete, reserve } = policy;
  if (before.some((other) => other.to === to)) throw new ConfigError(`${path}.to`, `should be unique, got ${to} twice`);
  if (before.some((other) => other.salt === salt)) {
    throw new ConfigError(`${path}.salt`, 'should be unique: rollouts with the same salt choose the same keys');
  }
  if (onComplete === 'replaceStable' && count > 1) {
    throw new ConfigError(
      `${path}.onComplete`,
      "should not be 'replaceStable' with several rollouts: the others are compared with stable",
    );
  }
  const sum = before.reduce((total, other) => total + other.reserve, reserve);
  if (sum > 1 + 1e-9) {
    const rule = `should leave room for the other rollouts: the largest weights sum to ${Number(sum.toFixed(4))}, more than 1`;
    throw new ConfigError(`${path}.steps`, rule);
  }
}

/** The last rollout may take all that the others leave. */
function withReserves(policies: readonly RolloutPolicy[]): readonly RolloutPolicy[] {
  const earlier = policies.slice(0, -1).reduce((sum, { reserve }) => sum + reserve, 0);
  return policies.map((policy, index) =>
    index === policies.length - 1 ? { ...policy, reserve: Math.max(0, 1 - earlier) } : policy,
  );
}
