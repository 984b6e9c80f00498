/** Rates per kind of token, and the cost of a usage at them. */

import type { MissingCost, Price, Usage } from '../domain/usage.ts';

/**
 * USD per million tokens. A part without a rate of its own (`undefined`) has the rate of the whole: cached input that of `input`, and so
 * on. `null`: the part has a rate of its own that is not known, so neither is the cost of a call with such tokens.
 */
export interface Rates {
  /** `undefined`: input has no known price, and neither has a call with input tokens. The same holds for `output`. */
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly cachedInput: PartRate;
  readonly cacheWrite: PartRate;
  /** `undefined`: as `cacheWrite`, and the cost says that it leaves out the difference. */
  readonly cacheWrite1h: number | undefined;
  readonly audioInput: PartRate;
  readonly cachedAudioInput: PartRate;
  readonly audioOutput: PartRate;
  readonly imageInput: PartRate;
  readonly cachedImageInput: PartRate;
  readonly imageOutput: PartRate;
  readonly reasoning: PartRate;
  /** USD per hour of transcribed audio; `undefined`: unknown. */
  readonly audioInputPerHourUsd: number | undefined;
  /** USD per generated image, and per million spoken characters; `undefined`: unknown. */
  readonly imageUsd: number | undefined;
  readonly speechPerMCharUsd: number | undefined;
  /** USD per search; `undefined`: unknown, and the cost says that it leaves out tool fees. */
  readonly webSearchUsd: number | undefined;
  readonly fileSearchUsd: number | undefined;
  /** USD per call, regardless of its size. */
  readonly perCallUsd: number;
}

type PartRate = number | null | undefined;

/** A user's price as rates. */
export function ratesOf(price: Price): Rates {
  return {
    input: price.inputPerMTok,
    output: price.outputPerMTok,
    cachedInput: price.cachedInputPerMTok,
    cacheWrite: price.cacheWritePerMTok,
    cacheWrite1h: price.cacheWrite1hPerMTok,
    audioInput: price.audioInputPerMTok,
    cachedAudioInput: undefined,
    audioOutput: price.audioOutputPerMTok,
    imageInput: price.imageInputPerMTok,
    cachedImageInput: undefined,
    imageOutput: price.imageOutputPerMTok,
    reasoning: undefined,
    audioInputPerHourUsd: price.audioPerHourUsd,
    imageUsd: price.imageUsd,
    speechPerMCharUsd: price.speechPerMCharUsd,
    webSearchUsd: price.webSearchUsd,
    fileSearchUsd: price.fileSearchUsd,
    perCallUsd: 0,
  };
}

/**
 * The cost of a usage in USD; `undefined` if some of its tokens have no known rate. A part is never counted above its whole. Tool fees
 * without a rate are left out: `missingCosts` names them.
 *
 * @param factor multiplies the price of tokens, as a service tier does; fees per call stay the same
 */
export function ratesUsd(rates: Rates, usage: Usage, factor = 1): number | undefined {
  const { inputTokens, outputTokens } = usage;
  if (rates.input === undefined && inputTokens > 0) return undefined;
  if (rates.output === undefined && outputTokens > 0) return undefined;
  const tokensUsd = (inputMicroUsd(rates, usage) + outputMicroUsd(rates, usage)) / 1_000_000;
  const costUsd = tokensUsd * factor + feesUsd(rates, usage);
  return Number.isFinite(costUsd) ? costUsd : undefined;
}

/** What the cost of a usage at these rates leaves out; `undefined` if it is complete. */
export function missingCosts(rates: Rates, usage: Usage): readonly MissingCost[] | undefined {
  const { webSearches, fileSearches, otherPaidTools, cacheWrite1hTokens, surcharges } = usage;
  const missing: MissingCost[] = [];
  const lacksFee =
    otherPaidTools !== undefined ||
    (webSearches !== undefined && rates.webSearchUsd === undefined) ||
    (fileSearches !== undefined && rates.fileSearchUsd === undefined);
  if (lacksFee) missing.push('tool fees');
  if (cacheWrite1hTokens !== undefined && rates.cacheWrite1h === undefined) missing.push('one-hour cache writes');
  if (surcharges !== undefined) missing.push(...surcharges);
  return missing.length === 0 ? undefined : missing;
}

/** Cached tokens count as text before they count as image or audio: providers that report both do not report how they overlap. */
function inputMicroUsd(rates: Rates, usage: Usage): number {
  const { inputTokens, cachedInputTokens, cacheWriteTokens, audioInputTokens, imageInputTokens } = usage;
  const { input = 0, cachedInput } = rates;
  const cached = Math.min(cachedInputTokens, inputTokens);
  if (cacheWriteTokens === undefined && audioInputTokens === undefined && imageInputTokens === undefined) {
    return (inputTokens - cached) * input + microUsd(cached, cachedInput, input);
  }
  const audio = Math.min(audioInputTokens ?? 0, inputTokens);
  const image = Math.min(imageInputTokens ?? 0, inputTokens - audio);
  const text = inputTokens - audio - image;
  const cachedText = Math.min(cached, text);
  const cachedImage = Math.min(cached - cachedText, image);
  const cachedAudio = cached - cachedText - cachedImage;
  const written = Math.min(cacheWriteTokens ?? 0, text - cachedText);
  const written1h = Math.min(usage.cacheWrite1hTokens ?? 0, written);
  const { audioInput, imageInput, cacheWrite } = rates;
  return (
    (text - cachedText - written) * input +
    microUsd(cachedText, cachedInput, input) +
    microUsd(written - written1h, cacheWrite, input) +
    microUsd(written1h, rates.cacheWrite1h ?? cacheWrite, input) +
    microUsd(image - cachedImage, imageInput, input) +
    microUsd(cachedImage, rates.cachedImageInput ?? cachedInput ?? imageInput, input) +
    microUsd(audio - cachedAudio, audioInput, input) +
    microUsd(cachedAudio, rates.cachedAudioInput ?? cachedInput ?? audioInput, input)
  );
}

function outputMicroUsd(rates: Rates, usage: Usage): number {
  const { outputTokens, reasoningTokens } = usage;
  const { output = 0 } = rates;
  const audio = Math.min(usage.audioOutputTokens ?? 0, outputTokens);
  const image = Math.min(usage.imageOutputTokens ?? 0, outputTokens - audio);
  const reasoning = Math.min(reasoningTokens, outputTokens - audio - image);
  return (
    (outputTokens - audio - image - reasoning) * output +
    microUsd(audio, rates.audioOutput, output) +
    microUsd(image, rates.imageOutput, output) +
    microUsd(reasoning, rates.reasoning, output)
  );
}

/** `NaN` if the rate of some tokens is not known. */
function microUsd(tokens: number, rate: PartRate, whole: number): number {
  if (tokens === 0) return 0;
  return rate === null ? NaN : tokens * (rate ?? whole);
}

/** `NaN` if images, seconds or characters are billed and have no known rate. */
function feesUsd(rates: Rates, usage: Usage): number {
  const { webSearches = 0, fileSearches = 0 } = usage;
  const { webSearchUsd = 0, fileSearchUsd = 0, perCallUsd } = rates;
  const searchesUsd = webSearches * webSearchUsd + fileSearches * fileSearchUsd;
  const { images, audioInputSeconds, speechCharacters } = usage;
  if (images === undefined && audioInputSeconds === undefined && speechCharacters === undefined) {
    return perCallUsd + searchesUsd;
  }
  const { imageUsd = NaN, audioInputPerHourUsd = NaN, speechPerMCharUsd = NaN } = rates;
  return (
    perCallUsd +
    searchesUsd +
    (images === undefined ? 0 : images * imageUsd) +
    (audioInputSeconds === undefined ? 0 : (audioInputSeconds / 3_600) * audioInputPerHourUsd) +
    (speechCharacters === undefined ? 0 : (speechCharacters / 1_000_000) * speechPerMCharUsd)
  );
}
