/** Conditions on the attributes of a call. */

import type { AttributeValue, Segment } from '../domain/call.ts';

/** The attributes of a call. */
type Attributes = Readonly<Record<string, AttributeValue>>;

/** The first matching segment; `undefined` if no segment matches. */
export function matchSegment(segments: readonly Segment[], attributes: Attributes): Segment | undefined {
  return segments.find(({ when }) => matchesCondition(when, attributes));
}

/** Whether every attribute in `when` strictly equals its value, or one of its values. An empty `when` matches every call. */
export function matchesCondition(when: Segment['when'], attributes: Attributes): boolean {
  return Object.entries(when).every(([attribute, expected]) => {
    const actual = attributes[attribute];
    return typeof expected === 'object' ? expected.some((value) => value === actual) : expected === actual;
  });
}
