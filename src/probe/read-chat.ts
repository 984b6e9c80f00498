/** Reads what a chat answer says. */

import { fields } from '../domain/json.ts';
import { listOf } from './read-stream.ts';
import type { Reply } from './reply.ts';

/** A call of a function. */
export interface CalledTool {
  readonly id: unknown;
  readonly name: unknown;
  readonly arguments: unknown;
}

/** A question in the user's words. */
export function user(content: unknown): { readonly messages: readonly object[] } {
  return { messages: [{ role: 'user', content }] };
}

export function choicesOf({ body }: Reply): readonly unknown[] {
  return listOf(fields(body).choices);
}

/** The words of the first choice; empty where there are none. */
export function textOf(reply: Reply): string {
  const { content } = fields(fields(choicesOf(reply)[0]).message);
  return typeof content === 'string' ? content : '';
}

export function finishReasonOf(reply: Reply): unknown {
  return fields(choicesOf(reply)[0]).finish_reason;
}

export function calledTools(reply: Reply): readonly CalledTool[] {
  const { tool_calls } = fields(fields(choicesOf(reply)[0]).message);
  return listOf(tool_calls).map((call) => {
    const { name, arguments: given } = fields(fields(call).function);
    return { id: fields(call).id, name, arguments: given };
  });
}

/** A number of ms as people read it. */
export function showMs(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`;
}
