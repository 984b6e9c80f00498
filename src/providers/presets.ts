/** What is known about each provider: base URL, environment variable of its key, prices, name of the output limit. */

/** A provider that an upstream can name instead of a base URL. */
export type ProviderName = 'openai' | 'holysheep' | 'deepseek' | 'gemini' | 'groq' | 'openrouter' | 'azure';

/** All providers, in the order of error messages. */
export const PROVIDER_NAMES = [
  'openai',
  'holysheep',
  'deepseek',
  'gemini',
  'groq',
  'openrouter',
  'azure',
] as const satisfies readonly ProviderName[];

/** The body field that limits the output of a chat call. */
export type ChatLimitField = 'max_completion_tokens' | 'max_tokens';

export interface ProviderPreset {
  /** `undefined` where each customer has an own address (Azure): such a provider is used through `client`. */
  readonly baseURL: string | undefined;
  /** Environment variable of the API key; `undefined` where the `client` has its own credentials. */
  readonly apiKeyVariable: string | undefined;
  /** The provider's id in the price table; `undefined` where the table does not list it and prices are configuration. */
  readonly priceProvider: string | undefined;
  /** The field that is set on a chat call without a limit. */
  readonly chatLimitField: ChatLimitField;
}

/** The preset of a provider. */
export function providerPreset(name: ProviderName): ProviderPreset {
  return PRESETS[name];
}

/**
 * `max_tokens` is deprecated at OpenAI and refused by its reasoning models, also on Azure
 * (https://platform.openai.com/docs/api-reference/chat/create); all other providers support it.
 *
 * OpenAI's address is explicit: the SDK would otherwise use `OPENAI_BASE_URL`, which may be a relay.
 */
const PRESETS: Readonly<Record<ProviderName, ProviderPreset>> = {
  openai: {
    baseURL: 'https://api.openai.com/v1',
    apiKeyVariable: 'OPENAI_API_KEY',
    priceProvider: 'openai',
    chatLimitField: 'max_completion_tokens',
  },
  holysheep: {
    baseURL: 'https://api.holysheep.ai/v1',
    apiKeyVariable: 'HOLYSHEEP_API_KEY',
    priceProvider: undefined,
    chatLimitField: 'max_tokens',
  },
  deepseek: {
    baseURL: 'https://api.deepseek.com',
    apiKeyVariable: 'DEEPSEEK_API_KEY',
    priceProvider: 'deepseek',
    chatLimitField: 'max_tokens',
  },
  gemini: {
    baseURL: 'https://generativelanguage.googleapis.com/v1beta/openai/',
    apiKeyVariable: 'GEMINI_API_KEY',
    priceProvider: 'google',
    chatLimitField: 'max_tokens',
  },
  groq: {
    baseURL: 'https://api.groq.com/openai/v1',
    apiKeyVariable: 'GROQ_API_KEY',
    priceProvider: 'groq',
    chatLimitField: 'max_tokens',
  },
  openrouter: {
    baseURL: 'https://openrouter.ai/api/v1',
    apiKeyVariable: 'OPENROUTER_API_KEY',
    priceProvider: 'openrouter',
    chatLimitField: 'max_tokens',
  },
  azure: {
    baseURL: undefined,
    apiKeyVariable: undefined,
    priceProvider: 'azure',
    chatLimitField: 'max_completion_tokens',
  },
};
