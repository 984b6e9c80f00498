/** A client with one relay, and what a probe of it finds. */

import { CanaryClient, type CanaryOptions, type ProbeOptions, type ProbeReport } from '../../src/index.ts';
import { seededRandom, startProvider, type ProviderOptions } from '../../src/testing/index.ts';

/** Of the relay; nobody is ever to be shown it. */
export const RELAY_KEY = 'sk-relay-0123456789abcdef';

/** A relay that serves two models with a window of 2,000 tokens, whose streams flow, and that does nothing wrong. */
export const RELAY: ProviderOptions = {
  models: ['chat-model', 'embed-model'],
  contextTokens: 2_000,
  apiKey: RELAY_KEY,
  chunkDelayMs: 1,
};

/** Everything that can be looked at, is. */
export const WHOLE: ProbeOptions = { embeddingModel: 'embed-model', contextTokens: 2_000 };

/** The relay at `url` beside an `openai` that nobody asks. */
export function clientOf(url: string, canary: CanaryOptions = {}): CanaryClient {
  return new CanaryClient<string, string>({
    apiKey: 'sk-home-0123456789abcdef',
    canary: {
      random: seededRandom(1),
      logger: { warn: () => undefined },
      ...canary,
      upstreams: {
        relay: {
          baseURL: url,
          apiKey: RELAY_KEY,
          model: 'chat-model',
          price: { inputPerMTok: 2, outputPerMTok: 8 },
          ...canary.upstreams?.['relay'],
        },
      },
    },
  });
}

/** A probe of a relay that differs from `RELAY` as it says. */
export async function probeRelay(settings: ProviderOptions = {}, options: ProbeOptions = {}): Promise<ProbeReport> {
  await using provider = await startProvider({ ...RELAY, ...settings });
  await using ai = clientOf(provider.url);
  return await ai.canary.probe('relay', { ...WHOLE, ...options });
}

/** All that a report finds fault with. */
export function faultsOf({ checks, findings }: ProbeReport): readonly string[] {
  return [...checks, ...findings]
    .filter(({ status }) => status !== 'pass' && status !== 'skipped')
    .map(({ name, status }) => `${name}: ${status}`);
}
