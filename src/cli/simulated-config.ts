/** Configurations whose upstreams are not asked: no request leaves the process, and no key is needed. */

import { memoryStore } from '../index.ts';
import type { ClientConfig } from './load-config.ts';
import { UsageError } from './usage-error.ts';

/** Any key will do: nobody sees it. */
const NO_KEY = 'simulated';

/**
 * Every upstream is answered for by a function.
 *
 * @throws UsageError for an upstream that has a client of its own, which cannot be taken off the network
 */
export function simulatedConfig(config: ClientConfig, fetchOf: (upstream: string) => typeof fetch): ClientConfig {
  for (const [upstream, { client }] of Object.entries(config.canary?.upstreams ?? {})) {
    if (client) throw new UsageError(`Upstream ${upstream} has a client of its own, which cannot be simulated`);
  }
  const { canary, ...client } = withoutKeys(config, fetchOf);
  // A comparison of the user's own may ask a judge model.
  const shadow = canary?.shadow && { ...canary.shadow, compare: undefined };
  return { ...client, canary: { ...canary, shadow } };
}

/**
 * A configuration that reaches nobody but its upstreams: a store that a running process shares must not learn from calls that are
 * no user's, and nobody is to be woken by them.
 */
export function aloneConfig(config: ClientConfig): ClientConfig {
  const { canary } = config;
  if (!canary) return config;
  const store = canary.store && { ...memoryStore(), persistent: canary.store.persistent };
  return { ...config, canary: { ...canary, store, webhook: undefined, probe: undefined } };
}

/** For what asks no upstream at all. */
export function offlineConfig(config: ClientConfig): ClientConfig {
  return withoutKeys(config, () => () => Promise.reject(new Error('This command asks no upstream')));
}

function withoutKeys(config: ClientConfig, fetchOf: (upstream: string) => typeof fetch): ClientConfig {
  const { canary = {}, ...client } = aloneConfig(config);
  const { upstreams = {}, name = 'openai' } = canary;
  const keyless = Object.entries(upstreams).map(([upstream, options]) => {
    if (options.client) return [upstream, options];
    const isOwn = options.provider !== undefined || options.baseURL !== undefined || options.apiKey !== undefined;
    const apiKey = isOwn ? { apiKey: NO_KEY } : {};
    return [upstream, { ...options, ...apiKey, fetch: fetchOf(upstream) }];
  });
  return {
    ...client,
    apiKey: NO_KEY,
    fetch: fetchOf(name),
    canary: { ...canary, upstreams: Object.fromEntries(keyless) as typeof upstreams },
  };
}
