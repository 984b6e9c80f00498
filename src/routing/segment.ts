/** Conditions on a call's attributes that decide before the split does. */

import type { AttributeValue, Segment } from '../domain/call.ts';

/**
 * The upstream of the first segment that matches: every attribute in its `when` strictly equals the value there, or one
 * of the values. An empty `when` matches every call. `undefined` if none matches.
 */
export function matchSegment(
  segments: readonly Segment[],
  attributes: Readonly<Record<string, AttributeValue>>,
): string | undefined {
  return segments.find((segment) => matches(segment, attributes))?.upstream;
}

function matches({ when }: Segment, attributes: Readonly<Record<string, AttributeValue>>): boolean {
  return Object.entries(when).every(([attribute, wanted]) => {
    const actual = attributes[attribute];
    return typeof wanted === 'object' ? wanted.some((value) => value === actual) : wanted === actual;
  });
}
