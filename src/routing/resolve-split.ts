/** Checks weights, as options and at run time. */

import { checkNumber, checkObject, checkOneOf } from '../domain/check.ts';
import type { Weights } from '../domain/split.ts';
import { ConfigError } from '../domain/errors.ts';

/**
 * Checked weights. Where stable is not named and the others do not sum to 1 or more, they are shares and stable has the
 * rest: `{ gemini: 0.05 }` is 5 %.
 *
 * @throws ConfigError
 */
export function resolveWeights(
  path: string,
  weights: Readonly<Record<string, number | undefined>> | undefined,
  names: readonly string[],
  stable: string,
): Weights {
  if (weights === undefined) return { [stable]: 1 };
  checkObject(path, weights, 'an object of weights by upstream');
  const resolved: Record<string, number> = {};
  let sum = 0;
  for (const [name, weight] of Object.entries(weights)) {
    if (weight === undefined) continue;
    checkOneOf(`${path}.${name}`, name, names);
    resolved[name] = checkNumber(`${path}.${name}`, weight, { min: 0 });
    sum += weight;
  }
  if (!(stable in resolved) && sum < 1 - 1e-9) resolved[stable] = 1 - sum;
  else if (sum === 0) throw new ConfigError(path, 'should not all be 0');
  if (!Number.isFinite(sum)) throw new ConfigError(path, 'should have a sum that a number can hold');
  return resolved;
}
