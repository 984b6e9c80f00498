/** Checks the options of upstreams and resolves each to its configuration. */

import type { ClientOptions } from 'openai';
import { checkBoolean, checkDuration, checkKeys, checkNumber, checkObject, checkOneOf } from '../domain/check.ts';
import { REQUIREMENTS } from '../domain/call.ts';
import type { UpstreamOptions } from './upstream-options.ts';
import type { UpstreamPrice } from '../domain/usage.ts';
import type { LimitsOptions } from '../resilience/limits/options.ts';
import { resolveLimits } from '../resilience/limits/resolve-limits.ts';
import type { Capabilities } from '../providers/capabilities.ts';
import { PROVIDER_NAMES, providerPreset, type ProviderName } from '../providers/presets.ts';
import { clientKeySource, statedBaseURL } from './client-connection.ts';
import { resolveBodyRules, resolveConnection, upstreamKeySource } from './resolve-connection.ts';
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
  const entries = Object.entries(upstreams).filter(([name]) => name !== clientName);
  const names = [clientName, ...entries.map(([name]) => name)];
  for (const name of names) checkName(name);
  for (const name of Object.keys(prices)) checkOneOf(`canary.prices.${name}`, name, names);
  for (const name of Object.keys(limits)) checkOneOf(`canary.limits.${name}`, name, names);
  const own = Object.hasOwn(upstreams, clientName) ? upstreams[clientName] : undefined;
  const home = resolveClientUpstream(canary, client, { name: clientName, options: own ?? {}, priceProvider });
  return [home, ...entries.map(([name, options]) => resolveOther(canary, name, options, home))];
}

/** Names are keys of plain objects, here and in applications. A name such as `toString` would be found in every object. */
function checkName(name: string): void {
  if (name === '') throw new ConfigError('canary.upstreams', 'should have non-empty names');
  if (name in {}) throw new ConfigError('canary.upstreams', `should not use the name ${name}, which every object has`);
}

/** The application's client itself. */
function resolveClientUpstream(
  sections: UpstreamSections,
  client: ClientOptions,
  { name, options, priceProvider }: ClientUpstream,
): UpstreamConfig {
  const path = `canary.upstreams.${name}`;
  checkObject(path, options);
  for (const option of CONNECTION_OPTIONS) {
    if (options[option] === undefined) continue;
    throw new ConfigError(
      `${path}.${option}`,
      `should be an option of the client, new CanaryClient({ ${option} }): ${name} is the client itself`,
    );
  }
  checkKeys(path, options, UPSTREAM_OPTION_NAMES);
  const provider = checkProvider(path, options, priceProvider === 'azure');
  return resolveUpstream(sections, name, options, {
    connection: { kind: 'client', options: {} },
    provider,
    pricing: {
      provider: priceProvider ?? (provider && providerPreset(provider).priceProvider),
      baseURL: statedBaseURL(client) ?? (provider && providerPreset(provider).baseURL) ?? 'https://api.openai.com/v1',
    },
    keySource: clientKeySource(client, priceProvider, provider),
  });
}

/** The application's client as an upstream. */
interface ClientUpstream {
  readonly name: string;
  /** The entry of `canary.upstreams` under the client's own name. */
  readonly options: UpstreamOptions;
  readonly priceProvider: string | undefined;
}

function resolveOther(
  sections: UpstreamSections,
  name: string,
  options: UpstreamOptions,
  home: UpstreamConfig,
): UpstreamConfig {
  const path = `canary.upstreams.${name}`;
  checkKeys(path, options, UPSTREAM_OPTION_NAMES);
  const stated = checkProvider(path, options, false);
  const connection = resolveConnection(path, options);
  // Without an address of its own it is another model or another account at the client's provider.
  const isElsewhere = connection.kind === 'given' || connection.options.baseURL !== undefined;
  return resolveUpstream(sections, name, options, {
    connection,
    provider: stated ?? (isElsewhere ? undefined : home.rules.provider),
    pricing: pricingOf(connection, stated, home.pricing),
    keySource: upstreamKeySource(path, connection, { ...options, provider: stated }, home.keySource),
  });
}

/** What differs between the client itself and another upstream. */
interface ResolvedParts extends Pick<UpstreamConfig, 'connection' | 'keySource'> {
  readonly provider: ProviderName | undefined;
  readonly pricing: Omit<UpstreamPricing, 'prices'>;
}

function resolveUpstream(
  { prices = {}, limits = {} }: UpstreamSections,
  name: string,
  options: UpstreamOptions,
  { connection, provider, pricing, keySource }: ResolvedParts,
): UpstreamConfig {
  const path = `canary.upstreams.${name}`;
  const { timeout, onAbort = 'cancel', capabilities = {}, maxRetries } = options;
  const ownPrices = resolvePrices(`${path}.price`, options.price);
  const ownLimits = resolveLimits(`${path}.limits`, options.limits);
  return {
    name,
    connection,
    rules: { ...resolveBodyRules(path, options), includeUsage: true, provider },
    timeoutMs: timeout === undefined ? undefined : checkDuration(`${path}.timeout`, timeout),
    targetLatencyMs: targetOf(path, options),
    maxRetries:
      maxRetries === undefined ? undefined : checkNumber(`${path}.maxRetries`, maxRetries, { min: 0, integer: true }),
    drains: checkOneOf(`${path}.onAbort`, onAbort, ['cancel', 'drain']) === 'drain',
    finishReason: capabilities.finishReason,
    capable: { provider, capabilities: checkCapabilities(`${path}.capabilities`, capabilities) },
    pricing: { ...pricing, prices: resolvePrices(`canary.prices.${name}`, prices[name]) ?? ownPrices },
    limits: resolveLimits(`canary.limits.${name}`, limits[name]) ?? ownLimits,
    keySource,
  };
}

function targetOf(path: string, { targetLatency }: UpstreamOptions): number | undefined {
  return targetLatency === undefined ? undefined : checkDuration(`${path}.targetLatency`, targetLatency, { min: 1 });
}

function checkCapabilities(path: string, capabilities: Capabilities): Capabilities {
  checkKeys(path, capabilities, [...REQUIREMENTS, 'finishReason']);
  for (const [name, has] of Object.entries(capabilities)) checkBoolean(`${path}.${name}`, has);
  return capabilities;
}

function checkProvider(
  path: string,
  { provider, client }: UpstreamOptions,
  isAzure: boolean,
): ProviderName | undefined {
  if (provider === undefined) return undefined;
  const checked = checkOneOf(`${path}.provider`, provider, PROVIDER_NAMES);
  if (checked === 'azure' && client === undefined && !isAzure) {
    throw new ConfigError(`${path}.client`, "should be an AzureOpenAI client for provider 'azure'");
  }
  return checked;
}

function pricingOf(
  connection: Connection,
  provider: ProviderName | undefined,
  inherited: UpstreamPricing,
): Omit<UpstreamPricing, 'prices'> {
  const priceProvider = provider === undefined ? undefined : providerPreset(provider).priceProvider;
  switch (connection.kind) {
    case 'client':
      return inherited;
    case 'own':
      return { provider: priceProvider, baseURL: connection.options.baseURL ?? inherited.baseURL };
    case 'given':
      return { provider: priceProvider, baseURL: connection.client.baseURL };
    default:
      return connection satisfies never;
  }
}

/** Records, so that the compiler notices a missing option. An unknown name is an error, since the SDK would ignore it. */
const CALL_OPTIONS = {
  provider: true,
  model: true,
  params: true,
  maxOutputTokens: true,
  timeout: true,
  targetLatency: true,
  onAbort: true,
  capabilities: true,
  limits: true,
  price: true,
} as const;

const CONNECTIONS = {
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
} satisfies Record<Exclude<keyof UpstreamOptions, keyof typeof CALL_OPTIONS>, true>;

/** The options that the application's client states for itself. */
const CONNECTION_OPTIONS = Object.keys(CONNECTIONS) as (keyof typeof CONNECTIONS)[];
const UPSTREAM_OPTION_NAMES: readonly string[] = [...Object.keys(CALL_OPTIONS), ...CONNECTION_OPTIONS];
