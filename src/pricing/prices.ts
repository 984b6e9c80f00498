/** Prices by what the tokens are, and what a usage costs at them. */

import type { Price, Usage } from '../domain/usage.ts';

/** USD per million tokens. What is left out has the rate of the whole that it is a part of. */
export interface Rates {
  /** `undefined`: tokens of input have no price, and a call that has any has none. The same for `output`. */
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cachedInput: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly audioInput: number | undefined;
  readonly cachedAudioInput: number | undefined;
  readonly audioOutput: number | undefined;
  readonly reasoning: number | undefined;
  /** USD for a call, whatever its size. */
  readonly perCallUsd: number;
}

/** A user's price as rates. */
export function ratesOf(price: Price): Rates {
  return {
    input: price.inputPerMTok,
    output: price.outputPerMTok,
    cachedInput: price.cachedInputPerMTok,
    cacheWrite: price.cacheWritePerMTok,
    audioInput: price.audioInputPerMTok,
    cachedAudioInput: undefined,
    audioOutput: price.audioOutputPerMTok,
    reasoning: undefined,
    perCallUsd: 0,
  };
}

/** The cost in USD of a usage; `undefined` where tokens that it counts have no rate. Parts never exceed their whole. */
export function ratesUsd(rates: Rates, usage: Usage): number | undefined {
  const { inputTokens, outputTokens } = usage;
  if (rates.input === undefined && inputTokens > 0) return undefined;
  if (rates.output === undefined && outputTokens > 0) return undefined;
  const costUsd = (inputMicroUsd(rates, usage) + outputMicroUsd(rates, usage)) / 1_000_000 + rates.perCallUsd;
  return Number.isFinite(costUsd) ? costUsd : undefined;
}

/** What is cached is taken for text first: providers that tell both do not tell how they overlap. */
function inputMicroUsd(
  rates: Rates,
  { inputTokens, cachedInputTokens, cacheWriteTokens, audioInputTokens }: Usage,
): number {
  const { input = 0, cachedInput = input } = rates;
  const cached = Math.min(cachedInputTokens, inputTokens);
  if (cacheWriteTokens === undefined && audioInputTokens === undefined) {
    return (inputTokens - cached) * input + cached * cachedInput;
  }
  const audio = Math.min(audioInputTokens ?? 0, inputTokens);
  const cachedText = Math.min(cached, inputTokens - audio);
  const written = Math.min(cacheWriteTokens ?? 0, inputTokens - audio - cachedText);
  const audioRate = rates.audioInput ?? input;
  const cachedAudio = cached - cachedText;
  return (
    (inputTokens - audio - cachedText - written) * input +
    cachedText * cachedInput +
    written * (rates.cacheWrite ?? input) +
    (audio - cachedAudio) * audioRate +
    cachedAudio * (rates.cachedAudioInput ?? rates.cachedInput ?? audioRate)
  );
}

function outputMicroUsd(rates: Rates, { outputTokens, reasoningTokens, audioOutputTokens }: Usage): number {
  const { output = 0 } = rates;
  const audio = Math.min(audioOutputTokens ?? 0, outputTokens);
  const reasoning = Math.min(reasoningTokens, outputTokens - audio);
  return (
    (outputTokens - audio - reasoning) * output +
    audio * (rates.audioOutput ?? output) +
    reasoning * (rates.reasoning ?? output)
  );
}
