/** The usage of an answer that has ended: the provider's own, or an estimate. */

import type { ServiceTier, Usage } from '../domain/usage.ts';
import { estimateUsage } from '../pricing/estimate-output.ts';
import { usageOf } from '../pricing/usage.ts';
import type { AttemptInput } from './attempt-types.ts';
import { malformation, outputTextOf } from './answer-body.ts';
import type { Failure } from '../resilience/failure.ts';
import type { StreamFacts } from './stream/stream-facts.ts';

/** The usage at the end of an answer. */
export interface UsageAtEnd {
  readonly usage: Usage | undefined;
  readonly usageEstimated: boolean;
}

type EstimateInput = Pick<AttemptInput, 'surface' | 'options' | 'judge' | 'tokenizer' | 'meter'>;

/**
 * Providers send the usage last. Where it is missing, because the stream was cut, the caller left or the provider sends no usage, it is
 * estimated from the output. Without a `canary` option the usage of a complete stream is not estimated.
 */
export function usageAtEnd(
  input: EstimateInput,
  { usage, hasContent, output, serviceTier }: StreamFacts,
  wasWhole: boolean,
): UsageAtEnd {
  if (input.meter) return { usage: input.meter(usage), usageEstimated: false };
  const isEstimated = !usage && hasContent && input.surface !== 'other' && (!wasWhole || input.judge !== undefined);
  return isEstimated ? estimated(input, output, serviceTier) : { usage, usageEstimated: false };
}

/** The usage of a whole body. If the body has no usage, it is estimated from the output, unless the body is not an answer. */
export function usageOfBody(input: EstimateInput, body: unknown, failure: Failure | undefined): UsageAtEnd {
  const { surface } = input;
  if (input.meter) return { usage: input.meter(usageOf(surface, body), body), usageEstimated: false };
  const usage = surface === 'other' ? undefined : usageOf(surface, body);
  if (usage || (failure && failure.rejection === undefined) || !input.judge) return { usage, usageEstimated: false };
  const text = outputTextOf(surface, body);
  const hasOutput = text !== '' || surface === 'embeddings';
  // Raw bodies are not checked, so a malformed one arrives here without a failure.
  return hasOutput && !malformation(surface, body) ? estimated(input, text) : { usage, usageEstimated: false };
}

function estimated(
  { surface, options, tokenizer }: EstimateInput,
  outputText: string,
  serviceTier?: ServiceTier,
): UsageAtEnd {
  const usage = estimateUsage({ surface, body: options.body, outputText, count: tokenizer?.() });
  return { usage: serviceTier === undefined ? usage : { ...usage, serviceTier }, usageEstimated: true };
}
