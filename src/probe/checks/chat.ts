/** Plain chat: words, their usage, and several answers to one question. */

import type { Asker } from '../ask.ts';
import { fail, pass, refused, type Check } from '../check.ts';
import { choicesOf, finishReasonOf, showMs, textOf, user } from '../read-chat.ts';
import { toldAs, type Reply } from '../reply.ts';

/** A question with a short answer, asked once. */
export function ping(ask: Asker): Promise<Reply> {
  return ask.probing.shared('chat', () => ask.chat(PING));
}

/** The shortest question. */
export const PING = user('Reply with the single word: pong');

export const chat: Check = {
  name: 'chat',
  needs: 'connection',
  run: async (ask) => {
    const reply = await ping(ask);
    // Nothing else works without: a refusal is no lack of a feature here.
    if (reply.refusal) return { ...fail(toldAs(reply.refusal)), tells: false };
    const { length } = textOf(reply);
    if (length === 0) return fail('the answer has no words');
    if (typeof finishReasonOf(reply) !== 'string') return fail('the answer has no finish_reason');
    return pass(`${length} characters in ${showMs(reply.latencyMs)}`);
  },
};

export const usage: Check = {
  name: 'usage',
  needs: 'chat',
  run: async (ask) => {
    const reply = await ping(ask);
    if (reply.refusal) return refused(reply.refusal);
    const { usage: told } = reply;
    if (!told) return fail('the answer does not tell its tokens');
    if (told.inputTokens === 0 || told.outputTokens === 0) {
      return fail(`${told.inputTokens} input and ${told.outputTokens} output tokens of an answer with words`);
    }
    return pass(`${told.inputTokens} input and ${told.outputTokens} output tokens`);
  },
};

export const choices: Check = {
  name: 'choices',
  needs: 'chat',
  run: async (ask) => {
    const reply = await ask.chat({ ...PING, n: 2 });
    if (reply.refusal) return refused(reply.refusal);
    const { length } = choicesOf(reply);
    return length === 2 ? pass('2 choices for n: 2') : fail(`${length} choices for n: 2`);
  },
};
