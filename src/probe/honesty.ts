/** Compares what an upstream reports about its answers with known facts. A mismatch is suspect, but no proof. */

import type { Finding, FindingName } from '../domain/probe.ts';
import type { ProbeClient } from './probe-client.ts';
import { type Reply, user } from './reply.ts';

/** Sends one long prompt twice and compares the reports; refused requests give no findings. */
export async function findSuspects(client: ProbeClient): Promise<readonly Finding[]> {
  // The number comes first, so that no cached prompt of the provider has the same prefix.
  const nonce = Math.floor(client.context.input.random() * 1e9);
  const question = { ...user(`${nonce}. ${PASSAGE}\n\nReply with the single word: read`) };
  const first = await client.chat(question);
  const second = await client.chat(question);
  return [
    ...servedModel(first, client),
    ...promptTokens(first, client),
    ...repeatedUsage(first, second),
    ...cachedTokens(first),
  ];
}

function servedModel({ model: served }: Reply, { context }: ProbeClient): Finding[] {
  const { model: requested, upstream } = context.input;
  const { capable, pricing } = upstream.config;
  // On Azure the model is a deployment, which can have any name.
  if (capable.provider === 'azure' || pricing.provider === 'azure') return [];
  if (requested === undefined || served === undefined || isSameModel(requested, served)) return [];
  return [suspect('servedModel', `requested ${requested}, but the answer names ${served}`)];
}

/** Tokenizers of other vendors produce up to a third more tokens for English than OpenAI's. */
const MAX_DRIFT = 0.4;
/** OpenAI's vocabularies agree on this text to one token; only the overhead of a message may be added. */
const MAX_DRIFT_OF_OPENAI = 0.2;
/** The overhead of one message, the number before the passage and the instruction after it. */
const OVERHEAD_TOKENS = 20;

function promptTokens({ usage }: Reply, { context }: ProbeClient): Finding[] {
  if (!usage) return [];
  const expected = PASSAGE_TOKENS + OVERHEAD_TOKENS;
  const drift = usage.inputTokens / expected - 1;
  const isOpenAi = /(^|\/)(gpt-|o\d)/i.test(context.input.model ?? '');
  if (Math.abs(drift) <= (isOpenAi ? MAX_DRIFT_OF_OPENAI : MAX_DRIFT)) return [];
  const percent = `${drift > 0 ? '+' : ''}${Math.round(drift * 100)} %`;
  return [
    suspect('promptTokens', `${usage.inputTokens} input tokens reported, about ${expected} expected: ${percent}`),
  ];
}

function repeatedUsage(first: Reply, second: Reply): Finding[] {
  const [one, other] = [first.usage?.inputTokens, second.usage?.inputTokens];
  if (one === undefined || other === undefined || one === other) return [];
  return [suspect('repeatedUsage', `the same prompt was reported as ${one} and as ${other} input tokens`)];
}

function cachedTokens({ usage }: Reply): Finding[] {
  if (!usage || usage.cachedInputTokens === 0) return [];
  const { cachedInputTokens, inputTokens } = usage;
  return [
    suspect(
      'cachedTokens',
      `${cachedInputTokens} of ${inputTokens} tokens of a prompt never sent before are reported as cached`,
    ),
  ];
}

function suspect(name: FindingName, evidence: string): Finding {
  return { name, status: 'suspect', evidence };
}

/** A text with a known number of tokens, written for this purpose so that no provider has it cached. */
export const PASSAGE =
  'The old lighthouse keeper woke before dawn, as he had done for forty years. He lit the stove, put a kettle on it, ' +
  'and went up the ninety-three steps to see that the lamp was clean. Below him the sea was grey and slow. Two fishing ' +
  'boats, red and green, were already far out, and a third was being pushed down the beach by a man and his two sons. ' +
  'Gulls followed them all, loud and hungry. At half past six the tide turned. He wrote it down in the log, with the ' +
  'wind (north-west, 12 knots), the air (7.5 degrees) and the state of the sky: thin cloud, clearing. Nobody had read ' +
  'the log in years, but he liked its even rows of ink, and he had never missed a day. When the kettle began to sing he ' +
  'went down again, cut some bread, and ate it by the window. A letter lay on the table. It said that on the first of ' +
  'May an automatic lamp would take his place, that he would have a pension of 1,240 a month, and that the service ' +
  'thanked him. He folded it twice, laid it under the bread board, and went out to mend the fence.';

/** Tokens in o200k_base, the vocabulary of OpenAI's models since GPT-4o; 250 in cl100k_base, used before. A test counts them. */
export const PASSAGE_TOKENS = 249;

/**
 * Whether two names mean the same model: `gpt-4.1` equals `gpt-4.1-2025-04-14` and `openai/gpt-4.1:free`, but not
 * `gpt-4.1-mini`.
 */
export function isSameModel(one: string, other: string): boolean {
  return bareName(one) === bareName(other);
}

/** The name without vendor, variant, version and date. */
function bareName(model: string): string {
  const [name = ''] = model.toLowerCase().split('/').at(-1)?.split(/[:@]/) ?? [];
  return name.replace(VERSION, '').replaceAll('.', '-');
}

/** Version suffixes: `-2025-04-14`, `-20250414`, `-0613`, `-001`, `-latest`, `-preview-05-20`. */
const VERSION = /(?:-(?:preview|exp|latest|\d{4}-\d{2}-\d{2}|\d{2}-\d{2,4}|\d{8}|\d{6}|\d{3,4}))+$/;
