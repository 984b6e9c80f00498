/**
 * Corrections to the bundled price list, as of 2026-11-30: prices that it does not have yet, or has wrong. A test fails when the list has
 * caught up with one of them, which then is to be deleted.
 */

import type { RawPrice } from './prices.ts';

/** A correction of one seller's prices. */
export interface Correction {
  /** The provider's id in the price table. */
  readonly seller: string;
  readonly model: RegExp;
  /** The date from which it holds, in UTC. @default always */
  readonly from?: string | undefined;
  /** The time until which it holds. @default no end */
  readonly until?: string | undefined;
  /** Hours of the day in UTC, `[from, to)`, outside of which it does not hold. @default all */
  readonly hours?: readonly (readonly [fromHour: number, toHour: number])[] | undefined;
  /** Replaces these rates of the list; the others stay. */
  readonly price: RawPrice;
  /** The price is that of another model of the same seller. */
  readonly like?: string | undefined;
  /** Where the price is published. */
  readonly source: string;
  /** A model and a time that it applies to. */
  readonly example: readonly [model: string, at: string];
}

const DAY = '2026-11-30T12:00:00Z';
const FINE_TUNED = 'https://platform.openai.com/docs/pricing#fine-tuning';
const DEEPSEEK = 'https://api-docs.deepseek.com/quick_start/pricing';
/** Prices double in these hours (https://api-docs.deepseek.com/quick_start/pricing). */
const DEEPSEEK_PEAK = [
  [1, 4],
  [6, 10],
] as const;
const GROK = 'https://docs.x.ai/docs/models: higher context pricing above 128,000 tokens';
const SEARCH = 'https://platform.openai.com/docs/pricing#built-in-tools: search models, per call';
const SPEECH = 'https://platform.openai.com/docs/pricing#transcription-and-speech, per million characters';
const IMAGES = 'https://platform.openai.com/docs/pricing#image-tokens: all output of these models is images';

/** The last one that applies to a model and a time holds. */
export const CORRECTIONS: readonly Correction[] = [
  {
    seller: 'openai',
    model: /^gpt-6[.-][12]-sol(?:-\d{4}-\d\d-\d\d)?$/,
    like: 'gpt-6-sol',
    price: { cache_read_mtok: { base: 0.1, tiers: [{ start: 272_000, price: 0.2 }] } },
    source:
      'https://developers.openai.com/api/docs/models/gpt-6.1-sol; amine123max/Codex-Manager 0.4.7, TokenMeter v0.17.0',
    example: ['gpt-6.1-sol', DAY],
  },
  {
    seller: 'openai',
    model: /^gpt-6[.-]2-astra(?:-\d{4}-\d\d-\d\d)?$/,
    like: 'gpt-6-astra',
    price: longContext(272_000, { input_mtok: [8, 16], cache_read_mtok: [0.4, 0.8], cache_write_mtok: [10, 20], output_mtok: [40, 60] }), // prettier-ignore
    source: 'https://developers.openai.com/api/docs/pricing; iyulab/TokenMeter v0.17.0',
    example: ['gpt-6.2-astra', DAY],
  },
  fineTuned(/^ft:gpt-4\.1-20/, 'ft:gpt-4.1-2025-04-14:acme::x', 3, 0.75, 12),
  fineTuned(/^ft:gpt-4\.1-mini-20/, 'ft:gpt-4.1-mini-2025-04-14:acme::x', 0.8, 0.2, 3.2),
  fineTuned(/^ft:gpt-4\.1-nano-20/, 'ft:gpt-4.1-nano-2025-04-14:acme::x', 0.2, 0.05, 0.8),
  fineTuned(/^ft:gpt-4o-20/, 'ft:gpt-4o-2024-08-06:acme::x', 3.75, 1.875, 15),
  fineTuned(/^ft:gpt-4o-mini-20/, 'ft:gpt-4o-mini-2024-07-18:acme::x', 0.3, 0.15, 1.2),
  fineTuned(/^ft:o4-mini-20/, 'ft:o4-mini-2025-04-16:acme::x', 4, 1, 16),
  audio(/^gpt-4o-audio-preview/, 'gpt-4o-audio-preview', 40, 80),
  audio(/^gpt-4o-mini-audio/, 'gpt-4o-mini-audio-preview', 10, 20),
  { seller: 'openai', model: /^gpt-image-1$/, price: { output_image_mtok: 40 }, source: IMAGES, example: ['gpt-image-1', DAY] }, // prettier-ignore
  { seller: 'openai', model: /^gpt-image-1-mini$/, price: { output_image_mtok: 8 }, source: IMAGES, example: ['gpt-image-1-mini', DAY] }, // prettier-ignore
  { seller: 'openai', model: /^gpt-image-2(?:-20|$)/, price: { output_image_mtok: 30 }, source: IMAGES, example: ['gpt-image-2', DAY] }, // prettier-ignore
  { seller: 'openai', model: /^gpt-4o(?:-mini)?-search-preview/, price: { requests_kcount: 25 }, source: SEARCH, example: ['gpt-4o-search-preview', DAY] }, // prettier-ignore
  { seller: 'openai', model: /^tts-1$/, price: { speech_mchar: 15 }, source: SPEECH, example: ['tts-1', DAY] },
  { seller: 'openai', model: /^tts-1-hd$/, price: { speech_mchar: 30 }, source: SPEECH, example: ['tts-1-hd', DAY] },
  deepseekAlias({ from: '2025-09-05T16:00:00Z', at: '2025-09-10T12:00:00Z', price: [0.56, 0.07, 1.68] }),
  deepseekAlias({ from: '2025-09-29T00:00:00Z', at: '2026-03-02T12:00:00Z', price: [0.28, 0.028, 0.42] }),
  {
    seller: 'deepseek',
    model: /^deepseek-(?:chat|reasoner)$/,
    from: '2026-04-24T00:00:00Z',
    like: 'deepseek-v4-flash',
    price: {},
    source: `${DEEPSEEK}: both names are aliases of deepseek-v4-flash`,
    example: ['deepseek-chat', '2026-06-01T12:00:00Z'],
  },
  deepseekFlash(undefined, '2026-11-30T12:00:00Z', 0.15, 0.6),
  deepseekFlash(DEEPSEEK_PEAK, '2026-11-30T08:00:00Z', 0.3, 1.2),
  {
    seller: 'x-ai',
    model: /^grok-4(?:-0709|-latest)?$/,
    price: longContext(128_000, { input_mtok: [3, 6], cache_read_mtok: [0.75, null], output_mtok: [15, 30] }),
    source: GROK,
    example: ['grok-4', DAY],
  },
  {
    seller: 'x-ai',
    model: /^grok-4(?:-1)?-fast/,
    price: longContext(128_000, { input_mtok: [0.2, 0.4], cache_read_mtok: [0.05, null], output_mtok: [0.5, 1] }),
    source: GROK,
    example: ['grok-4-fast', DAY],
  },
  gemini4('neon', 3, 0.15, 15),
  gemini4('hydrogen', 1.5, 0.075, 7.5),
  {
    seller: 'mistral',
    model: /^mistral-large-latest$/,
    from: '2025-12-02T00:00:00Z',
    like: 'mistral-large-2512',
    price: {},
    source: 'https://docs.mistral.ai/getting-started/models: the alias moved to Mistral Large 3',
    example: ['mistral-large-latest', '2026-03-02T12:00:00Z'],
  },
  {
    seller: 'mistral',
    model: /^mistral-large-(?:latest|4)$/,
    from: '2026-09-24T00:00:00Z',
    price: { input_mtok: 0.7, output_mtok: 2.1, cache_read_mtok: null },
    source: 'https://vercel.com/ai-gateway/models/mistral/mistral-large-4 (first seen after the list of 2026-09-23)',
    example: ['mistral-large-latest', DAY],
  },
];

/** The correction that holds for a model at a time. */
export function correctionFor(seller: string, model: string, atMs: number): Correction | undefined {
  return CORRECTIONS.findLast((correction) => correction.seller === seller && holds(correction, model, atMs));
}

function holds({ model: pattern, from, until, hours }: Correction, model: string, atMs: number): boolean {
  if (!pattern.test(model)) return false;
  if (from !== undefined && atMs < Date.parse(from)) return false;
  if (until !== undefined && atMs >= Date.parse(until)) return false;
  const hour = new Date(atMs).getUTCHours();
  return hours === undefined || hours.some(([fromHour, toHour]) => hour >= fromHour && hour < toHour);
}

function fineTuned(model: RegExp, example: string, input: number, cached: number, output: number): Correction {
  const price = { input_mtok: input, cache_read_mtok: cached, output_mtok: output };
  return { seller: 'openai', model, price, source: FINE_TUNED, example: [example, DAY] };
}

function audio(model: RegExp, example: string, input: number, output: number): Correction {
  const price = { input_audio_mtok: input, output_audio_mtok: output };
  const source = 'https://platform.openai.com/docs/pricing#audio-tokens; BerriAI/litellm#19500';
  return { seller: 'openai', model, price, source, example: [example, DAY] };
}

interface AliasPrice {
  readonly from: string;
  readonly at: string;
  readonly price: readonly [input: number, cached: number, output: number];
}

function deepseekAlias({ from, at, price: [input, cached, output] }: AliasPrice): Correction {
  const price = { input_mtok: input, cache_read_mtok: cached, output_mtok: output };
  return {
    seller: 'deepseek',
    model: /^deepseek-(?:chat|reasoner)$/,
    from,
    price,
    source: `${DEEPSEEK}; BerriAI/litellm#18884`,
    example: ['deepseek-chat', at],
  };
}

function deepseekFlash(hours: Correction['hours'], at: string, input: number, output: number): Correction {
  return {
    seller: 'deepseek',
    model: /^deepseek-v4-flash/,
    from: '2026-10-17T00:00:00Z',
    hours,
    price: { input_mtok: input, output_mtok: output, cache_read_mtok: null },
    source: `${DEEPSEEK}; benderandrew069/deepseek-api-pricing-2026 (2026-10-27)`,
    example: ['deepseek-v4-flash', at],
  };
}

/** Rates up to this many input tokens, and above. */
function longContext(
  start: number,
  rates: Readonly<Record<string, readonly [base: number, above: number | null]>>,
): RawPrice {
  const tiered = Object.entries(rates).map(([unit, [base, price]]) => [unit, { base, tiers: [{ start, price }] }]);
  return Object.fromEntries(tiered) as RawPrice;
}

function gemini4(size: string, input: number, cached: number, output: number): Correction {
  return {
    seller: 'google',
    model: new RegExp(`^gemini-4-${size}$`),
    price: { input_mtok: input, cache_read_mtok: cached, output_mtok: output, web_searches_kcount: 14 },
    source: 'https://ai.google.dev/gemini-api/docs/pricing; iyulab/TokenMeter v0.17.0, docs.laozhang.ai (2026-11-22)',
    example: [`gemini-4-${size}`, DAY],
  };
}
