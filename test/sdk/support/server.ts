/** An in-memory provider: a `fetch` that records requests and answers by script. */

/** One answer. */
export type Reply =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** A string is sent unchanged, a list of strings as a stream with a chunk each, everything else as JSON. */
      readonly body?: unknown;
      /** Whether the stream stays open. */
      readonly open?: boolean;
    }
  /** The network fails. */
  | { readonly fails: Error }
  /** There is no response. */
  | { readonly silent: true };

/** One reply per request, the last one repeated; or a function that returns the reply. */
export type Replies = readonly Reply[] | ((request: SentRequest, index: number) => Reply);

/** A request passed to `fetch`. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  /** The headers without `user-agent`, which contains the class name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body. Boundaries of multipart bodies are replaced, because they are random. */
  readonly body: string | undefined;
  /** All other options passed to `fetch`. */
  readonly init: Readonly<Record<string, unknown>>;
}

export interface Server {
  readonly fetch: typeof fetch;
  readonly requests: SentRequest[];
  readonly userAgents: (string | null)[];
  /** The objects that `fetch` returned. */
  readonly responses: Response[];
  /** How each stream ended: read to its end, cancelled by its reader, or aborted by the signal of its request. */
  readonly streamEnds: ('done' | 'cancelled' | 'aborted')[];
}

export function createServer(replies: Replies = [{}]): Server {
  const server: Server = { fetch: answer, requests: [], userAgents: [], responses: [], streamEnds: [] };
  async function answer(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const index = server.userAgents.push(new Headers(init.headers).get('user-agent')) - 1;
    const request = sentRequest(input, init, typeof init.body === 'string' ? init.body : await readBody(init.body));
    server.requests.push(request);
    const reply =
      typeof replies === 'function' ? replies(request, index) : replies.at(Math.min(index, replies.length - 1));
    const signal = init.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    if (!reply || 'silent' in reply) return aborted(signal);
    if ('fails' in reply) throw reply.fails;
    const { status = 200, headers = {}, body } = reply;
    const type = contentType(body);
    const response = new Response(responseBody(reply, signal, server), {
      status,
      headers: { ...(type && { 'content-type': type }), 'x-request-id': `req_${index}`, ...headers },
    });
    Object.defineProperty(response, 'url', { value: request.url });
    server.responses.push(response);
    return response;
  }
  return server;
}

function sentRequest(input: string | URL | Request, init: RequestInit, body: string | undefined): SentRequest {
  const { method = 'GET', headers, body: _, signal, ...rest } = init;
  const sent = Object.fromEntries([...new Headers(headers)].filter(([name]) => name !== 'user-agent'));
  const boundary = /boundary=(\S+)/.exec(sent['content-type'] ?? '')?.[1] ?? /^--(\S+)\r\n/.exec(body ?? '')?.[1];
  const plain = (text: string): string => (boundary === undefined ? text : text.replaceAll(boundary, 'BOUNDARY'));
  return {
    method,
    url: input instanceof Request ? input.url : String(input),
    headers: Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, plain(value)])),
    body: body === undefined ? undefined : plain(body),
    init: { ...rest, signal: signal instanceof AbortSignal },
  };
}

async function readBody(body: RequestInit['body']): Promise<string | undefined> {
  if (body === undefined || body === null) return undefined;
  if (typeof body === 'object' && Symbol.asyncIterator in body && !(body instanceof ReadableStream)) {
    const parts: Uint8Array[] = [];
    for await (const part of body as AsyncIterable<Uint8Array>) parts.push(part);
    return Buffer.concat(parts).toString();
  }
  return new Response(body).text();
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

function contentType(body: unknown): string | undefined {
  if (body === undefined) return undefined;
  if (Array.isArray(body)) return 'text/event-stream; charset=utf-8';
  return 'application/json';
}

function responseBody(reply: Extract<Reply, { body?: unknown }>, signal: AbortSignal, server: Server): BodyInit | null {
  const { body, open = false } = reply;
  if (body === undefined || body === null) return null;
  if (Array.isArray(body)) return streamOf(body as string[], open, signal, server);
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** A body that produces chunks on demand. An abort of the request breaks it, as in `undici`. */
function streamOf(
  chunks: readonly string[],
  open: boolean,
  signal: AbortSignal,
  { streamEnds }: Server,
): ReadableStream<Uint8Array> {
  let next = 0;
  let ended = false;
  const end = (how: 'done' | 'cancelled' | 'aborted'): boolean => {
    if (ended) return false;
    streamEnds.push(how);
    return (ended = true);
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal.addEventListener('abort', () => end('aborted') && controller.error(signal.reason), { once: true });
      },
      async pull(controller) {
        if (next < chunks.length) return controller.enqueue(new TextEncoder().encode(chunks[next++]));
        if (open) return aborted(signal).catch(() => undefined);
        if (end('done')) controller.close();
      },
      cancel() {
        end('cancelled');
      },
    },
    { highWaterMark: 0 },
  );
}
