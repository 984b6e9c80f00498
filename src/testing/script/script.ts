/** An answer as a script of steps. Endpoints write it, faults change it, and players send it. */

import type { ErrorReply } from '../answers/errors.ts';
import type { Reply } from '../answers/reply.ts';

/** One step in sending an answer. */
export type Step =
  | { readonly step: 'wait'; readonly ms: number }
  | { readonly step: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  /** One event of a stream, or a whole body. */
  | { readonly step: 'write'; readonly text: string }
  | { readonly step: 'end' }
  /** The connection breaks. */
  | { readonly step: 'destroy' }
  /** Nothing more is sent, and the connection stays open. */
  | { readonly step: 'silence' };

/** The steps of one answer, in order. */
export type Script = readonly Step[];

/** The delays of an answer. */
export interface Pace {
  /** The delay before any answer, including an error. */
  readonly latencyMs: number;
  /** An additional delay before the head of an answer that is sent in one piece. */
  readonly generationMs: number;
  /** The delay before each event of a stream except the first. */
  readonly chunkDelayMs: number;
}

/** A pace without delays. */
export const AT_ONCE: Pace = { latencyMs: 0, generationMs: 0, chunkDelayMs: 0 };

/** The script of a successful answer. */
export function replyScript(reply: Reply, pace: Pace, headers: Readonly<Record<string, string>>): Script {
  switch (reply.kind) {
    case 'json':
      return bodyScript(200, { 'content-type': 'application/json', ...headers }, [JSON.stringify(reply.body)], pace);
    case 'stream':
      return bodyScript(200, { 'content-type': 'text/event-stream; charset=utf-8', ...headers }, reply.chunks, pace);
    default:
      return reply satisfies never;
  }
}

/** The script of an error. */
export function errorScript(
  { status, body }: ErrorReply,
  pace: Pace = AT_ONCE,
  headers: Readonly<Record<string, string>> = {},
): Script {
  return bodyScript(status, { 'content-type': 'application/json', ...headers }, [JSON.stringify(body)], pace);
}

/** The script of any response; `chunks` are the pieces of its body. */
export function bodyScript(
  status: number,
  headers: Readonly<Record<string, string>>,
  chunks: readonly string[],
  pace: Pace,
): Script {
  return [
    { step: 'wait', ms: pace.latencyMs },
    { step: 'wait', ms: pace.generationMs },
    { step: 'head', status, headers },
    ...chunks.flatMap((text, index): Step[] => [
      { step: 'wait', ms: index === 0 ? 0 : pace.chunkDelayMs },
      { step: 'write', text },
    ]),
    { step: 'end' },
  ];
}

/** Whether the script sends a stream of events. */
export function isStream(script: Script): boolean {
  const head = script.find((step) => step.step === 'head');
  return head?.headers['content-type']?.startsWith('text/event-stream') ?? false;
}
