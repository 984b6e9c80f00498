/** Plain chat: words, their usage, and several answers to one question. */

import { fields } from '../../domain/json.ts';
import type { Asker } from '../ask.ts';
import { type Check, fail, pass, refused } from '../check.ts';
import { choicesOf, finishReasonOf, listOf, type Reply, showMs, textOf, toldAs, user } from '../reply.ts';

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

/** The Responses API. */
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

/* PART: Whether the upstream sees. */

/** Three stripes in an order that nobody guesses. */
export const vision: Check = {
  name: 'vision',
  needs: 'chat',
  run: async (ask) => {
    const reply = await ask.chat(
      user([
        { type: 'text', text: 'Name the colours of the three stripes in this picture, from left to right.' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${STRIPES}`, detail: 'low' } },
      ]),
    );
    if (reply.refusal) return refused(reply.refusal);
    return /blue.*yellow.*red/is.test(textOf(reply))
      ? pass('named the stripes blue, yellow and red')
      : fail('did not see that the stripes are blue, yellow and red');
  },
};

/** A PNG of 96 × 64 pixels, 8-bit RGB: a third each of 0000ff, ffff00 and ff0000. */
const STRIPES =
  'iVBORw0KGgoAAAANSUhEUgAAAGAAAABACAIAAABqVuVZAAAAcklEQVR42u3QQQkAAAwDsfo33ako7BE4A5ckndZm23gggAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQI0D+gA7zp4dK/+28oAAAAAElFTkSuQmCC';

/** Five calls at once. */
const CALLS = 5;
/** Less is quick enough, however it is served. */
const MIN_TOTAL_MS = 500;
/**
 * One after the other, each answer comes about one answer's time after the one before. Answers that are made at once differ by
 * chance (a factor of three within five is nothing rare), but not in even steps.
 */
const MIN_STEP = 0.4;

/** Runs alone. */
export const concurrency: Check = {
  name: 'concurrency',
  needs: 'chat',
  run: async (ask) => {
    const replies = await Promise.all(Array.from({ length: CALLS }, () => ask.chat(PING)));
    const refusals = replies.flatMap(({ refusal }) => refusal ?? []);
    const limited = refusals.filter(({ kind }) => kind === 'rateLimit').length;
    if (limited > 0) return fail(`${limited} of ${CALLS} calls at once were told to wait`);
    if (refusals[0]) return refused(refusals[0]);
    const latenciesMs = replies.map(({ latencyMs }) => latencyMs).toSorted((one, other) => one - other);
    const seen = `${CALLS} calls at once were answered after ${latenciesMs.map(Math.round).join(', ')} ms`;
    return isSerial(latenciesMs) ? fail(`one after the other: ${seen}`) : pass(seen);
  },
};

/** By latencies, ascending. */
function isSerial(latenciesMs: readonly number[]): boolean {
  const [firstMs = 0] = latenciesMs;
  const steps = latenciesMs.slice(1).map((latencyMs, index) => latencyMs - (latenciesMs[index] ?? 0));
  return (latenciesMs.at(-1) ?? 0) >= MIN_TOTAL_MS && steps.every((stepMs) => stepMs >= MIN_STEP * firstMs);
}
