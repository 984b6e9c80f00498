/** A client with one relay, and helpers to probe it. */

import { CanaryClient, type CanaryOptions, type ProbeOptions, type ProbeReport } from '../../src/index.ts';
import { seededRandom, startProvider, type ProviderOptions } from '../../src/testing/index.ts';

/** The key of the relay, which must not appear in any output. */
export const RELAY_KEY = 'sk-relay-0123456789abcdef';

/** A relay without defects: two models with a window of 2,000 tokens, and unbuffered streams. */
export const RELAY: ProviderOptions = {
  models: ['chat-model', 'embed-model'],
  contextTokens: 2_000,
  apiKey: RELAY_KEY,
  chunkDelayMs: 1,
};

/** Options that run every check. */
export const WHOLE: ProbeOptions = { embeddingModel: 'embed-model', contextTokens: 2_000 };

/** A client with the relay at `url`, and an `openai` upstream that gets no requests. */
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

/** Probes a relay with the settings of `RELAY`, overridden by `settings`. */
export async function probeRelay(settings: ProviderOptions = {}, options: ProbeOptions = {}): Promise<ProbeReport> {
  await using provider = await startProvider({ ...RELAY, ...settings });
  await using ai = clientOf(provider.url);
  return await ai.canary.probe('relay', { ...WHOLE, ...options });
}

/** The failed and unsupported checks and the findings of a report. */
export function faultsOf({ checks, findings }: ProbeReport): readonly string[] {
  return [...checks, ...findings]
    .filter(({ status }) => status !== 'pass' && status !== 'skipped')
    .map(({ name, status }) => `${name}: ${status}`);
}
