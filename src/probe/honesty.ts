/** Compares what an upstream says of its answers with what is known. What does not add up is suspect, and proves nothing. */

import type { Finding, FindingName } from '../domain/probe.ts';
import type { Asker } from './ask.ts';
import { PASSAGE, PASSAGE_TOKENS } from './passage.ts';
import { user } from './read-chat.ts';
import type { Reply } from './reply.ts';
import { isSameModel } from './same-model.ts';

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
