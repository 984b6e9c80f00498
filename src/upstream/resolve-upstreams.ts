/** Checks upstreams and decides what each is reached by. */

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
  homeKeySource,
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
 * The upstreams, `home` first: it is the application's client itself.
 *
 * @throws ConfigError
 */
export function resolveUpstreams(
  canary: UpstreamSections,
  client: ClientOptions,
  home: string,
  priceProvider: string | undefined,
): readonly UpstreamConfig[] {
  const { upstreams = {}, prices = {}, limits = {} } = canary;
  checkObject('canary.upstreams', upstreams, 'an object of upstreams by name');
  checkObject('canary.prices', prices, 'an object of prices by upstream');
  checkObject('canary.limits', limits, 'an object of limits by upstream');
  if (Object.hasOwn(upstreams, home)) {
    throw new ConfigError(`canary.upstreams.${home}`, 'is the client itself: choose another name, or set canary.name');
  }
  const names = [home, ...Object.keys(upstreams)];
  for (const name of names) checkName(name);
  for (const name of Object.keys(prices)) checkOneOf(`canary.prices.${name}`, name, names);
  for (const name of Object.keys(limits)) checkOneOf(`canary.limits.${name}`, name, names);
  const baseURL = client.baseURL ?? environment('OPENAI_BASE_URL') ?? 'https://api.openai.com/v1';
  const keySource = homeKeySource(client, priceProvider);
  const homePricing = {
    provider: priceProvider,
    baseURL,
    prices: resolvePrices(`canary.prices.${home}`, prices[home]),
  };
  const others = Object.entries(upstreams).map(([name, options]) => {
    const path = `canary.upstreams.${name}`;
    checkKeys(path, options, UPSTREAM_OPTION_NAMES);
    const price = resolvePrices(`${path}.price`, options.price);
    const own = resolvePrices(`canary.prices.${name}`, prices[name]) ?? price;
    const ownLimits = resolveLimits(`${path}.limits`, options.limits);
    const config = resolveUpstream(path, name, options, { pricing: { ...homePricing, prices: own }, keySource });
    return { ...config, limits: resolveLimits(`canary.limits.${name}`, limits[name]) ?? ownLimits };
  });
  return [
    {
      ...clientUpstreamConfig(home, homePricing, keySource),
      limits: resolveLimits(`canary.limits.${home}`, limits[home]),
    },
    ...others,
  ];
}

/** Names are keys of plain objects here and in applications: one that every object has would be found where it is not. */
function checkName(name: string): void {
  if (name === '') throw new ConfigError('canary.upstreams', 'should have non-empty names');
  if (name in {}) throw new ConfigError('canary.upstreams', `should not use the name ${name}, which every object has`);
}

/** The application's client: of its requests nothing changes but that streams tell their usage. */
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
  home: Pick<UpstreamConfig, 'pricing' | 'keySource'>,
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
    pricing: pricingOf(connection, provider, home.pricing),
    keySource: upstreamKeySource(path, connection, { ...options, provider }, home.keySource),
  };
}

function checkCapabilities(path: string, capabilities: Capabilities): Capabilities {
  checkKeys(path, capabilities, [...REQUIREMENTS, 'finishReason']);
  for (const [name, able] of Object.entries(capabilities)) {
    if (typeof able !== 'boolean')
      throw new ConfigError(`${path}.${name}`, `should be true or false, got ${formatValue(able)}`);
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

function pricingOf(connection: Connection, provider: ProviderName | undefined, home: UpstreamPricing): UpstreamPricing {
  const { prices } = home;
  const priceProvider = provider === undefined ? undefined : providerPreset(provider).priceProvider;
  switch (connection.kind) {
    case 'client':
      return home;
    case 'own':
      return { prices, provider: priceProvider, baseURL: connection.options.baseURL ?? home.baseURL };
    case 'given':
      return { prices, provider: priceProvider, baseURL: connection.client.baseURL };
    default:
      return connection satisfies never;
  }
}

/** Written as a record, so that no option of the SDK can be forgotten: what is misspelt would be silently ignored. */
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
