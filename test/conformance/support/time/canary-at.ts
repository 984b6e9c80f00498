/** A client for a provider on the loopback interface, in real time. */

import { CanaryClient, type CanaryOptions } from '../../../../src/index.ts';

/** All of its calls go to one upstream, `gemini`, at `url`; nothing is tried twice there. */
export function canaryAt(url: string, canary: CanaryOptions, gemini: { readonly timeout?: '1s' } = {}): CanaryClient {
  return new CanaryClient<string, string>({
    apiKey: 'key-of-openai',
    baseURL: url,
    maxRetries: 0,
    canary: {
      upstreams: { gemini: { baseURL: url, apiKey: 'key-of-gemini', ...gemini } },
      weights: { gemini: 1 },
      fallbacks: [],
      prices: { gemini: { inputPerMTok: 1, outputPerMTok: 2 } },
      logger: { warn: () => undefined },
      ...canary,
    },
  });
}
