/** Configurations whose upstreams are not asked: no request leaves the process, and no key is needed. */

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
  return withoutKeys(config, fetchOf);
}

/** For what asks no upstream at all. */
export function offlineConfig(config: ClientConfig): ClientConfig {
  return withoutKeys(config, () => () => Promise.reject(new Error('This command asks no upstream')));
}

function withoutKeys(config: ClientConfig, fetchOf: (upstream: string) => typeof fetch): ClientConfig {
  const { canary = {} } = config;
  const { upstreams = {}, name = 'openai' } = canary;
  const keyless = Object.entries(upstreams).map(([upstream, options]) => {
    if (options.client) return [upstream, options];
    const isOwn = options.provider !== undefined || options.baseURL !== undefined || options.apiKey !== undefined;
    const apiKey = isOwn ? { apiKey: NO_KEY } : {};
    return [upstream, { ...options, ...apiKey, fetch: fetchOf(upstream) }];
  });
  return {
    ...config,
    apiKey: NO_KEY,
    fetch: fetchOf(name),
    canary: { ...canary, upstreams: Object.fromEntries(keyless) as typeof upstreams },
  };
}
