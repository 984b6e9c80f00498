/** Checks weights, both in options and at run time, and segments. */

import type { AttributeValue, Segment, Weights } from '../domain/call.ts';
import { checkKeys, checkList, checkNumber, checkObject, checkOneOf, formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';

/**
 * Checked weights. If stable is not named and the others sum to less than 1, they are shares and stable gets the rest:
 * `{ gemini: 0.05 }` is 5 %.
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
  if (!Number.isFinite(sum)) throw new ConfigError(path, 'should have a finite sum');
  return resolved;
}

/** A condition on attributes that decides the upstream before the split. The first matching segment wins. */
export interface SegmentOptions<UpstreamName extends string = string> {
  /** Every attribute must equal its value, or one of its values. An empty condition matches every call. */
  readonly when: Readonly<Record<string, AttributeValue | readonly AttributeValue[]>>;
  readonly upstream: UpstreamName;
}

/** @throws ConfigError */
export function resolveSegments(
  segments: readonly SegmentOptions[] | undefined = [],
  names: readonly string[],
): readonly Segment[] {
  checkList('canary.segments', segments, 'a list of segments');
  return segments.map((segment, index) => {
    const path = `canary.segments[${index}]`;
    checkKeys(path, segment, ['when', 'upstream']);
    checkCondition(`${path}.when`, segment.when);
    return { when: segment.when, upstream: checkOneOf(`${path}.upstream`, segment.upstream, names) };
  });
}

/** @throws ConfigError unless `when` maps attributes to allowed values */
export function checkCondition(path: string, when: SegmentOptions['when']): void {
  checkObject(path, when, 'an object of attributes');
  for (const [attribute, expected] of Object.entries(when)) checkExpected(`${path}.${attribute}`, expected);
}

function checkExpected(path: string, expected: unknown): void {
  const values: unknown[] = Array.isArray(expected) ? expected : [expected];
  if (values.length > 0 && values.every((value) => ATTRIBUTE_TYPES.has(typeof value))) return;
  throw new ConfigError(
    path,
    `should be a string, a number, a boolean or a list of these, got ${formatValue(expected)}`,
  );
}

const ATTRIBUTE_TYPES: ReadonlySet<string> = new Set(['string', 'number', 'boolean']);
