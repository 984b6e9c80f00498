/** Sampling parameters: seed, stop, max_tokens, logprobs; and long answers. */

import { fields } from '../../domain/json.ts';
import { estimateTokens } from '../../pricing/count-tokens.ts';
import { fail, pass, refused, skip, unsupported, type Check } from '../check.ts';
import { choicesOf, finishReasonOf, listOf, textOf, user } from '../reply.ts';
import { PING } from './chat.ts';

/** OpenAI supports `seed` on a best-effort basis, so different answers are not a failure. */
export const seed: Check = {
  name: 'seed',
  needs: 'chat',
  run: async (client) => {
    const question = { ...user('Name three random numbers between 1 and 1000000.'), temperature: 1, seed: 7 };
    const [one, other] = [await client.chat(question), await client.chat(question)];
    const refusal = one.refusal ?? other.refusal;
    if (refusal) return refused(refusal);
    return textOf(one) === textOf(other)
      ? pass('the same answer twice for seed: 7')
      : unsupported('two different answers for seed: 7');
  },
};

export const stop: Check = {
  name: 'stop',
  needs: 'chat',
  run: async (client) => {
    const reply = await client.chat({ ...user('Count from 1 to 9, separated by spaces.'), stop: ['6'] });
    if (reply.refusal) return refused(reply.refusal);
    return /[6789]/.test(textOf(reply))
      ? fail('continued after the stop sequence')
      : pass('stopped at the stop sequence');
  },
};

const LIMIT = 16;
/** Tolerance for an estimated token count, since digits are hard to estimate; all 200 numbers still exceed it by far. */
const ESTIMATE_ERROR = 3;

export const maxTokens: Check = {
  name: 'maxTokens',
  needs: 'chat',
  run: async (client) => {
    const question = user('Count from 1 to 200, separated by spaces.');
    const reply = await client.chat({ ...question, max_tokens: LIMIT });
    if (reply.refusal) return refused(reply.refusal);
    const reported = reply.usage?.outputTokens;
    const tokens = reported ?? Math.round(estimateTokens(textOf(reply)));
    if (tokens > LIMIT * (reported === undefined ? ESTIMATE_ERROR : 1))
      return fail(`${tokens} tokens for a limit of ${LIMIT}`);
    const reason = finishReasonOf(reply);
    if (reason !== 'length') return fail(`cut at ${tokens} tokens, but finish_reason is ${String(reason)}`);
    return pass(`${tokens} tokens for a limit of ${LIMIT}`);
  },
};

export const logprobs: Check = {
  name: 'logprobs',
  needs: 'chat',
  run: async (client) => {
    const reply = await client.chat({ ...PING, logprobs: true, top_logprobs: 2 });
    if (reply.refusal) return refused(reply.refusal);
    const { length } = listOf(fields(fields(choicesOf(reply)[0]).logprobs).content);
    return length > 0 ? pass(`logprobs of ${length} tokens`) : fail('the answer has no logprobs');
  },
};

/** The answer must contain all numbers up to this one. */
const LAST_NUMBER = 300;
/** All numbers take about 600 tokens, at most 1,200. */
const LONG_TOKENS = 4_000;

export const longOutput: Check = {
  name: 'longOutput',
  needs: 'chat',
  run: async (client) => {
    const { maxOutputTokens = LONG_TOKENS } = client.context.input.upstream.config.rules;
    if (maxOutputTokens < LONG_TOKENS / 2) return skip(`maxOutputTokens is ${maxOutputTokens}`);
    const question = user(`Count from 1 to ${LAST_NUMBER}, separated by spaces. Write every number, and nothing else.`);
    const reply = await client.chat({ ...question, max_tokens: LONG_TOKENS });
    if (reply.refusal) return refused(reply.refusal);
    const text = textOf(reply);
    const length = text.match(/\d+/g)?.length ?? 0;
    if (length >= LAST_NUMBER && text.includes(String(LAST_NUMBER))) return pass(`all ${length} numbers`);
    // An abbreviated answer was not cut off.
    if (/\.\.\.|…/.test(text)) return unsupported(`the model abbreviates: ${length} of ${LAST_NUMBER} numbers`);
    return fail(`cut off after ${length} of ${LAST_NUMBER} numbers, finish_reason ${String(finishReasonOf(reply))}`);
  },
};
