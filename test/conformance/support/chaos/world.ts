/** The providers and the client of a chaos run. */

import { CanaryClient } from '../../../../src/index.ts';
import { seededRandom, startProvider, type Provider, type ProviderOptions } from '../../../../src/testing/index.ts';
import type { CountingClock } from '../counting-clock.ts';
import type { PlannedCall } from './plan.ts';
import { modelOf } from './start-call.ts';
import { PRICES, tokensOf, wordsOf, type ProviderName } from './vocabulary.ts';
import { CALL_HEADER } from './wire.ts';

/** One provider per upstream. */
export type Providers = Readonly<Record<ProviderName, Provider>>;

/** A record with one entry per provider. */
export function byProvider<T>(make: (name: ProviderName) => T): Record<ProviderName, T> {
  return { openai: make('openai'), gemini: make('gemini'), deepseek: make('deepseek') };
}

/** Starts the providers. Every call has its own model, and so its own faults. */
export async function startProviders(plan: readonly PlannedCall[], seed: number): Promise<Providers> {
  const start = (name: ProviderName, place: number): Promise<Provider> => {
    const random = seededRandom(seed + place);
    const callOf: ProviderOptions['usage'] = ({ headers, path }) => {
      const usage = tokensOf(name, Number(headers[CALL_HEADER]), !path.endsWith('/embeddings'));
      const { inputTokens, outputTokens, cachedInputTokens } = usage;
      return { promptTokens: inputTokens, completionTokens: outputTokens, cachedTokens: cachedInputTokens };
    };
    return startProvider({
      seed: seed + place,
      answer: ({ headers }) => wordsOf(name, Number(headers[CALL_HEADER])),
      usage: callOf,
      usageStyle: USAGE_STYLES[name],
      latencyMs: () => Math.floor(random() * 6),
      chunkDelayMs: CHUNK_DELAYS_MS[name],
      faults: Object.fromEntries(plan.map((planned) => [modelOf(planned), planned.faults[name]])),
      maxRequests: 10 * plan.length,
    });
  };
  const [openai, gemini, deepseek] = await Promise.all([start('openai', 0), start('gemini', 1), start('deepseek', 2)]);
  return { openai, gemini, deepseek };
}

/**
 * Each provider reports usage in another place. The style `kimi` is not used: it has no token details except cached tokens.
 */
const USAGE_STYLES = { openai: 'openai', gemini: 'always', deepseek: 'lastChunkWithChoices' } as const;

const CHUNK_DELAYS_MS: Readonly<Record<ProviderName, number>> = { openai: 0, gemini: 1, deepseek: 2 };

/** A client with all features and short time limits. */
export function clientOf(providers: Providers, clock: CountingClock, seed: number): CanaryClient {
  const own = (name: ProviderName) => ({ baseURL: providers[name].url, apiKey: `key-of-${name}`, timeout: 2_000 });
  return new CanaryClient<string, string>({
    apiKey: 'key-of-openai',
    baseURL: providers.openai.url,
    timeout: 2_200,
    canary: {
      clock,
      random: seededRandom(seed),
      logger: { warn: () => undefined },
      upstreams: { gemini: own('gemini'), deepseek: { ...own('deepseek'), onAbort: 'drain' as const } },
      weights: { openai: 1, gemini: 1, deepseek: 1 },
      prices: PRICES,
      segments: [{ when: { plan: 'premium' }, upstream: 'gemini' }],
      fallbacks: { default: ['gemini', 'deepseek', 'openai'], contextLength: ['deepseek'], contentFilter: ['gemini'] },
      retry: { attempts: 4, minDelay: 1, maxDelay: 8, budget: 1 },
      breaker: { errorRate: 0.7, window: '1s', minCalls: 20, consecutive: 8, openFor: 20, maxOpenFor: 100, probes: 2 },
      hedge: { after: 250, maxShare: 0.2 },
      // Long enough that a leaked deadline timer is still pending at the end of the run.
      timeouts: { deadline: '1m', firstChunk: '2s', idle: '2s' },
      alerts: [{ name: 'errors', metric: 'errorRate', above: 0.9, upstream: 'gemini' }],
    },
  });
}

/** The number of failing listeners. */
export const BAD_LISTENERS = 2;

/** Adds listeners that throw or reject. */
export function listenBadly(client: CanaryClient): void {
  const fail = (): never => {
    throw new Error('A listener that throws.');
  };
  client.canary.on('attempt', fail).on('call', fail).on('retry', fail).on('breaker', fail).on('warning', fail);
  client.canary.on('attempt', () => Promise.reject(new Error('A listener that rejects.')));
  client.canary.on('call', () => client.canary.once('fallback', fail).off('fallback', fail));
}
