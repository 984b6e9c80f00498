/** How the upstream refuses invalid requests. */

import type { FailureKind } from '../../domain/attempt.ts';
import type { ProbeClient } from '../probe-client.ts';
import { fail, pass, refused, skip, type Check, type Verdict } from '../check.ts';
import { type Reply, showMs, describeRefusal, user } from '../reply.ts';
import { PING } from './chat.ts';

export const unknownModel: Check = {
  name: 'unknownModel',
  needs: 'chat',
  run: async (client) => {
    // `params` override the model of a call.
    if (client.context.input.upstream.config.rules.params?.['model'] !== undefined) return skip('params set the model');
    const model = `no-such-model-${nonce(client)}`;
    const reply = await client.chat({ ...PING, model });
    return judge(reply, ['modelNotFound', 'badRequest'], 'answered for a model that does not exist');
  },
};

export const badRequest: Check = {
  name: 'badRequest',
  needs: 'chat',
  run: async (client) => {
    const reply = await client.chat({ messages: 'no list of messages' });
    return judge(reply, ['badRequest'], 'answered an invalid body');
  },
};

/** The length of the prompt as a multiple of the window, safely over it. */
const OVERLOAD = 1.2;

export const contextLength: Check = {
  name: 'contextLength',
  needs: 'chat',
  run: async (client) => {
    const { contextTokens } = client.context.input;
    if (contextTokens === undefined)
      return skip('contextTokens is not set; the check sends a prompt longer than the window');
    // ' apple' is one token in all common vocabularies.
    const words = Math.ceil(contextTokens * OVERLOAD);
    const reply = await client.chat(user(` apple`.repeat(words)));
    return judge(reply, ['contextLength'], `answered a prompt of about ${words} tokens`);
  },
};

/** Evaluates all refusals of the probe. */
export const errorShape: Check = {
  name: 'errorShape',
  run: async ({ context }) => {
    const refusals = context.refusals.filter(({ status }) => status !== undefined);
    if (refusals.length === 0) return skip('no request was refused');
    if (refusals.some(({ status }) => status === 200)) return fail('errors are sent with status 200');
    const malformed = refusals.find(({ wellFormed }) => !wellFormed);
    return malformed
      ? fail(`the body of a ${malformed.status} has no error.message`)
      : pass(`all refusals (${refusals.length}) have a status and an error.message`);
  },
};

export const retryAfter: Check = {
  name: 'retryAfter',
  run: async ({ context }) => {
    const limited = context.refusals.filter(({ kind }) => kind === 'rateLimit');
    if (limited.length === 0) return skip('no rate limit was hit');
    const waits = limited.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    return waits.length === limited.length
      ? pass(`${waits.length} rate-limited requests, with waits of up to ${showMs(Math.max(...waits))}`)
      : fail(`${limited.length - waits.length} of ${limited.length} rate-limited requests do not say how long to wait`);
  },
};

/** Checks how a refusal is classified, since that decides whether calls fall back, wait, or open the breaker. */
function judge({ refusal, usage, model }: Reply, kinds: readonly FailureKind[], answered: string): Verdict {
  if (!refusal) {
    const by = model === undefined ? '' : `, as ${model}`;
    return fail(`${answered}${by}${usage ? `, with ${usage.inputTokens} input tokens` : ''}`);
  }
  // An error with status 200 is a refusal too; `errorShape` reports the status.
  if (refusal.kind === undefined || kinds.includes(refusal.kind)) return pass(describeRefusal(refusal));
  if (refusal.status === undefined || refusal.kind === 'rateLimit') return refused(refusal);
  // Without a message the reason is unknown; `errorShape` reports the malformed body.
  if (!refusal.wellFormed) return skip(`refused without an error message: ${describeRefusal(refusal)}`);
  return fail(`refused, but classified as ${refusal.kind}: ${describeRefusal(refusal)}`);
}

function nonce({ context }: ProbeClient): string {
  return Math.floor(context.input.random() * 0x1_0000_0000).toString(36);
}
