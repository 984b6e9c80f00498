/** How the upstream refuses what it cannot serve. */

import type { FailureKind } from '../../domain/attempt.ts';
import type { Asker } from '../ask.ts';
import { fail, pass, refused, skip, type Check, type Verdict } from '../check.ts';
import { type Reply, showMs, toldAs, user } from '../reply.ts';
import { PING } from './chat.ts';

export const unknownModel: Check = {
  name: 'unknownModel',
  needs: 'chat',
  run: async (ask) => {
    // They win over the model of a call.
    if (ask.probing.input.upstream.config.rules.params?.['model'] !== undefined) return skip('params name the model');
    const model = `no-such-model-${nonce(ask)}`;
    const reply = await ask.chat({ ...PING, model });
    return judge(reply, ['modelNotFound', 'badRequest'], 'answered for a model that does not exist');
  },
};

export const badRequest: Check = {
  name: 'badRequest',
  needs: 'chat',
  run: async (ask) => {
    const reply = await ask.chat({ messages: 'no list of messages' });
    return judge(reply, ['badRequest'], 'answered a body that cannot be read');
  },
};

/** As much as is sure to be over the window. */
const OVERLOAD = 1.2;

export const contextLength: Check = {
  name: 'contextLength',
  needs: 'chat',
  run: async (ask) => {
    const { contextTokens } = ask.probing.input;
    if (contextTokens === undefined) return skip('no contextTokens were named, and a prompt over the window is large');
    // A word of this kind is one token in all common vocabularies.
    const words = Math.ceil(contextTokens * OVERLOAD);
    const reply = await ask.chat(user(` apple`.repeat(words)));
    return judge(reply, ['contextLength'], `answered a prompt of about ${words} tokens`);
  },
};

/** Looks at all that was refused so far. */
export const errorShape: Check = {
  name: 'errorShape',
  run: async ({ probing }) => {
    const refusals = probing.refusals.filter(({ status }) => status !== undefined);
    if (refusals.length === 0) return skip('nothing was refused');
    if (refusals.some(({ status }) => status === 200)) return fail('errors come under status 200');
    const odd = refusals.find(({ wellFormed }) => !wellFormed);
    return odd
      ? fail(`the body of a ${odd.status} has no error.message`)
      : pass(`a status and error.message on all that was refused (${refusals.length})`);
  },
};

export const retryAfter: Check = {
  name: 'retryAfter',
  run: async ({ probing }) => {
    const limited = probing.refusals.filter(({ kind }) => kind === 'rateLimit');
    if (limited.length === 0) return skip('no rate limit was met');
    const waits = limited.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
    return waits.length === limited.length
      ? pass(`${waits.length} rate limits, waits of up to ${showMs(Math.max(...waits))}`)
      : fail(`${limited.length - waits.length} of ${limited.length} rate limits do not say how long to wait`);
  },
};

/** What the client takes a refusal for decides whether it asks elsewhere, waits, or opens its breaker. */
function judge({ refusal, usage, model }: Reply, kinds: readonly FailureKind[], answered: string): Verdict {
  if (!refusal) {
    const by = model === undefined ? '' : `, as ${model}`;
    return fail(`${answered}${by}${usage ? `, with ${usage.inputTokens} input tokens` : ''}`);
  }
  // An error under 200 is a refusal; that it stands there is another matter.
  if (refusal.kind === undefined || kinds.includes(refusal.kind)) return pass(toldAs(refusal));
  if (refusal.status === undefined || refusal.kind === 'rateLimit') return refused(refusal);
  // Nobody can tell what it is about; how errors look is judged for itself.
  if (!refusal.wellFormed) return skip(`refused without a reason: ${toldAs(refusal)}`);
  return fail(`refused, but taken for ${refusal.kind}: ${toldAs(refusal)}`);
}

function nonce({ probing }: Asker): string {
  return Math.floor(probing.input.random() * 0x1_0000_0000).toString(36);
}
