/** Chooses how the chunks of a stream are read. */

import type { Surface } from '../../domain/call.ts';
import { ChoiceFacts } from './choice-facts.ts';
import { ResponseFacts } from './response-facts.ts';
import type { StreamFacts } from './stream-facts.ts';

export function createStreamFacts(surface: Surface): StreamFacts {
  return surface === 'responses' ? new ResponseFacts() : new ChoiceFacts(surface);
}
