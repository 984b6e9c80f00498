/** What is known of each vendor: where it answers, where its key lies, what its dialect wants. */

/** A vendor that an upstream can name instead of a base URL. */
export type ProviderName = 'openai' | 'holysheep' | 'deepseek' | 'gemini' | 'groq' | 'openrouter' | 'azure';

/** All providers, in the order in which messages list them. */
export const PROVIDER_NAMES = [
  'openai',
  'holysheep',
  'deepseek',
  'gemini',
  'groq',
  'openrouter',
  'azure',
] as const satisfies readonly ProviderName[];

/** The body field that bounds the output of a chat call. */
export type ChatLimitField = 'max_completion_tokens' | 'max_tokens';

/** The facts of one provider. */
export interface ProviderPreset {
  /** `undefined` where the address is the customer's own (Azure): such a provider is used through `client`. */
  readonly baseURL: string | undefined;
  /** Environment variable of the API key; `undefined` where the `client` brings its credentials. */
  readonly apiKeyVariable: string | undefined;
  /** The provider's id in the price table; `undefined` where the table has none, and prices are configuration. */
  readonly priceProvider: string | undefined;
  /** The field set on a chat call that names no limit itself. */
  readonly chatLimitField: ChatLimitField;
}

/** The preset of a provider. */
export function providerPreset(name: ProviderName): ProviderPreset {
  return PRESETS[name];
}

/**
 * `max_tokens` is deprecated at OpenAI and refused by its reasoning models, also on Azure
 * (https://platform.openai.com/docs/api-reference/chat/create); it is the name that all the others understand.
 *
 * OpenAI's address is written out: left to the SDK it would follow `OPENAI_BASE_URL`, which may well name a relay.
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
