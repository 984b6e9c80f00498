/** Checks fallbacks. */

import { checkKeys, checkObject } from '../domain/check.ts';
import { checkNames } from '../domain/check-names.ts';
import { FAILURE_KINDS } from '../domain/outcome.ts';
import type { Fallbacks } from './fallbacks.ts';
import type { FallbackOptions } from '../resilience/options.ts';

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
