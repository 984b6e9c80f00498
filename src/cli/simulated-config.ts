/** Changes a configuration so that it needs no API keys and sends no requests, or leaves shared state alone. */

import { memoryStore } from '../index.ts';
import type { ClientConfig } from './load-config.ts';
import { UsageError } from './usage-error.ts';

/** The SDK requires a key. It is never sent. */
const NO_KEY = 'simulated';

/**
 * Replaces the network of each upstream by a function.
 *
 * @throws UsageError for an upstream with its own client, whose network cannot be replaced
 */
export function simulatedConfig(config: ClientConfig, fetchOf: (upstream: string) => typeof fetch): ClientConfig {
  for (const [upstream, { client }] of Object.entries(config.canary?.upstreams ?? {})) {
    if (client) throw new UsageError(`Upstream ${upstream} uses its own client and cannot be simulated`);
  }
  const { canary, ...client } = withoutKeys(config, fetchOf);
  // A custom comparison may call a judge model.
  const shadow = canary?.shadow && { ...canary.shadow, compare: undefined };
  return { ...client, canary: { ...canary, shadow } };
}

/**
 * Removes everything but the upstreams: store, webhook and probes. Test calls must not become evidence in a store that a running
 * process shares, and must not alert people.
 */
export function isolatedConfig(config: ClientConfig): ClientConfig {
  const { canary } = config;
  if (!canary) return config;
  // Called persistent: what a command forgets at its end is not missing.
  const store = { ...memoryStore(), persistent: true };
  return { ...config, canary: { ...canary, store, webhook: undefined, probe: undefined } };
}

/** For commands that only read the configuration. They send no requests, and advice for running it is not for them. */
export function offlineConfig(config: ClientConfig): ClientConfig {
  const offline = withoutKeys(config, () => () => Promise.reject(new Error('This command sends no requests')));
  return { ...offline, canary: { ...offline.canary, logger: { warn: () => undefined } } };
}

function withoutKeys(config: ClientConfig, fetchOf: (upstream: string) => typeof fetch): ClientConfig {
  const { canary = {}, ...client } = isolatedConfig(config);
  const { upstreams = {}, name = 'openai' } = canary;
  const keyless = Object.entries(upstreams).map(([upstream, options]) => {
    if (options.client) return [upstream, options];
    const hasOwnKey = options.provider !== undefined || options.baseURL !== undefined || options.apiKey !== undefined;
    const apiKey = hasOwnKey ? { apiKey: NO_KEY } : {};
    return [upstream, { ...options, ...apiKey, fetch: fetchOf(upstream) }];
  });
  return {
    ...client,
    apiKey: NO_KEY,
    fetch: fetchOf(name),
    canary: { ...canary, upstreams: Object.fromEntries(keyless) as typeof upstreams },
  };
}
