/** Chat: text, usage, several choices, the Responses API, vision, and concurrent calls. */

import { fields } from '../../domain/json.ts';
import type { ProbeClient } from '../probe-client.ts';
import { type Check, fail, pass, refused } from '../check.ts';
import { choicesOf, finishReasonOf, listOf, type Reply, showMs, textOf, describeRefusal, user } from '../reply.ts';

/** The reply to `PING`, sent once per probe. */
export function ping(client: ProbeClient): Promise<Reply> {
  return client.context.shared('chat', () => client.chat(PING));
}

/** A prompt with a short answer. */
export const PING = user('Reply with the single word: pong');

export const chat: Check = {
  name: 'chat',
  needs: 'connection',
  run: async (client) => {
    const reply = await ping(client);
    // Every feature needs chat, so a refusal here is a failure and not a missing feature.
    if (reply.refusal) return { ...fail(describeRefusal(reply.refusal)), tells: false };
    const { length } = textOf(reply);
    if (length === 0) return fail('the answer has no text');
    if (typeof finishReasonOf(reply) !== 'string') return fail('the answer has no finish_reason');
    return pass(`${length} characters in ${showMs(reply.latencyMs)}`);
  },
};

export const usage: Check = {
  name: 'usage',
  needs: 'chat',
  run: async (client) => {
    const reply = await ping(client);
    if (reply.refusal) return refused(reply.refusal);
    const { usage: reported } = reply;
    if (!reported) return fail('the answer has no usage');
    if (reported.inputTokens === 0 || reported.outputTokens === 0) {
      return fail(`${reported.inputTokens} input and ${reported.outputTokens} output tokens for an answer with text`);
    }
    return pass(`${reported.inputTokens} input and ${reported.outputTokens} output tokens`);
  },
};

export const choices: Check = {
  name: 'choices',
  needs: 'chat',
  run: async (client) => {
    const reply = await client.chat({ ...PING, n: 2 });
    if (reply.refusal) return refused(reply.refusal);
    const { length } = choicesOf(reply);
    return length === 2 ? pass('2 choices for n: 2') : fail(`${length} choices for n: 2`);
  },
};

export const responses: Check = {
  name: 'responses',
  needs: 'connection',
  run: async (client) => {
    const question = { input: 'Reply with the single word: pong', max_output_tokens: 1_000, store: false };
    const reply = await client.post('responses', '/responses', question);
    if (reply.refusal) return refused(reply.refusal);
    const { status, output } = fields(reply.body);
    const parts = listOf(output).flatMap((item) => listOf(fields(item).content));
    const hasText = parts.some((part) => typeof fields(part).text === 'string' && fields(part).text !== '');
    if (!hasText) return fail('the response has no text');
    if (status !== 'completed') return fail(`the response is ${String(status)}, not completed`);
    return pass(`completed in ${showMs(reply.latencyMs)}`);
  },
};

/** Three stripes in an order that a model is unlikely to guess. */
export const vision: Check = {
  name: 'vision',
  needs: 'chat',
  run: async (client) => {
    const reply = await client.chat(
      user([
        { type: 'text', text: 'Name the colours of the three stripes in this picture, from left to right.' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${STRIPES}`, detail: 'low' } },
      ]),
    );
    if (reply.refusal) return refused(reply.refusal);
    return /blue.*yellow.*red/is.test(textOf(reply))
      ? pass('named the stripes blue, yellow and red')
      : fail('did not name the stripes blue, yellow and red');
  },
};

/** A PNG of 96 × 64 pixels, 8-bit RGB: vertical stripes of 0000ff, ffff00 and ff0000. */
const STRIPES =
  'iVBORw0KGgoAAAANSUhEUgAAAGAAAABACAIAAABqVuVZAAAAcklEQVR42u3QQQkAAAwDsfo33ako7BE4A5ckndZm23gggAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQIECBAgAABAgQI0D+gA7zp4dK/+28oAAAAAElFTkSuQmCC';

/** The number of concurrent calls. */
const CALLS = 5;
/** Below this total the upstream is fast enough, even if it serves the calls one by one. */
const MIN_TOTAL_MS = 500;
/**
 * The minimum gap between two answers of a serial upstream, as a share of the first latency. Served one by one, answers arrive at
 * even intervals. The latencies of concurrent answers vary (a factor of 3 among 5 is common), but not in even steps.
 */
const MIN_STEP = 0.4;

/** Runs in a stage of its own. */
export const concurrency: Check = {
  name: 'concurrency',
  needs: 'chat',
  run: async (client) => {
    const replies = await Promise.all(Array.from({ length: CALLS }, () => client.chat(PING)));
    const refusals = replies.flatMap(({ refusal }) => refusal ?? []);
    const limited = refusals.filter(({ kind }) => kind === 'rateLimit').length;
    if (limited > 0) return fail(`${limited} of ${CALLS} concurrent calls were rate-limited`);
    if (refusals[0]) return refused(refusals[0]);
    const latenciesMs = replies.map(({ latencyMs }) => latencyMs).toSorted((one, other) => one - other);
    const evidence = `${CALLS} concurrent calls were answered after ${latenciesMs.map(Math.round).join(', ')} ms`;
    return isSerial(latenciesMs) ? fail(`served one by one: ${evidence}`) : pass(evidence);
  },
};

/** @param latenciesMs in ascending order */
function isSerial(latenciesMs: readonly number[]): boolean {
  const [firstMs = 0] = latenciesMs;
  const steps = latenciesMs.slice(1).map((latencyMs, index) => latencyMs - (latenciesMs[index] ?? 0));
  return (latenciesMs.at(-1) ?? 0) >= MIN_TOTAL_MS && steps.every((stepMs) => stepMs >= MIN_STEP * firstMs);
}
