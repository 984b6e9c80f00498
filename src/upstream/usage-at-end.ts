/** The usage of a stream that has ended, however it did. */

import type { Usage } from '../domain/usage.ts';
import { estimateUsage } from '../pricing/estimate-usage.ts';
import type { AttemptInput } from './answer.ts';
import type { StreamFacts } from './stream-facts.ts';

/** What was used, and whether that is an estimate. */
export interface UsageAtEnd {
  readonly usage: Usage | undefined;
  readonly usageEstimated: boolean;
}

/** Providers tell the usage last: of a stream that was cut, or left before that, it is estimated by what was written. */
export function usageAtEnd(
  { surface, options }: Pick<AttemptInput, 'surface' | 'options'>,
  { usage, hasContent, output }: StreamFacts,
  wasWhole: boolean,
): UsageAtEnd {
  if (usage || wasWhole || !hasContent || surface === 'other') return { usage, usageEstimated: false };
  return { usage: estimateUsage({ surface, body: options.body, outputText: output }), usageEstimated: true };
}
