/** Which upstreams may serve a call after the chosen one. */

import { FAILURE_KINDS, type FailureKind } from '../domain/attempt.ts';
import { checkKeys, checkNames, checkObject } from '../domain/check.ts';
import type { FallbackOptions } from '../resilience/options.ts';

/** The user's fallbacks, resolved. */
export interface Fallbacks {
  /** For failure kinds without an entry; `undefined` is stable. */
  readonly default: readonly string[] | undefined;
  readonly byKind: Readonly<Partial<Record<FailureKind, readonly string[]>>>;
}

/**
 * The upstreams after `assigned`, in order, for a failure of `kind` (without one: for an upstream passed over). A call with an `order` of its
 * own has its fallbacks from there.
 */
export type FallbacksAfter = (assigned: string, kind?: FailureKind, order?: readonly string[]) => readonly string[];

/** Kinds for which another upstream is asked only if the user named it: the same answer is to be expected elsewhere. */
const ONLY_IF_NAMED: ReadonlySet<FailureKind> = new Set<FailureKind>(['contextLength', 'contentFilter']);

/** Every list is made once: each call asks for one. */
export function createFallbacks(fallbacks: Fallbacks, stable: string): FallbacksAfter {
  const byDefault = remember((assigned) => without(fallbacks.default ?? [stable], assigned));
  return (assigned, kind, order) => {
    const onlyIfNamed = kind !== undefined && ONLY_IF_NAMED.has(kind);
    if (order && !onlyIfNamed) return without(order, assigned);
    const named = kind && fallbacks.byKind[kind];
    if (named) return without(named, assigned);
    return onlyIfNamed ? [] : byDefault(assigned);
  };
}

function without(names: readonly string[], assigned: string): readonly string[] {
  return names.filter((name) => name !== assigned);
}

/** There are as many answers as upstreams. */
function remember(find: (assigned: string) => readonly string[]): (assigned: string) => readonly string[] {
  const found = new Map<string, readonly string[]>();
  return (assigned) => {
    let names = found.get(assigned);
    if (!names) found.set(assigned, (names = find(assigned)));
    return names;
  };
}

/* PART: Checks fallbacks. */

/** @throws ConfigError */
export function resolveFallbacks(fallbacks: FallbackOptions | undefined, names: readonly string[]): Fallbacks {
  if (fallbacks === undefined) return { default: undefined, byKind: {} };
  if (isList(fallbacks)) return { default: checkNames('canary.fallbacks', fallbacks, names), byKind: {} };
  checkObject('canary.fallbacks', fallbacks, 'a list of upstreams, or lists by failure kind');
  checkKeys('canary.fallbacks', fallbacks, ['default', ...FAILURE_KINDS.filter((kind) => kind !== 'badRequest')]);
  const checked = Object.fromEntries(
    Object.entries(fallbacks)
      .filter(([, list]) => list !== undefined)
      .map(([kind, list]) => [kind, checkNames(`canary.fallbacks.${kind}`, list, names)]),
  );
  const { default: byDefault, ...byKind } = checked;
  return { default: byDefault, byKind };
}

function isList(fallbacks: FallbackOptions): fallbacks is readonly string[] {
  return Array.isArray(fallbacks);
}
