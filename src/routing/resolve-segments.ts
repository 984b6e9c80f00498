/** Checks segments. */

import { checkKeys, checkList, checkObject, checkOneOf, show } from '../domain/check.ts';
import type { Segment } from '../domain/split.ts';
import type { SegmentOptions } from '../options.ts';
import { ConfigError } from '../domain/errors.ts';

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

/** @throws ConfigError unless `when` says which attributes are to have which values */
export function checkCondition(path: string, when: SegmentOptions['when']): void {
  checkObject(path, when, 'an object of attributes');
  for (const [attribute, wanted] of Object.entries(when)) checkWanted(`${path}.${attribute}`, wanted);
}

function checkWanted(path: string, wanted: unknown): void {
  const values: unknown[] = Array.isArray(wanted) ? wanted : [wanted];
  if (values.length > 0 && values.every((value) => ATTRIBUTE_TYPES.has(typeof value))) return;
  throw new ConfigError(path, `should be a string, a number, a boolean or a list of these, got ${show(wanted)}`);
}

const ATTRIBUTE_TYPES: ReadonlySet<string> = new Set(['string', 'number', 'boolean']);
