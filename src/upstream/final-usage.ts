/** The usage of an answer that has ended, however it did. */

import type { Usage } from '../domain/usage.ts';
import { estimateUsage } from '../pricing/estimate-output.ts';
import { usageOf } from '../pricing/usage.ts';
import type { AttemptInput } from './attempt-types.ts';
import { malformation, outputTextOf } from './answer-body.ts';
import type { Failure } from '../resilience/failure.ts';
import type { StreamFacts } from './stream/stream-facts.ts';

/** What was used, and whether that is an estimate. */
export interface UsageAtEnd {
  readonly usage: Usage | undefined;
  readonly usageEstimated: boolean;
}

type EstimateInput = Pick<AttemptInput, 'surface' | 'options' | 'judge' | 'tokenizer'>;

/**
 * Providers tell the usage last: of a stream that was cut, left before that, or whose provider counts nothing, it is estimated by what was
 * written. Without a `canary` option nothing is guessed of a whole one.
 */
export function usageAtEnd(
  input: EstimateInput,
  { usage, hasContent, output }: StreamFacts,
  wasWhole: boolean,
): UsageAtEnd {
  const isGuessed = !usage && hasContent && input.surface !== 'other' && (!wasWhole || input.judge !== undefined);
  return isGuessed ? estimated(input, output) : { usage, usageEstimated: false };
}

/** The usage of a whole body. One that says nothing of it is estimated by what it says else; one that is no answer is not. */
export function usageOfBody(input: EstimateInput, body: unknown, failure: Failure | undefined): UsageAtEnd {
  const { surface } = input;
  const usage = surface === 'other' ? undefined : usageOf(surface, body);
  if (usage || failure || !input.judge) return { usage, usageEstimated: false };
  const text = outputTextOf(surface, body);
  const saysSomething = text !== '' || surface === 'embeddings';
  // A raw body is the caller's to judge: what is no answer comes without a failure there.
  return saysSomething && !malformation(surface, body) ? estimated(input, text) : { usage, usageEstimated: false };
}

function estimated({ surface, options, tokenizer }: EstimateInput, outputText: string): UsageAtEnd {
  const usage = estimateUsage({ surface, body: options.body, outputText, count: tokenizer?.() });
  return { usage, usageEstimated: true };
}
