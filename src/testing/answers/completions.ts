/** POST /completions: the legacy API before chat. */

import { pieces } from './generation.ts';
import type { Generation } from './generation.ts';
import type { Reply } from './reply.ts';
import { asksForUsage, choiceCount } from './request-body.ts';
import type { RequestBody } from './request-body.ts';
import { SSE_DONE, sseData } from './sse.ts';
import { chatUsage } from './tokens.ts';
import { withUsage } from './usage-style.ts';
import type { Chunk, UsageStyle } from './usage-style.ts';

/** A text completion, or its chunks if the body has `stream: true`. */
export function completionsReply(body: RequestBody, generation: Generation, style: UsageStyle): Reply {
  const indices = Array.from({ length: choiceCount(body) }, (_, index) => index);
  if (body['stream'] !== true) return { kind: 'json', body: completion(generation, indices, style) };
  const chunks = withUsage(completionChunks(generation, indices), generation.tokens, style, asksForUsage(body));
  return { kind: 'stream', chunks: [...chunks.map(sseData), SSE_DONE] };
}

function completion(generation: Generation, indices: readonly number[], style: UsageStyle): object {
  return {
    ...envelope(generation),
    choices: indices.map((index) => choice(index, generation.text, generation.finishReason)),
    ...(style === 'none' ? {} : { usage: chatUsage(generation.tokens) }),
  };
}

function completionChunks(generation: Generation, indices: readonly number[]): Chunk[] {
  const chunk = (index: number, text: string, finishReason: string | null): Chunk => ({
    ...envelope(generation),
    choices: [choice(index, text, finishReason)],
  });
  return [
    ...pieces(generation.text).flatMap((piece) => indices.map((index) => chunk(index, piece, null))),
    ...indices.map((index) => chunk(index, '', generation.finishReason)),
  ];
}

function choice(index: number, text: string, finishReason: string | null): object {
  return { text, index, logprobs: null, finish_reason: finishReason };
}

function envelope({ id, createdS, model }: Generation): object {
  return { id: `cmpl-${id}`, object: 'text_completion', created: createdS, model };
}
