/** A client with known credentials, so that tests can search for them in all of its outputs. */

import { inspect } from 'node:util';
import { AzureOpenAI, type ClientOptions } from 'openai';
import { CanaryClient, type CanaryOptions } from '../../src/index.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { ScriptedProviders, type SentRequest } from './scripted-providers.ts';

/** The owners of secrets. No request is sent to the last three. */
export type Owner = 'openai' | 'gemini' | 'groq' | 'azure' | 'call' | 'user';

/** A secret made of its owner and name, long enough not to occur by chance. */
export function secret(owner: Owner, name: string): string {
  return `canary-of-${owner}-${name}-4f9d2c7be1`;
}

/** The key that routes a call. It must not leave the process or be shown. */
export const USER_KEY = secret('user', 'key');

/** Options of a call that only the client's own provider may get. */
export const CALL_OPTIONS = {
  headers: {
    Authorization: `Bearer ${secret('call', 'bearer')}`,
    'openai-organization': secret('call', 'organization'),
    'OpenAI-Project': secret('call', 'project'),
    Cookie: `session=${secret('call', 'cookie')}; theme=dark`,
    'x-api-key': secret('call', 'x-api-key'),
    'Helicone-Auth': `Bearer ${secret('call', 'helicone')}`,
    'x-portkey-virtual-key': secret('call', 'virtual-key'),
    'x-mine': 'for everybody',
  },
  query: { access_token: secret('call', 'query'), trace: 'for-everybody' },
};

/** The client's credentials as options. */
export const OPTIONS = {
  apiKey: secret('openai', 'api-key'),
  adminAPIKey: secret('openai', 'admin-key'),
  organization: secret('openai', 'organization'),
  project: secret('openai', 'project'),
  webhookSecret: secret('openai', 'webhook-secret'),
  defaultHeaders: {
    'Helicone-Auth': `Bearer ${secret('openai', 'helicone')}`,
    Cookie: secret('openai', 'cookie'),
    'x-custom': secret('openai', 'custom-header'),
  },
  defaultQuery: { token: secret('openai', 'query') },
} satisfies ClientOptions;

/** The client's credentials as environment variables. */
export const ENVIRONMENT = {
  OPENAI_API_KEY: secret('openai', 'api-key'),
  OPENAI_ADMIN_KEY: secret('openai', 'admin-key'),
  OPENAI_ORG_ID: secret('openai', 'organization'),
  OPENAI_PROJECT_ID: secret('openai', 'project'),
  OPENAI_WEBHOOK_SECRET: secret('openai', 'webhook-secret'),
  OPENAI_CUSTOM_HEADERS: `Helicone-Auth: Bearer ${secret('openai', 'helicone')}\nx-custom: ${secret('openai', 'custom-header')}`,
  GEMINI_API_KEY: secret('gemini', 'api-key'),
} as const;

/** A client at `openai.test` with an upstream of each kind, the providers, and everything that the client logs. */
export function secretWorld(client: ClientOptions, canary: CanaryOptions = {}) {
  const providers = new ScriptedProviders(systemClock);
  const logged: unknown[] = [];
  const note = (...line: unknown[]): void => void logged.push(...line);
  const logger = { debug: note, info: note, warn: note, error: note };
  const ai = new CanaryClient<string, string>({
    baseURL: 'https://openai.test/v1',
    fetch: providers.fetch,
    logger,
    logLevel: 'debug',
    ...client,
    canary: {
      upstreams: {
        gemini: {
          provider: 'gemini',
          baseURL: 'https://gemini.test/v1',
          apiKey: client.apiKey === undefined ? undefined : secret('gemini', 'api-key'),
          organization: undefined,
          defaultHeaders: { 'x-gateway': secret('gemini', 'gateway') },
          defaultQuery: { key: secret('gemini', 'query') },
        },
        groq: { baseURL: 'https://groq.test/v1', apiKey: async () => secret('groq', 'token') },
        azure: { provider: 'azure', client: azureClient({ fetch: providers.fetch, logger, logLevel: 'debug' }) },
        // The client's own connection with another model.
        mini: { model: 'gpt-4.1-mini' },
      },
      key: () => USER_KEY,
      retry: { minDelay: 0, maxDelay: 0, attempts: 5, budget: 1 },
      breaker: false,
      ...canary,
    },
  });
  return { ai, providers, logged };
}

/** An Azure client as a user builds it, without the values that the SDK takes from OpenAI's environment variables. */
function azureClient(network: Pick<ClientOptions, 'fetch' | 'logger' | 'logLevel'>): AzureOpenAI {
  return new AzureOpenAI({
    baseURL: 'https://azure.test/openai/deployments/gpt',
    apiKey: secret('azure', 'api-key'),
    apiVersion: '2025-01-01',
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    defaultHeaders: { 'x-team': secret('azure', 'team'), 'Helicone-Auth': null, 'x-custom': null },
    ...network,
  });
}

/** The owners of all secrets in a request, without duplicates. */
export function ownersIn({ path, headers, rawBody }: SentRequest): readonly string[] {
  return ownersOf(`${decodeURIComponent(path)}\n${JSON.stringify([...headers])}\n${String(rawBody)}`);
}

/** The owners of all secrets in a text, without duplicates. */
export function ownersOf(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(/canary-of-(\w+)-/g), ([, owner]) => owner ?? ''))].toSorted();
}

/** Everything that printing a value shows. */
export function shown(value: unknown): string {
  const error = value instanceof Error ? [value.message, value.stack, shownCause(value)] : [];
  return [...error, String(value), JSON.stringify(value), inspect(value, { depth: 10 })].join('\n');
}

function shownCause({ cause }: Error): string {
  return cause === undefined ? '' : shown(cause);
}
