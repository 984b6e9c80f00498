/** The revision of an upstream: what decides what it answers and what that costs. */

import { canonicalJson } from '../domain/json.ts';
import { hashKey } from '../domain/hash-key.ts';
import type { Connection, UpstreamConfig } from './upstream.ts';

/**
 * Identifies the address, model, params, stated prices and stated capabilities of an upstream. Limits, timeouts and
 * credentials may change within a revision. It is a hash, so that a store holds none of these values.
 */
export function revisionOf({ connection, rules, pricing, capable }: UpstreamConfig): string {
  const { provider, model, params } = rules;
  const { prices } = pricing;
  const { capabilities } = capable;
  return hashKey(
    canonicalJson({ address: addressOf(connection, pricing.baseURL), provider, model, params, prices, capabilities }),
  );
}

/** The address, and what chooses a model or a deployment there. */
function addressOf(connection: Connection, clientBaseURL: string | undefined): unknown {
  if (connection.kind === 'given') {
    const { baseURL } = connection.client;
    // An Azure client names its deployment when it is built.
    const deployment = 'deploymentName' in connection.client ? connection.client.deploymentName : undefined;
    return [withoutSlash(baseURL), deployment];
  }
  const { baseURL = clientBaseURL, dataResidency, defaultQuery } = connection.options;
  return [withoutSlash(baseURL), dataResidency, defaultQuery];
}

const withoutSlash = (url: string | null | undefined): string | undefined => url?.replace(/\/+$/, '');
