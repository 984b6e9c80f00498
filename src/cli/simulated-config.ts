/** A configuration whose upstreams are simulated: no request leaves the process, and no key is needed. */

import type { ClientConfig } from './load-config.ts';
import { UsageError } from './usage-error.ts';

/** Any key will do: nobody sees it. */
const NO_KEY = 'simulated';

/** @throws UsageError for an upstream that has a client of its own, which cannot be taken off the network */
export function simulatedConfig(config: ClientConfig, fetchOf: (upstream: string) => typeof fetch): ClientConfig {
  const { canary = {} } = config;
  const { upstreams = {}, name = 'openai' } = canary;
  const simulated = Object.entries(upstreams).map(([upstream, options]) => {
    if (options.client) {
      throw new UsageError(`Upstream ${upstream} has a client of its own, which cannot be simulated`);
    }
    const isOwn = options.provider !== undefined || options.baseURL !== undefined || options.apiKey !== undefined;
    const apiKey = isOwn ? { apiKey: NO_KEY } : {};
    return [upstream, { ...options, ...apiKey, fetch: fetchOf(upstream) }];
  });
  return {
    ...config,
    apiKey: NO_KEY,
    fetch: fetchOf(name),
    canary: { ...canary, upstreams: Object.fromEntries(simulated) as typeof upstreams },
  };
}
