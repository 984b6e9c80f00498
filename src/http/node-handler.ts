/** Serves Web-standard requests from Node's HTTP server: streams both ways, with back-pressure. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequest, type NoRequest } from './node-request.ts';

/** The other end of the connection. */
export interface Peer {
  /** Its IP address; `undefined` on a Unix socket, and after it has disconnected. */
  readonly remoteAddress: string | undefined;
}

/** A Web-standard handler. Its request's `signal` is aborted when the client disconnects before the end of the response. */
export type FetchHandler = (request: Request, peer: Peer) => Promise<Response> | Response;

/** A listener for `http.createServer()`, and a handler for Express and similar frameworks. */
export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => void;

export interface NodeHandlerOptions {
  /** How long a client may leave what was sent to it unread before it is disconnected, in ms. @default unlimited */
  readonly stallMs?: number | undefined;
  /** Receives what `fetch` throws; the client gets a 500 without details. @default ignored */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * A listener for Node's HTTP server that never throws. An invalid target, method or header gets a 400. A response whose body fails is cut
 * off, so that no client takes it for complete. The path of the request is `req.url`, which frameworks give without the prefix of a mount.
 *
 * @example createServer(toNodeHandler((request) => new Response(`You asked for ${request.url}`))).listen(8787, '127.0.0.1');
 */
export function toNodeHandler(fetch: FetchHandler, options: NodeHandlerOptions = {}): NodeHandler {
  const { onError, stallMs } = options;
  return (req, res) => void serve(fetch, req, res, stallMs).catch((error: unknown) => fail(res, error, onError));
}

async function serve(
  fetch: FetchHandler,
  req: IncomingMessage,
  res: ServerResponse,
  stallMs: number | undefined,
): Promise<void> {
  const disconnected = new AbortController();
  // Without a listener, an error of the connection would end the process. It is followed by `close`.
  res.on('error', () => undefined);
  res.once('close', () => {
    if (!res.writableFinished) disconnected.abort(new DOMException('The client disconnected', 'AbortError'));
  });
  const request = createRequest(req, disconnected.signal);
  if (typeof request === 'string') return await send(new Response(...REFUSALS[request]), req, res, stallMs);
  const response = await fetch(request, { remoteAddress: req.socket.remoteAddress });
  // An unread body pauses the connection and delays the answer.
  const { body } = request;
  if (body && !request.bodyUsed && !body.locked && response.body !== body) await body.cancel();
  await send(response, req, res, stallMs);
}

/** The answers where there is no request to handle. */
const REFUSALS: Readonly<Record<NoRequest, readonly [string, ResponseInit]>> = {
  invalid: ['The target, method or headers of the request are invalid.', { status: 400 }],
  // A mistake of the server, which a retry does not correct.
  bodyLost: [
    'The body of the request was read before this handler, and is not in req.body: mount the handler before whatever reads bodies.',
    { status: 500, headers: { 'x-should-retry': 'false' } },
  ],
};

async function send(
  response: Response,
  req: IncomingMessage,
  res: ServerResponse,
  stallMs: number | undefined,
): Promise<void> {
  if (res.destroyed) return await response.body?.cancel();
  const headers = [...response.headers].flatMap(([name, value]) => [name, value]);
  if (!req.complete && Number(req.headers['content-length'] ?? Infinity) <= SHORT_BYTES) await discardRest(req, res);
  // What remains of the request's body would be taken for the next request.
  if (!req.complete) headers.push('connection', 'close');
  if (response.statusText) res.writeHead(response.status, response.statusText, headers);
  else res.writeHead(response.status, headers);
  if (req.method === 'HEAD' || !response.body) {
    await response.body?.cancel();
  } else {
    // The client of an event stream waits for the headers, which otherwise leave with the first chunk.
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) res.flushHeaders();
    if (!(await pipe(response.body, res, stallMs))) return;
  }
  if (!req.complete) await discardRest(req, res);
  res.end();
}

/** Writes the chunks as fast as the client reads them. Resolves to whether all were written. */
async function pipe(
  body: ReadableStream<Uint8Array>,
  res: ServerResponse,
  stallMs: number | undefined,
): Promise<boolean> {
  const reader = body.getReader();
  const cancel = (): void => void reader.cancel().catch(() => undefined);
  res.once('close', cancel);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (res.destroyed) return false;
      if (done) return true;
      if (!res.write(value)) await drained(res, stallMs);
    }
  } finally {
    res.off('close', cancel);
  }
}

/** Resolves when the client has read what was written, or is disconnected. */
function drained(res: ServerResponse, stallMs: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = stallMs === undefined ? undefined : setTimeout(() => res.destroy(), stallMs).unref();
    const done = (): void => {
      clearTimeout(timer);
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.once('drain', done).once('close', done);
  });
}

/**
 * Reads the rest of the request's body, for a second at most. A connection that is closed on unread data is reset, and a client that is still
 * sending would lose the answer (RFC 9112, section 9.6).
 */
function discardRest(req: IncomingMessage, res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      req.off('end', done);
      res.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, LINGER_MS).unref();
    req.once('end', done).resume();
    res.once('close', done);
  });
}

const LINGER_MS = 1_000;

/** The rest of a body up to this length is awaited, which costs less than another connection. */
const SHORT_BYTES = 65_536;

function fail(res: ServerResponse, error: unknown, onError: NodeHandlerOptions['onError']): void {
  const hasLeft = res.destroyed;
  if (res.headersSent) res.destroy();
  else if (!hasLeft)
    res.writeHead(500, { 'content-type': 'text/plain', connection: 'close' }).end('Internal Server Error');
  try {
    // What fails because the client has left is no error.
    if (!hasLeft) onError?.(error);
  } catch {
    // A reporter that throws must not end the process.
  }
}
