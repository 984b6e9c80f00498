/** Makes a Web-standard request of a request that Node has received. */

import type { IncomingMessage } from 'node:http';

/** Why there is no request: its target, method, `Host` or another header is invalid, or its body was read before and is lost. */
export type NoRequest = 'invalid' | 'bodyLost';

/**
 * A body that a parser has read, such as `express.json()`, is taken from `req.body`, where parsers leave it.
 *
 * @param signal the signal of the new request
 */
export function createRequest(req: IncomingMessage, signal: AbortSignal): Request | NoRequest {
  const url = urlOf(req);
  if (!url) return 'invalid';
  const { method = 'GET' } = req;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const init: RequestInit = { method, signal };
  const wasRead = req.readableDidRead || req.readableEnded;
  try {
    init.headers = headersOf(req);
    const body = hasBody ? (wasRead ? parsedBody(req) : bodyOf(req)) : null;
    if (body === undefined) return 'bodyLost';
    return new Request(url, Object.assign(init, { body, duplex: 'half' }));
  } catch {
    return 'invalid';
  }
}

/** What a parser has made of the body: bytes, a text, or a value, which is written as JSON again. */
function parsedBody({
  body,
  headers,
}: IncomingMessage & { readonly body?: unknown }): string | Uint8Array<ArrayBuffer> | undefined {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (body !== undefined) return JSON.stringify(body);
  const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
  return isEmpty ? '' : undefined;
}

/**
 * The address of the request: `/path` below the `Host`, or an absolute address, as proxies send it (RFC 9112, section 3.2). The parts are joined
 * as text, since `//name/path` relative to a base would be another host.
 */
function urlOf(req: IncomingMessage): URL | undefined {
  const { url: target = '' } = req;
  const hosts = req.headersDistinct['host'] ?? [];
  const [host = 'localhost'] = hosts;
  if (hosts.length > 1 || !HOST.test(host)) return undefined;
  const scheme = 'encrypted' in req.socket && req.socket.encrypted === true ? 'https' : 'http';
  const url = URL.parse(target.startsWith('/') ? `${scheme}://${host}${target}` : target);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return undefined;
  return url;
}

/** A name or an address, and a port. Everything else, such as `user@` or `/path`, would change the meaning of the URL. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!;
    // HTTP/2 has pseudo-headers like `:path`.
    if (!name.startsWith(':')) headers.append(name, rawHeaders[index + 1]!);
  }
  return headers;
}

/** The body, read from the connection only as fast as it is consumed. */
function bodyOf(req: IncomingMessage): ReadableStream<Uint8Array> {
  let release = (): void => undefined;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const data = (chunk: Buffer): void => {
          controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
          if ((controller.desiredSize ?? 0) <= 0) req.pause();
        };
        const end = (): void => {
          release();
          controller.close();
        };
        const cut = (): void => {
          release();
          controller.error(new DOMException('The client disconnected before the end of its request', 'AbortError'));
        };
        release = () => req.off('data', data).off('end', end).off('close', cut);
        // Paused first: a listener for `data` would start the flow.
        req.pause().on('data', data).once('end', end).once('close', cut);
        // It precedes `close`.
        req.on('error', () => undefined);
      },
      pull: () => void req.resume(),
      cancel: () => release(),
    },
    { highWaterMark: 0 },
  );
}
