/** What the application's client is as an upstream: its address, its credentials, and what its own provider adds to them. */

import { type ClientOptions, OpenAIError } from 'openai';
import { checkApiKey } from '../domain/check.ts';
import { type ProviderName, providerPreset } from '../providers/presets.ts';
import { environment, missingKey } from './resolve-connection.ts';

/** The base URL that the application states for its client, in the options or in the environment. */
export function statedBaseURL({ baseURL }: ClientOptions): string | undefined {
  return baseURL ?? environment('OPENAI_BASE_URL');
}

/**
 * What the application's client lacks to be a set-up of its own, taken from `provider`, the provider of its own upstream: the address, and
 * the key of its environment variable. At the provider's address no account of OpenAI is used. Empty where the client has all of it.
 *
 * @throws ConfigError if the provider's key is missing at the provider's own address
 */
export function clientDefaults(client: ClientOptions, provider: ProviderName | undefined): ClientOptions {
  // The SDK's own defaults are OpenAI's.
  if (provider === undefined || provider === 'openai' || client.workloadIdentity !== undefined) return {};
  const { baseURL, apiKeyVariable } = providerPreset(provider);
  const apiKey = client.apiKey ?? environment(apiKeyVariable);
  if (baseURL === undefined || statedBaseURL(client) !== undefined) return apiKey === undefined ? {} : { apiKey };
  if (apiKey === undefined) throw missingKey('apiKey', apiKeyVariable);
  checkApiKey('apiKey', apiKey, client.apiKey ? undefined : apiKeyVariable);
  return { baseURL, apiKey, adminAPIKey: null, organization: null, project: null };
}

/** Stands in for the key of a client whose calls all go to another upstream: a call that reaches the client itself rejects. */
export const NO_CREDENTIALS: ClientOptions = {
  apiKey: () =>
    Promise.reject(
      new OpenAIError('Missing credentials: the client has no apiKey, so only its other upstreams serve calls.'),
    ),
};

/** Whether the application's client has any credentials, in its options or in the environment. */
export function hasCredentials(client: ClientOptions): boolean {
  const { apiKey, adminAPIKey, workloadIdentity } = client;
  const stated = [
    apiKey,
    adminAPIKey,
    workloadIdentity,
    (client as { credential?: unknown }).credential,
    client.provider,
  ];
  if (stated.some((value) => value !== undefined && value !== null)) return true;
  return environment('OPENAI_API_KEY') !== undefined || environment('OPENAI_ADMIN_KEY') !== undefined;
}

/** The option or environment variable that the credentials of the application's client come from. `priceProvider` identifies an Azure client. */
export function clientKeySource(
  client: ClientOptions,
  priceProvider: string | undefined,
  provider?: ProviderName,
): string {
  if (client.workloadIdentity !== undefined) return 'workloadIdentity';
  if (client.apiKey !== undefined && client.apiKey !== null) return 'apiKey';
  const variable = provider && providerPreset(provider).apiKeyVariable;
  if (variable !== undefined && environment(variable) !== undefined) return variable;
  return priceProvider === 'azure' ? 'AZURE_OPENAI_API_KEY' : 'OPENAI_API_KEY';
}
