/** The steps of a scripted chat stream. */

import type { OpenAI } from 'openai';
import type { Reply } from './replies.ts';
import type { StreamStep } from './stream-replies.ts';

/** An event with one choice. */
export function delta(content: object, choice: object = {}): StreamStep {
  return { event: { choices: [{ index: 0, delta: content, finish_reason: null, ...choice }] } };
}

export const say = (content: string): StreamStep => delta({ content });
/** The role, which is sent before the content. */
export const ROLE: StreamStep = delta({ role: 'assistant', content: '' });
export const finish = (reason: string): StreamStep => delta({}, { finish_reason: reason });
export const STOP: StreamStep = finish('stop');

export const USAGE_STEP: StreamStep = {
  event: { choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } },
};

/** A broken connection. */
export const RESET: StreamStep = { breakWith: new TypeError('terminated', { cause: { code: 'UND_ERR_SOCKET' } }) };
/** An error event as providers send it inside a stream. */
export const OVERLOADED: StreamStep = { event: { error: { type: 'overloaded_error', message: 'Overloaded.' } } };

/** The text of the first choice. */
export function textOf(chunks: readonly OpenAI.ChatCompletionChunk[]): string {
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
}

/** The same reply. `hungUp` returns for each of its requests whether it was aborted. */
export function listening(reply: Reply): { readonly reply: Reply; readonly hungUp: () => readonly boolean[] } {
  const signals: AbortSignal[] = [];
  return {
    reply: (request) => {
      signals.push(request.signal ?? new AbortController().signal);
      return reply(request);
    },
    hungUp: () => signals.map(({ aborted }) => aborted),
  };
}
