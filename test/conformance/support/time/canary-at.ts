/** A client for a provider on the loopback interface, on the real clock. */

import { CanaryClient, type CanaryOptions } from '../../../../src/index.ts';

/** Creates a client that sends all calls to one upstream, `gemini`, at `url`, without retries. */
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
