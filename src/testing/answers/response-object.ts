/** The response object of POST /responses. */

import type { Generation } from './generation.ts';
import type { RequestBody } from './request-body.ts';
import { responsesUsage } from './tokens.ts';
import type { UsageStyle } from './usage-style.ts';

/** A completed or incomplete response. */
export interface ResponseObject {
  readonly id: string;
  readonly status: 'completed' | 'incomplete';
  readonly output: readonly OutputItem[];
  readonly [field: string]: unknown;
}

/** An output item: a message or a function call. */
export type OutputItem =
  | {
      readonly type: 'message';
      readonly id: string;
      readonly content: readonly object[];
      readonly [field: string]: unknown;
    }
  | {
      readonly type: 'function_call';
      readonly id: string;
      readonly arguments: string;
      readonly [field: string]: unknown;
    };

/** The finished response to a request body. */
export function responseObject(body: RequestBody, generation: Generation, style: UsageStyle): ResponseObject {
  const reason = INCOMPLETE_REASON[generation.finishReason];
  return {
    id: `resp_${generation.id}`,
    object: 'response',
    created_at: generation.createdS,
    status: reason === undefined ? 'completed' : 'incomplete',
    background: false,
    error: null,
    incomplete_details: reason === undefined ? null : { reason },
    ...echoed(body),
    model: generation.model,
    output: outputItems(generation),
    usage: style === 'none' ? null : responsesUsage(generation.tokens),
  };
}

const INCOMPLETE_REASON = {
  stop: undefined,
  tool_calls: undefined,
  length: 'max_output_tokens',
  content_filter: 'content_filter',
} as const;

/** The request fields that the response repeats, with the defaults of the API. */
function echoed(body: RequestBody): object {
  return {
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    metadata: body['metadata'] ?? {},
    parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    previous_response_id: body['previous_response_id'] ?? null,
    reasoning: body['reasoning'] ?? { effort: null, summary: null },
    service_tier: 'default',
    store: body['store'] ?? true,
    temperature: body['temperature'] ?? 1,
    text: body['text'] ?? { format: { type: 'text' } },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_p: body['top_p'] ?? 1,
    truncation: body['truncation'] ?? 'disabled',
    user: body['user'] ?? null,
  };
}

function outputItems({ id, text, toolCalls }: Generation): OutputItem[] {
  const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }];
  const message = { type: 'message', id: `msg_${id}`, status: 'completed', role: 'assistant', content } as const;
  const calls = toolCalls.map((call, index) => ({
    type: 'function_call' as const,
    id: `fc_${id}_${index}`,
    call_id: `call_${id}_${index}`,
    name: call.name,
    arguments: JSON.stringify(call.arguments),
    status: 'completed',
  }));
  return text === '' && calls.length > 0 ? calls : [message, ...calls];
}
