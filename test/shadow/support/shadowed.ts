/** A client whose calls are mirrored to `gemini`, on a manual clock. */

import type { OpenAI } from 'openai';
import { type CanaryOptions, type ShadowOptions } from '../../../src/index.ts';
import { ask } from '../../support/calls.ts';
import { setUp, type SetUp, type SetUpOptions } from '../../support/set-up.ts';

/** Every call is mirrored unless `shadow` says otherwise. */
export function shadowed(
  shadow: ShadowOptions = {},
  { canary, ...rest }: SetUpOptions & { canary?: CanaryOptions } = {},
): SetUp {
  return setUp({
    upstreams: { gemini: {} },
    canary: { shadow: { upstream: 'gemini', share: 1, ...shadow }, ...canary },
    ...rest,
  });
}

/** A call, and time for its copy to end. */
export async function askAndWait(
  { ai, clock }: SetUp,
  options?: OpenAI.RequestOptions,
): Promise<OpenAI.ChatCompletion> {
  const answer = await ask(ai, options);
  await clock.advance(0);
  return answer;
}
