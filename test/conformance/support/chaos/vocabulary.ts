/** The text and price of each provider for each call. No two providers share a letter. */

import type { Price, Usage } from '../../../../src/index.ts';
import { seededRandom, type Fault } from '../../../../src/testing/index.ts';

/** One provider per upstream; the client itself is the first. */
export const PROVIDERS = ['openai', 'gemini', 'deepseek'] as const;

export type ProviderName = (typeof PROVIDERS)[number];

const LETTERS: Readonly<Record<ProviderName, string>> = {
  openai: 'abcdefgh',
  gemini: 'ijklmnop',
  deepseek: 'qrstuvwx',
};

/** The answer of a provider to a call: 10 to 20 pieces of four letters. */
export function wordsOf(provider: ProviderName, call: number): string {
  const random = seededRandom(call * 31 + PROVIDERS.indexOf(provider));
  const letters = LETTERS[provider];
  const length = 40 + Math.floor(random() * 40);
  return Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('');
}

/** The provider whose answer to `call` starts with `text`, if any. */
export function providerOf(text: string, call: number): ProviderName | undefined {
  return PROVIDERS.find((provider) => wordsOf(provider, call).startsWith(text));
}

/** Whether `text` consists of the provider's letters only. */
export function isTextOf(provider: ProviderName, text: string): boolean {
  return new RegExp(`^[${LETTERS[provider]}]*$`).test(text);
}

/** The tokens that a provider reports for a call. */
export function tokensOf(provider: ProviderName, call: number, withOutput: boolean): Usage {
  const place = PROVIDERS.indexOf(provider);
  return {
    inputTokens: 100 + ((call * 7 + place) % 50),
    outputTokens: withOutput ? 20 + ((call * 11 + place) % 30) : 0,
    cachedInputTokens: withOutput ? call % 20 : 0,
    reasoningTokens: 0,
  };
}

export const PRICES: Readonly<
  Record<
    ProviderName,
    Required<Pick<Price, 'inputPerMTok' | 'outputPerMTok'>> & { readonly cachedInputPerMTok: number }
  >
> = {
  openai: { inputPerMTok: 2, outputPerMTok: 8, cachedInputPerMTok: 0.5 },
  gemini: { inputPerMTok: 0.3, outputPerMTok: 2.5, cachedInputPerMTok: 0.03 },
  deepseek: { inputPerMTok: 0.27, outputPerMTok: 1.1, cachedInputPerMTok: 0.07 },
};

/** The cost in USD. */
export function costOf(provider: ProviderName, { inputTokens, cachedInputTokens, outputTokens }: Usage): number {
  const { inputPerMTok, cachedInputPerMTok, outputPerMTok } = PRICES[provider];
  const uncached = inputTokens - cachedInputTokens;
  return (uncached * inputPerMTok + cachedInputTokens * cachedInputPerMTok + outputTokens * outputPerMTok) / 1e6;
}

/** Whether an answer with this fault is whole and has its usage, even if it is late. */
export function leavesWhole(fault: Fault): boolean {
  return (
    fault.kind === 'lateFirstToken' || fault.kind === 'noDone' || (fault.kind === 'stall' && fault.forMs !== undefined)
  );
}
