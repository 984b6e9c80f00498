/** The fields that steer an answer: seed, stop, max_tokens, logprobs. */

import { fields } from '../../domain/json.ts';
import { estimateTokens } from '../../pricing/count-tokens.ts';
import { fail, pass, refused, skip, unsupported, type Check } from '../check.ts';
import { choicesOf, finishReasonOf, listOf, textOf, user } from '../reply.ts';
import { PING } from './chat.ts';

/** A promise of best effort at OpenAI: two answers that differ are no defect. */
export const seed: Check = {
  name: 'seed',
  needs: 'chat',
  run: async (ask) => {
    const question = { ...user('Name three random numbers between 1 and 1000000.'), temperature: 1, seed: 7 };
    const [one, other] = [await ask.chat(question), await ask.chat(question)];
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
  run: async (ask) => {
    const reply = await ask.chat({ ...user('Count from 1 to 9, separated by spaces.'), stop: ['6'] });
    if (reply.refusal) return refused(reply.refusal);
    return /[6789]/.test(textOf(reply)) ? fail('went on after the stop sequence') : pass('ended at the stop sequence');
  },
};

const LIMIT = 16;
/** Figures are hard to estimate; all two hundred numbers are far over this still. */
const ESTIMATE_ERROR = 3;

export const maxTokens: Check = {
  name: 'maxTokens',
  needs: 'chat',
  run: async (ask) => {
    const question = user('Count from 1 to 200, separated by spaces.');
    const reply = await ask.chat({ ...question, max_tokens: LIMIT });
    if (reply.refusal) return refused(reply.refusal);
    const told = reply.usage?.outputTokens;
    const tokens = told ?? Math.round(estimateTokens(textOf(reply)));
    if (tokens > LIMIT * (told === undefined ? ESTIMATE_ERROR : 1))
      return fail(`${tokens} tokens for a limit of ${LIMIT}`);
    const reason = finishReasonOf(reply);
    if (reason !== 'length') return fail(`cut at ${tokens} tokens, and says finish_reason ${String(reason)}`);
    return pass(`${tokens} tokens for a limit of ${LIMIT}`);
  },
};

export const logprobs: Check = {
  name: 'logprobs',
  needs: 'chat',
  run: async (ask) => {
    const reply = await ask.chat({ ...PING, logprobs: true, top_logprobs: 2 });
    if (reply.refusal) return refused(reply.refusal);
    const { length } = listOf(fields(fields(choicesOf(reply)[0]).logprobs).content);
    return length > 0 ? pass(`of ${length} tokens`) : fail('asked for, and none came');
  },
};

/** Numbers that must all come. */
const LAST_NUMBER = 300;
/** They take about 600 tokens, and twice that at most. */
const LONG_TOKENS = 4_000;

export const longOutput: Check = {
  name: 'longOutput',
  needs: 'chat',
  run: async (ask) => {
    const { maxOutputTokens = LONG_TOKENS } = ask.probing.input.upstream.config.rules;
    if (maxOutputTokens < LONG_TOKENS / 2) return skip(`maxOutputTokens is ${maxOutputTokens}`);
    const question = user(`Count from 1 to ${LAST_NUMBER}, separated by spaces. Write every number, and nothing else.`);
    const reply = await ask.chat({ ...question, max_tokens: LONG_TOKENS });
    if (reply.refusal) return refused(reply.refusal);
    const text = textOf(reply);
    const length = text.match(/\d+/g)?.length ?? 0;
    if (length >= LAST_NUMBER && text.includes(String(LAST_NUMBER))) return pass(`${length} numbers whole`);
    // A model that abbreviates has not been cut off.
    if (/\.\.\.|…/.test(text)) return unsupported(`the model abbreviates: ${length} numbers of ${LAST_NUMBER}`);
    return fail(`broke off after ${length} numbers of ${LAST_NUMBER}, finish_reason ${String(finishReasonOf(reply))}`);
  },
};
