/** Checks weights, both in options and at run time, and segments. */

import type { AttributeValue, Segment, Weights } from '../domain/call.ts';
import { checkKeys, checkList, checkNumber, checkObject, checkOneOf, formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';

/**
 * Checked weights. If stable is not named, the others are shares whose sum is at most 1, and stable gets the rest: `{ gemini: 0.05 }` is 5 %.
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
  if (!Number.isFinite(sum)) throw new ConfigError(path, 'should have a finite sum');
  if (stable in resolved) {
    if (sum === 0) throw new ConfigError(path, 'should not all be 0');
    return resolved;
  }
  if (sum > 1 + ROUNDING) throw new ConfigError(path, ambiguousWeights(resolved, sum, stable));
  if (sum < 1 - ROUNDING) resolved[stable] = 1 - sum;
  return resolved;
}

/** Ten times 0.1 is not 1 in floating point. */
const ROUNDING = 1e-9;

/** Shows both correct spellings. Weights that can be percentages are read as such: `{ b: 10 }` is not 1,000 %. */
function ambiguousWeights(weights: Weights, sum: number, stable: string): string {
  const arePercentages = sum <= 100 && Object.values(weights).every((weight) => weight === 0 || weight >= 1);
  const whole = arePercentages ? 100 : sum;
  const shares = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight / whole]));
  const named = formatWeights({ [stable]: whole - sum, ...weights });
  const rule = `should name ${stable} too, or be shares whose sum is at most 1, got a sum of ${rounded(sum)}`;
  return `${rule}: write ${named} or ${formatWeights(shares)}`;
}

function formatWeights(weights: Weights): string {
  const entries = Object.entries(weights).map(
    ([name, weight]) => `${/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : JSON.stringify(name)}: ${rounded(weight)}`,
  );
  return `{ ${entries.join(', ')} }`;
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** A condition on attributes that decides the upstream before the split. The first matching segment wins. */
export interface SegmentOptions<UpstreamName extends string = string> {
  /** Every attribute must equal its value, or one of its values. An empty condition matches every call. */
  readonly when: Readonly<Record<string, AttributeValue | readonly AttributeValue[]>>;
  readonly upstream: UpstreamName;
}

/** @throws ConfigError */
export function resolveSegments(
  option: string,
  segments: readonly SegmentOptions[],
  names: readonly string[],
): readonly Segment[] {
  checkList(option, segments, 'a list of segments');
  return segments.map((segment, index) => {
    const path = `${option}[${index}]`;
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
