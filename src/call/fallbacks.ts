/** Which upstreams may serve a call after its assigned one. */

import { FAILURE_KINDS, type FailureKind } from '../domain/attempt.ts';
import { checkKeys, checkNames, checkObject } from '../domain/check.ts';
import type { FallbackOptions, RetryOptions } from '../resilience/options.ts';

/** The user's fallbacks, resolved. */
export interface FallbackPolicy {
  /** For failure kinds without an entry; `undefined` means stable. */
  readonly default: readonly string[] | undefined;
  readonly byKind: Readonly<Partial<Record<FailureKind, readonly string[]>>>;
  /** Kinds that fall back to the default fallbacks although the same result is to be expected there. */
  readonly also: readonly FailureKind[];
}

/** Kinds that fall back only if the user says so: the same result is to be expected on other upstreams. */
const ONLY_IF_LISTED: readonly FailureKind[] = ['contextLength', 'contentFilter', 'badRequest'];

/** Kinds that say nothing about the upstream: another one would answer the same. */
const NEVER: ReadonlySet<FailureKind> = new Set<FailureKind>(['badRequest', 'conflict']);

export class Fallbacks {
  readonly #policy: FallbackPolicy;
  readonly #stable: string;
  readonly #onlyIfListed: ReadonlySet<FailureKind>;
  /** The default fallbacks by assigned upstream. Each call asks for one, so each list is made once. */
  readonly #defaults = new Map<string, readonly string[]>();

  constructor(policy: FallbackPolicy, stable: string) {
    this.#policy = policy;
    this.#stable = stable;
    this.#onlyIfListed = new Set(ONLY_IF_LISTED.filter((kind) => !policy.also.includes(kind)));
  }

  /**
   * The upstreams after `assigned`, in order.
   *
   * @param kind the failure; `undefined` for an upstream that is passed over
   * @param order the call's own order of upstreams, which wins over the user's fallbacks
   */
  after(assigned: string, kind?: FailureKind, order?: readonly string[]): readonly string[] {
    const onlyIfListed = kind !== undefined && this.#onlyIfListed.has(kind);
    if (order && !onlyIfListed) return without(order, assigned);
    const listed = kind && this.#policy.byKind[kind];
    if (listed) return without(listed, assigned);
    return onlyIfListed ? [] : this.#defaultsAfter(assigned);
  }

  #defaultsAfter(assigned: string): readonly string[] {
    let names = this.#defaults.get(assigned);
    if (!names) this.#defaults.set(assigned, (names = without(this.#policy.default ?? [this.#stable], assigned)));
    return names;
  }
}

function without(names: readonly string[], assigned: string): readonly string[] {
  return names.filter((name) => name !== assigned);
}

const FALL_BACK_ON = ['contextLength', 'contentFilter'] as const;

/** @throws ConfigError */
export function resolveFallbacks(
  fallbacks: FallbackOptions | undefined,
  names: readonly string[],
  fallBackOn: RetryOptions['fallBackOn'] = [],
): FallbackPolicy {
  const listed = checkNames('canary.retry.fallBackOn', fallBackOn, FALL_BACK_ON);
  const also = FALL_BACK_ON.filter((kind) => listed.includes(kind));
  if (fallbacks === undefined) return { default: undefined, byKind: {}, also };
  if (isList(fallbacks)) return { default: checkNames('canary.fallbacks', fallbacks, names), byKind: {}, also };
  checkObject('canary.fallbacks', fallbacks, 'a list of upstreams, or lists by failure kind');
  checkKeys('canary.fallbacks', fallbacks, ['default', ...FAILURE_KINDS.filter((kind) => !NEVER.has(kind))]);
  const checked = Object.fromEntries(
    Object.entries(fallbacks)
      .filter(([, list]) => list !== undefined)
      .map(([kind, list]) => [kind, checkNames(`canary.fallbacks.${kind}`, list, names)]),
  );
  const { default: byDefault, ...byKind } = checked;
  return { default: byDefault, byKind, also };
}

function isList(fallbacks: FallbackOptions): fallbacks is readonly string[] {
  return Array.isArray(fallbacks);
}
