/** The replies of a scripted provider. */

/** The request that a reply answers. */
export interface RequestInHand {
  readonly body: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal | undefined;
  /** Waits on the test's clock. If the request is aborted, rejects as `fetch` does. */
  readonly wait: (ms: number) => Promise<void>;
}

/** Answers one request, as `fetch` does. */
export type Reply = (request: RequestInHand) => Response | Promise<Response>;

/** Any JSON. */
export function json(body: unknown, init: { status?: number; headers?: Record<string, string> } = {}): Reply {
  const headers = { 'content-type': 'application/json', ...init.headers };
  return () => new Response(JSON.stringify(body), { status: init.status ?? 200, headers });
}

/** A chat completion of the requested model, with 10 input and 5 output tokens by default. */
export function chat(content = 'Hello.', tokens: { input?: number; output?: number } = {}): Reply {
  const { input = 10, output = 5 } = tokens;
  return (request) =>
    json({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 0,
      model: request.body.model,
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop', logprobs: null }],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    })(request);
}

/** An answer that is valid on every surface: each reads its own fields. */
export function anything(): Reply {
  return (request) =>
    json({
      id: 'answer-1',
      object: 'chat.completion',
      created: 0,
      model: request.body.model,
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hello.' }, text: 'Hello.', finish_reason: 'stop' }],
      output: [],
      data: [{ index: 0, embedding: [0, 1] }],
      results: [{ flagged: false }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    })(request);
}

/** A response of the Responses API with this id. */
export function response(id: string, fields: Readonly<Record<string, unknown>> = {}): Reply {
  return (request) =>
    json({
      id,
      object: 'response',
      model: request.body.model,
      status: 'completed',
      output: [],
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
      ...fields,
    })(request);
}

/** An error in OpenAI's form. */
export function failed(
  status: number,
  error: Readonly<Record<string, unknown>> = {},
  headers: Record<string, string> = {},
): Reply {
  return json({ error: { message: `Status ${status}.`, type: null, code: null, ...error } }, { status, headers });
}

/** A connection that breaks before a response. */
export function unreachable(): Reply {
  return () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } }));
}

/** A provider that accepts the request and never answers. */
export function silent(): Reply {
  return ({ wait }) => wait(Infinity).then(() => new Response());
}

/** A body that is not JSON, with the content type of JSON. */
export function malformed(): Reply {
  return () => new Response('{"id": "chatcmpl', { headers: { 'content-type': 'application/json' } });
}

/** The same reply, `ms` later. */
export function after(ms: number, reply: Reply): Reply {
  return async (request) => {
    await request.wait(ms);
    return reply(request);
  };
}
