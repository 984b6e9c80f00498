/** Compares what an upstream says of its answers with what is known. What does not add up is suspect, and proves nothing. */

import type { Finding, FindingName } from '../domain/probe.ts';
import type { Asker } from './ask.ts';
import { type Reply, user } from './reply.ts';

/** Asks one long question twice; nothing is concluded from what was refused. */
export async function findSuspects(ask: Asker): Promise<readonly Finding[]> {
  // The number comes first: whatever a provider keeps of earlier prompts begins otherwise.
  const nonce = Math.floor(ask.probing.input.random() * 1e9);
  const question = { ...user(`${nonce}. ${PASSAGE}\n\nReply with the single word: read`) };
  const first = await ask.chat(question);
  const second = await ask.chat(question);
  return [
    ...servedModel(first, ask),
    ...promptTokens(first, ask),
    ...repeatedUsage(first, second),
    ...cachedTokens(first),
  ];
}

function servedModel({ model: named }: Reply, { probing }: Asker): Finding[] {
  const { model: asked, upstream } = probing.input;
  const { capable, pricing } = upstream.config;
  // Azure is asked for deployments, which have any name.
  if (capable.provider === 'azure' || pricing.provider === 'azure') return [];
  if (asked === undefined || named === undefined || isSameModel(asked, named)) return [];
  return [suspect('servedModel', `${asked} was asked for, and the answer names ${named}`)];
}

/** Other vendors cut English into up to a third more tokens than OpenAI. */
const MAX_DRIFT = 0.4;
/** OpenAI's own vocabularies agree on this text to a token; the frame of a message is all that may be added. */
const MAX_DRIFT_OF_OPENAI = 0.2;
/** The frame of one message, the number before the passage and the words after it. */
const FRAME_TOKENS = 20;

function promptTokens({ usage }: Reply, { probing }: Asker): Finding[] {
  if (!usage) return [];
  const expected = PASSAGE_TOKENS + FRAME_TOKENS;
  const drift = usage.inputTokens / expected - 1;
  const isOpenAi = /(^|\/)(gpt-|o\d)/i.test(probing.input.model ?? '');
  if (Math.abs(drift) <= (isOpenAi ? MAX_DRIFT_OF_OPENAI : MAX_DRIFT)) return [];
  const percent = `${drift > 0 ? '+' : ''}${Math.round(drift * 100)} %`;
  return [
    suspect('promptTokens', `${usage.inputTokens} input tokens reported, about ${expected} counted here: ${percent}`),
  ];
}

function repeatedUsage(first: Reply, second: Reply): Finding[] {
  const [one, other] = [first.usage?.inputTokens, second.usage?.inputTokens];
  if (one === undefined || other === undefined || one === other) return [];
  return [suspect('repeatedUsage', `one prompt sent twice was reported as ${one} and as ${other} input tokens`)];
}

function cachedTokens({ usage }: Reply): Finding[] {
  if (!usage || usage.cachedInputTokens === 0) return [];
  const { cachedInputTokens, inputTokens } = usage;
  return [
    suspect(
      'cachedTokens',
      `${cachedInputTokens} of ${inputTokens} tokens of a prompt never sent before are called cached`,
    ),
  ];
}

function suspect(name: FindingName, evidence: string): Finding {
  return { name, status: 'suspect', evidence };
}

/* PART: A text whose tokens are known. */

/** Written for this purpose, so that it stands in no provider's cache. */
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

/** In o200k_base, the vocabulary of OpenAI's models since GPT-4o; 250 in cl100k_base, that of those before. A test counts them. */
export const PASSAGE_TOKENS = 249;

/* PART: Whether two names mean one model. */

/** `gpt-4.1` is `gpt-4.1-2025-04-14` and `openai/gpt-4.1:free`, and is not `gpt-4.1-mini`. */
export function isSameModel(asked: string, named: string): boolean {
  return bareName(asked) === bareName(named);
}

/** Without vendor and variant, and without the marks of a version or a date. */
function bareName(model: string): string {
  const [name = ''] = model.toLowerCase().split('/').at(-1)?.split(/[:@]/) ?? [];
  return name.replace(VERSION, '').replaceAll('.', '-');
}

/** `-2025-04-14`, `-20250414`, `-0613`, `-001`, `-latest`, `-preview-05-20`. */
const VERSION = /(?:-(?:preview|exp|latest|\d{4}-\d{2}-\d{2}|\d{2}-\d{2,4}|\d{8}|\d{6}|\d{3,4}))+$/;
