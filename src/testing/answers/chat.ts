/** POST /chat/completions. */

import { pieces } from './generation.ts';
import type { Generation } from './generation.ts';
import type { Reply } from './reply.ts';
import { asksForUsage, choiceCount } from './request-body.ts';
import type { RequestBody } from './request-body.ts';
import { SSE_DONE, sseData } from './sse.ts';
import { chatUsage } from './tokens.ts';
import { withUsage } from './usage-style.ts';
import type { Chunk, UsageStyle } from './usage-style.ts';

/** A chat completion, or its chunks if the body has `stream: true`. */
export function chatReply(body: RequestBody, generation: Generation, style: UsageStyle): Reply {
  const indices = Array.from({ length: choiceCount(body) }, (_, index) => index);
  if (body['stream'] !== true)
    return { kind: 'json', body: completion(generation, indices, style, body['logprobs'] === true) };
  const chunks = withUsage(completionChunks(generation, indices), generation.tokens, style, asksForUsage(body));
  return { kind: 'stream', chunks: [...chunks.map(sseData), SSE_DONE] };
}

function completion(
  generation: Generation,
  indices: readonly number[],
  style: UsageStyle,
  withLogprobs: boolean,
): object {
  return {
    ...envelope(generation, 'chat.completion'),
    choices: indices.map((index) => ({
      index,
      message: message(generation),
      logprobs: withLogprobs ? logprobs(generation.text) : null,
      finish_reason: generation.finishReason,
    })),
    ...(style === 'none' ? {} : { usage: chatUsage(generation.tokens) }),
  };
}

/** The model is almost certain of every token: each has the log probability −0.01. */
function logprobs(text: string): object {
  const content = pieces(text).map((token) => ({ token, logprob: -0.01, bytes: null, top_logprobs: [] }));
  return { content, refusal: null };
}

function message(generation: Generation): object {
  const calls = encodedCalls(generation);
  return {
    role: 'assistant',
    content: generation.text === '' && calls.length > 0 ? null : generation.text,
    refusal: null,
    annotations: [],
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/**
 * Order of the chunks, as OpenAI sends them: the role alone, the text, the tool calls, `finish_reason` with an empty
 * delta.
 */
function completionChunks(generation: Generation, indices: readonly number[]): Chunk[] {
  const deltas: object[] = [
    { role: 'assistant', content: '', refusal: null },
    ...pieces(generation.text).map((content) => ({ content })),
    ...toolCallDeltas(generation),
  ];
  const chunk = (index: number, delta: object, finishReason: string | null): Chunk => ({
    ...envelope(generation, 'chat.completion.chunk'),
    choices: [{ index, delta, logprobs: null, finish_reason: finishReason }],
  });
  return [
    ...deltas.flatMap((delta) => indices.map((index) => chunk(index, delta, null))),
    ...indices.map((index) => chunk(index, {}, generation.finishReason)),
  ];
}

function toolCallDeltas(generation: Generation): object[] {
  return encodedCalls(generation).flatMap((call, index) => [
    { tool_calls: [{ index, ...call, function: { ...call.function, arguments: '' } }] },
    ...pieces(call.function.arguments).map((part) => ({ tool_calls: [{ index, function: { arguments: part } }] })),
  ]);
}

function encodedCalls({ id, toolCalls }: Generation) {
  return toolCalls.map((call, index) => ({
    id: `call_${id}_${index}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }));
}

function envelope({ id, createdS, model }: Generation, object: string): object {
  return {
    id: `chatcmpl-${id}`,
    object,
    created: createdS,
    model,
    service_tier: 'default',
    system_fingerprint: 'fp_test',
  };
}
