/** The Responses API. */

import { fields } from '../../domain/json.ts';
import { fail, pass, refused, type Check } from '../check.ts';
import { showMs } from '../read-chat.ts';
import { listOf } from '../read-stream.ts';

export const responses: Check = {
  name: 'responses',
  needs: 'connection',
  run: async (ask) => {
    const question = { input: 'Reply with the single word: pong', max_output_tokens: 1_000, store: false };
    const reply = await ask.post('responses', '/responses', question);
    if (reply.refusal) return refused(reply.refusal);
    const { status, output } = fields(reply.body);
    const parts = listOf(output).flatMap((item) => listOf(fields(item).content));
    const hasWords = parts.some((part) => typeof fields(part).text === 'string' && fields(part).text !== '');
    if (!hasWords) return fail('the response has no words');
    if (status !== 'completed') return fail(`the response is ${String(status)}, not completed`);
    return pass(`completed in ${showMs(reply.latencyMs)}`);
  },
};
