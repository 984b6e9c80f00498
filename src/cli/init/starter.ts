/** What `init` suggests for each provider: the upstream that becomes the canary. */

import type { ProviderName } from '../../index.ts';

/** A canary beside OpenAI's `gpt-4.1`. */
export interface Starter {
  /** The name of the upstream. */
  readonly canary: string;
  /** Its fields, as lines of an object. */
  readonly fields: readonly string[];
  /** What the fields need, as lines of a comment. */
  readonly notes: readonly string[];
  /** The environment variables that must be set. */
  readonly variables: readonly string[];
  /** Imported from `openai`. */
  readonly sdkImport?: string;
}

export const STARTERS: Readonly<Record<ProviderName, Starter>> = {
  openai: {
    canary: 'mini',
    fields: ["model: 'gpt-4.1-mini',"],
    notes: ['The same account and key as the client, with a model that costs a fifth.'],
    variables: ['OPENAI_API_KEY'],
  },
  holysheep: withKey('deepseek', 'holysheep', 'deepseek-v3.2', 'HOLYSHEEP_API_KEY', [
    'price: { inputPerMTok: 0.42, outputPerMTok: 1.2 }, // USD per million tokens; relays are in no price list',
  ]),
  deepseek: withKey('deepseek', 'deepseek', 'deepseek-chat', 'DEEPSEEK_API_KEY'),
  gemini: withKey('gemini', 'gemini', 'gemini-2.5-flash', 'GEMINI_API_KEY'),
  groq: withKey('groq', 'groq', 'llama-3.3-70b-versatile', 'GROQ_API_KEY'),
  openrouter: withKey('openrouter', 'openrouter', 'openai/gpt-4.1-mini', 'OPENROUTER_API_KEY'),
  azure: {
    canary: 'azure',
    fields: [
      "client: new AzureOpenAI({ apiVersion: '2025-04-01-preview' }),",
      "model: 'gpt-4.1-mini', // the name of your deployment",
    ],
    notes: ['A client of Azure reads AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY.'],
    variables: ['OPENAI_API_KEY', 'AZURE_OPENAI_ENDPOINT', 'AZURE_OPENAI_API_KEY'],
    sdkImport: 'AzureOpenAI',
  },
};

function withKey(
  canary: string,
  provider: ProviderName,
  model: string,
  variable: string,
  fields: readonly string[] = [],
): Starter {
  return {
    canary,
    fields: [`provider: '${provider}',`, `model: '${model}',`, ...fields],
    notes: [`Another provider, with its own key: ${variable}.`],
    variables: ['OPENAI_API_KEY', variable],
  };
}
