/** The replies of a provider to the requests of the behaviours. */

import type { Replies, Reply, SentRequest } from './server.ts';

export const MESSAGES = [{ role: 'user' as const, content: 'Grüße, 世界 🙂' }];
export const CHAT = { model: 'gpt-4.1', messages: MESSAGES };
const USAGE = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 };

/** A chat completion; `message` overrides fields of an assistant message. */
export const completion = (message: object = { content: 'Héllo 世界' }, finish = 'stop'): Reply => ({
  body: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'gpt-4.1-2025-04-14',
    choices: [
      { index: 0, message: { role: 'assistant', refusal: null, ...message }, finish_reason: finish, logprobs: null },
    ],
    usage: USAGE,
  },
});

export const toolCall = (name: string, args: string): Reply =>
  completion(
    { content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name, arguments: args } }] },
    'tool_calls',
  );

/** An error of the provider. */
export const failure = (status: number, error: object = {}, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'x-ratelimit-remaining-requests': '7', ...headers },
  body: { error: { message: `It is ${status}.`, type: 'some_error', param: 'model', code: 'some_code', ...error } },
});

/** Makes the SDK and our client wait only 1 ms before a retry. */
export const AT_ONCE = { 'retry-after-ms': '1' };

const data = (chunk: unknown): string => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`;

/** A stream of chunks with the end of the Chat Completions API. */
export const sse = (chunks: readonly unknown[]): Reply => ({ body: [...chunks, '[DONE]'].map(data) });

/** Named events, as the Responses API sends them. */
export const events = (list: readonly { type: string }[]): Reply => ({
  body: list.map((event) => `event: ${event.type}\n${data(event)}`),
});

export const delta = (content: object, finish: string | null = null): object => ({
  id: 'chatcmpl-2',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'gpt-4.1-2025-04-14',
  choices: [{ index: 0, delta: content, finish_reason: finish, logprobs: null }],
});

export const CHUNKS = [
  delta({ role: 'assistant', content: '' }),
  delta({ content: 'Hé' }),
  delta({ content: 'llo 世' }),
  delta({ content: '界' }),
  delta({}, 'stop'),
];

/** A stream that reports usage, in a separate chunk, if requested. */
export const chatStream =
  (chunks: readonly object[] = CHUNKS): Replies =>
  (request) =>
    sse([...chunks, ...(wantsUsage(request) ? [usageChunk] : [])]);

const usageChunk = { ...delta({}), choices: [], usage: USAGE };

function wantsUsage({ body }: SentRequest): boolean {
  const options = (JSON.parse(body ?? '{}') as { stream_options?: { include_usage?: boolean } }).stream_options;
  return options?.include_usage === true;
}

/** A finished response of the Responses API. */
export const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 1_700_000_000,
  status: 'completed',
  model: 'gpt-4.1-2025-04-14',
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: '{"city":"Zürich"}', annotations: [] }],
    },
  ],
  usage: { input_tokens: 9, output_tokens: 3, total_tokens: 12 },
  error: null,
  tools: [],
};

const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const started = { ...RESPONSE, status: 'in_progress', output: [], usage: null };

export const RESPONSE_EVENTS = [
  { type: 'response.created', sequence_number: 0, response: started },
  {
    type: 'response.output_item.added',
    sequence_number: 1,
    output_index: 0,
    item: { id: 'msg_1', type: 'message', role: 'assistant', status: 'in_progress', content: [] },
  },
  {
    type: 'response.content_part.added',
    sequence_number: 2,
    ...at,
    part: { type: 'output_text', text: '', annotations: [] },
  },
  { type: 'response.output_text.delta', sequence_number: 3, ...at, delta: '{"city":', logprobs: [] },
  { type: 'response.output_text.delta', sequence_number: 4, ...at, delta: '"Zürich"}', logprobs: [] },
  { type: 'response.output_text.done', sequence_number: 5, ...at, text: '{"city":"Zürich"}', logprobs: [] },
  { type: 'response.completed', sequence_number: 6, response: RESPONSE },
];

export const EMBEDDINGS: Reply = {
  body: {
    object: 'list',
    model: 'text-embedding-3-small',
    // 32-bit floats in base64, as the SDK requests
    data: [
      {
        object: 'embedding',
        index: 0,
        embedding: Buffer.from(new Float32Array([0.5, -1, 2]).buffer).toString('base64'),
      },
    ],
    usage: { prompt_tokens: 2, total_tokens: 2 },
  },
};

export const MODEL = { id: 'gpt-4.1', object: 'model', created: 1, owned_by: 'openai' };
export const FILE = {
  id: 'file-1',
  object: 'file',
  bytes: 3,
  created_at: 1,
  filename: 'a.jsonl',
  purpose: 'batch',
  status: 'processed',
};

/** The error of a network that rejects the connection. */
export const refused = Object.assign(new TypeError('fetch failed'), {
  cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }),
});
