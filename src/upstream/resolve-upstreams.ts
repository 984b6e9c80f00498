/** Checks the options of upstreams and resolves each to its configuration. */

import type { ClientOptions } from 'openai';
import { checkDuration, checkKeys, checkObject, checkOneOf, formatValue } from '../domain/check.ts';
import { REQUIREMENTS } from '../domain/call.ts';
import type { UpstreamOptions } from './upstream-options.ts';
import type { UpstreamPrice } from '../domain/usage.ts';
import type { LimitsOptions } from '../resilience/limits/options.ts';
import { resolveLimits } from '../resilience/limits/resolve-limits.ts';
import type { Capabilities } from '../providers/capabilities.ts';
import { PROVIDER_NAMES, providerPreset, type ProviderName } from '../providers/presets.ts';
import {
  environment,
  clientKeySource,
  resolveBodyRules,
  resolveConnection,
  upstreamKeySource,
} from './resolve-connection.ts';
import { resolvePrices } from '../pricing/resolve-prices.ts';
import { ConfigError } from '../domain/errors.ts';
import type { Connection, UpstreamConfig, UpstreamPricing } from './upstream.ts';

/** The sections of the options that describe upstreams. */
export interface UpstreamSections {
  readonly upstreams?: Readonly<Record<string, UpstreamOptions>> | undefined;
  readonly prices?: Readonly<Partial<Record<string, UpstreamPrice | readonly UpstreamPrice[]>>> | undefined;
  readonly limits?: Readonly<Partial<Record<string, LimitsOptions>>> | undefined;
}

/**
 * Resolves the upstreams. The first is `clientName`, the application's client itself.
 *
 * @throws ConfigError
 */
export function resolveUpstreams(
  canary: UpstreamSections,
  client: ClientOptions,
  clientName: string,
  priceProvider: string | undefined,
): readonly UpstreamConfig[] {
  const { upstreams = {}, prices = {}, limits = {} } = canary;
  checkObject('canary.upstreams', upstreams, 'an object of upstreams by name');
  checkObject('canary.prices', prices, 'an object of prices by upstream');
  checkObject('canary.limits', limits, 'an object of limits by upstream');
  if (Object.hasOwn(upstreams, clientName)) {
    throw new ConfigError(
      `canary.upstreams.${clientName}`,
      'is the client itself: choose another name, or set canary.name',
    );
  }
  const names = [clientName, ...Object.keys(upstreams)];
  for (const name of names) checkName(name);
  for (const name of Object.keys(prices)) checkOneOf(`canary.prices.${name}`, name, names);
  for (const name of Object.keys(limits)) checkOneOf(`canary.limits.${name}`, name, names);
  const baseURL = client.baseURL ?? environment('OPENAI_BASE_URL') ?? 'https://api.openai.com/v1';
  const keySource = clientKeySource(client, priceProvider);
  const clientPricing = {
    provider: priceProvider,
    baseURL,
    prices: resolvePrices(`canary.prices.${clientName}`, prices[clientName]),
  };
  const others = Object.entries(upstreams).map(([name, options]) => {
    const path = `canary.upstreams.${name}`;
    checkKeys(path, options, UPSTREAM_OPTION_NAMES);
    const price = resolvePrices(`${path}.price`, options.price);
    const own = resolvePrices(`canary.prices.${name}`, prices[name]) ?? price;
    const ownLimits = resolveLimits(`${path}.limits`, options.limits);
    const config = resolveUpstream(path, name, options, { pricing: { ...clientPricing, prices: own }, keySource });
    return { ...config, limits: resolveLimits(`canary.limits.${name}`, limits[name]) ?? ownLimits };
  });
  return [
    {
      ...clientUpstreamConfig(clientName, clientPricing, keySource),
      limits: resolveLimits(`canary.limits.${clientName}`, limits[clientName]),
    },
    ...others,
  ];
}

/** Names are keys of plain objects, here and in applications. A name such as `toString` would be found in every object. */
function checkName(name: string): void {
  if (name === '') throw new ConfigError('canary.upstreams', 'should have non-empty names');
  if (name in {}) throw new ConfigError('canary.upstreams', `should not use the name ${name}, which every object has`);
}

/** The application's client. Its requests change in one way: streams request usage. */
function clientUpstreamConfig(
  name: string,
  pricing: UpstreamPricing,
  keySource: string,
): Omit<UpstreamConfig, 'limits'> {
  const connection: Connection = { kind: 'client', options: {} };
  const rules = { includeUsage: true };
  return { name, connection, rules, timeoutMs: undefined, drains: false, capable: {}, pricing, keySource };
}

function resolveUpstream(
  path: string,
  name: string,
  options: UpstreamOptions,
  inherited: Pick<UpstreamConfig, 'pricing' | 'keySource'>,
): Omit<UpstreamConfig, 'limits'> {
  const { timeout, onAbort = 'cancel', capabilities = {} } = options;
  const provider = checkProvider(path, options);
  const connection = resolveConnection(path, options);
  return {
    name,
    connection,
    rules: { ...resolveBodyRules(path, options), includeUsage: true, provider },
    timeoutMs: timeout === undefined ? undefined : checkDuration(`${path}.timeout`, timeout),
    drains: checkOneOf(`${path}.onAbort`, onAbort, ['cancel', 'drain']) === 'drain',
    endsByDone: capabilities.finishReason === false,
    capable: { provider, capabilities: checkCapabilities(`${path}.capabilities`, capabilities) },
    pricing: pricingOf(connection, provider, inherited.pricing),
    keySource: upstreamKeySource(path, connection, { ...options, provider }, inherited.keySource),
  };
}

function checkCapabilities(path: string, capabilities: Capabilities): Capabilities {
  checkKeys(path, capabilities, [...REQUIREMENTS, 'finishReason']);
  for (const [name, has] of Object.entries(capabilities)) {
    if (typeof has !== 'boolean')
      throw new ConfigError(`${path}.${name}`, `should be true or false, got ${formatValue(has)}`);
  }
  return capabilities;
}

function checkProvider(path: string, { provider, client }: UpstreamOptions): ProviderName | undefined {
  if (provider === undefined) return undefined;
  const checked = PROVIDER_NAMES.find((name) => name === checkOneOf(`${path}.provider`, provider, PROVIDER_NAMES));
  if (checked === 'azure' && client === undefined) {
    throw new ConfigError(`${path}.client`, "should be an AzureOpenAI client for provider 'azure'");
  }
  return checked;
}

function pricingOf(
  connection: Connection,
  provider: ProviderName | undefined,
  inherited: UpstreamPricing,
): UpstreamPricing {
  const { prices } = inherited;
  const priceProvider = provider === undefined ? undefined : providerPreset(provider).priceProvider;
  switch (connection.kind) {
    case 'client':
      return inherited;
    case 'own':
      return { prices, provider: priceProvider, baseURL: connection.options.baseURL ?? inherited.baseURL };
    case 'given':
      return { prices, provider: priceProvider, baseURL: connection.client.baseURL };
    default:
      return connection satisfies never;
  }
}

/** A record, so that the compiler notices a missing option. An unknown name is an error, since the SDK would ignore it. */
const UPSTREAM_OPTION_NAMES = Object.keys({
  provider: true,
  model: true,
  params: true,
  maxOutputTokens: true,
  timeout: true,
  onAbort: true,
  capabilities: true,
  limits: true,
  price: true,
  client: true,
  baseURL: true,
  apiKey: true,
  adminAPIKey: true,
  organization: true,
  project: true,
  webhookSecret: true,
  workloadIdentity: true,
  x509Transport: true,
  credential: true,
  dataResidency: true,
  defaultHeaders: true,
  defaultQuery: true,
  fetch: true,
  fetchOptions: true,
  maxRetries: true,
  logLevel: true,
  logger: true,
  dangerouslyAllowBrowser: true,
} satisfies Record<keyof UpstreamOptions, true>);
