/** `toNodeHandler`: Node's server as a Web-standard handler. */

import type { Socket } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { type FetchHandler, toNodeHandler } from '../../src/http/node-handler.ts';
import { express } from '../support/express.ts';
import { openRaw, sendRaw } from './raw-request.ts';
import { serve } from './serve.ts';

const encoder = new TextEncoder();
const echo: FetchHandler = (request) => new Response(request.body, { headers: { 'x-url': request.url } });

test('method, path, query, headers and body reach the handler, with the address of the client', async () => {
  await using served = await serve(
    toNodeHandler(async (request, peer) =>
      Response.json({
        method: request.method,
        url: request.url,
        header: request.headers.get('x-mine'),
        body: await request.text(),
        peer,
      }),
    ),
  );
  const response = await fetch(`${served.url}/a/b?c=1`, { method: 'POST', headers: { 'x-mine': 'é' }, body: 'text' });
  expect(await response.json()).toEqual({
    method: 'POST',
    url: `${served.url}/a/b?c=1`,
    header: 'é',
    body: 'text',
    peer: { remoteAddress: '127.0.0.1' },
  });
});

test('the handler may answer before it reads the body: the body is cancelled, and the answer does not wait for it', async () => {
  let body: ReadableStream | null = null;
  await using served = await serve(
    toNodeHandler((request) => {
      ({ body } = request);
      return new Response('No.', { status: 401 });
    }),
  );
  const response = await fetch(served.url, { method: 'POST', body: 'x'.repeat(100) });
  expect([response.status, await response.text()]).toEqual([401, 'No.']);
  expect(await body!.getReader().read()).toEqual({ done: true, value: undefined });
});

test('status, reason, headers and several cookies reach the client', async () => {
  await using served = await serve(
    toNodeHandler(() => {
      const headers = new Headers([
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]);
      return new Response(null, { status: 202, statusText: 'Taken', headers });
    }),
  );
  const response = await fetch(served.url);
  expect([response.status, response.statusText, response.headers.getSetCookie()]).toEqual([
    202,
    'Taken',
    ['a=1', 'b=2'],
  ]);
});

test('a HEAD request gets the headers without the body, which is cancelled', async () => {
  const cancel = vi.fn();
  await using served = await serve(
    toNodeHandler(() => new Response(new ReadableStream({ cancel }), { headers: { 'x-mine': '1' } })),
  );
  const response = await fetch(served.url, { method: 'HEAD' });
  expect([response.headers.get('x-mine'), await response.text()]).toEqual(['1', '']);
  expect(cancel).toHaveBeenCalledOnce();
});

test('an event stream sends its headers before its first chunk, and each chunk at once', async () => {
  let send: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (send = controller) });
  await using served = await serve(
    toNodeHandler(() => new Response(body, { headers: { 'content-type': 'text/event-stream' } })),
  );
  const response = await fetch(served.url);
  const reader = response.body!.getReader();
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    send!.enqueue(encoder.encode(text));
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toBe(text);
  }
  send!.close();
  expect((await reader.read()).done).toBe(true);
});

test('a request is streamed to the handler while the response is streamed back', async () => {
  await using served = await serve(toNodeHandler(echo));
  const { socket, received } = await openRaw(served.port);
  socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
  await vi.waitFor(() => expect(received()).toContain('one'), 20_000);
  socket.write('3\r\ntwo\r\n0\r\n\r\n');
  await vi.waitFor(() => expect(received()).toContain('two'), 20_000);
  socket.destroy();
});

test('a client that does not read holds the body back', async () => {
  let chunks = 0;
  const body = new ReadableStream({
    pull(controller) {
      chunks += 1;
      controller.enqueue(new Uint8Array(65_536));
    },
  });
  await using served = await serve(toNodeHandler(() => new Response(body)));
  const { socket } = await openRaw(served.port);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  let before = -1;
  await vi.waitFor(
    () => {
      const stopped = chunks > 0 && chunks === before;
      before = chunks;
      expect(stopped).toBe(true);
    },
    { interval: 200, timeout: 30_000 },
  );
  // The buffers of the two sockets: a few megabytes of an endless body.
  expect(chunks).toBeLessThan(1_000);
  socket.destroy();
});

test('a handler that does not read holds the client back', async () => {
  const reached: Request[] = [];
  await using served = await serve(
    toNodeHandler((request) => {
      reached.push(request);
      return new Promise(() => undefined);
    }),
  );
  const { socket } = await openRaw(served.port);
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${2 ** 30}\r\n\r\n`);
  let sent = 0;
  while (socket.write(new Uint8Array(65_536)) || (await hasDrained(socket))) sent += 65_536;
  expect(sent).toBeLessThan(64 * 2 ** 20);
  expect(reached).toHaveLength(1);
  socket.destroy();
});

/** Whether the connection takes more within a moment. */
function hasDrained(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), 500);
    socket.once('drain', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

test.each(['before the response', 'during the response'])(
  'a client that disconnects %s aborts the signal and cancels the body',
  async (when) => {
    const signals: AbortSignal[] = [];
    const cancel = vi.fn();
    const body = new ReadableStream({ start: (controller) => controller.enqueue(encoder.encode('begin')), cancel });
    await using served = await serve(
      toNodeHandler(async ({ signal }) => {
        signals.push(signal);
        if (when === 'before the response') await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return new Response(body);
      }),
    );
    const { socket, received } = await openRaw(served.port);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await vi.waitFor(() => {
      expect(signals).toHaveLength(1);
      expect(received()).toContain(when === 'before the response' ? '' : 'begin');
    }, 20_000);
    socket.destroy();
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce(), 20_000);
    expect(signals[0]).toMatchObject({ aborted: true, reason: { name: 'AbortError' } });
  },
);

test('a response that ends leaves the signal alone', async () => {
  let signal: AbortSignal | undefined;
  await using served = await serve(
    toNodeHandler((request) => {
      ({ signal } = request);
      return new Response('ok');
    }),
  );
  await sendRaw(served.port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect(signal!.aborted).toBe(false);
});

test('a body that fails is cut off, so that it does not look complete', async () => {
  let fail: (error: Error) => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode('begin'));
      fail = (error) => controller.error(error);
    },
  });
  const onError = vi.fn();
  await using served = await serve(toNodeHandler(() => new Response(body), { onError }));
  const response = await fetch(served.url);
  fail(new Error('broken'));
  await expect(response.text()).rejects.toThrow('terminated');
  expect(onError).toHaveBeenCalledWith(expect.objectContaining({ message: 'broken' }));
});

test('a handler that throws gives a 500 without details, also where the reporter throws', async () => {
  const onError = vi.fn(() => {
    throw new Error('reporter');
  });
  await using served = await serve(
    toNodeHandler(
      () => {
        throw new Error('secret');
      },
      { onError },
    ),
  );
  const response = await fetch(served.url);
  expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error']);
  expect(onError).toHaveBeenCalledOnce();
});

test.each([
  ['a host with a user', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n'],
  ['a host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n'],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
  ['no host', 'GET / HTTP/1.1\r\n\r\n'],
  ['another scheme', 'GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a target without a path', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a method that reflects', 'TRACE / HTTP/1.1\r\nHost: a\r\n\r\n'],
])('%s is refused with 400', async (_name, bytes) => {
  const reached = vi.fn(echo);
  await using served = await serve(toNodeHandler(reached));
  const { socket, received } = await openRaw(served.port);
  socket.write(bytes);
  await vi.waitFor(() => expect(received()).toMatch(/^HTTP\/1.1 400 /), 20_000);
  expect(reached).not.toHaveBeenCalled();
  socket.destroy();
});

test.each([
  ['/v1', 'http://localhost/v1'],
  ['//elsewhere.test/v1', 'http://localhost//elsewhere.test/v1'],
  ['http://other.test/v1', 'http://other.test/v1'],
])('the target %s is the address %s', async (target, address) => {
  await using served = await serve(toNodeHandler(echo));
  const answer = await sendRaw(served.port, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  expect(answer).toContain(`x-url: ${address}\r\n`);
});

test('a response before the end of the request reaches its client, and closes the connection', async () => {
  await using served = await serve(toNodeHandler(() => new Response('too large', { status: 413 })));
  const { socket, received } = await openRaw(served.port);
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${2 ** 22}\r\n\r\n`);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await vi.waitFor(() => expect(received()).toMatch(/^HTTP\/1.1 413 [^]*connection: close[^]*too large/i), 20_000);
  for (let index = 0; index < 32; index += 1) socket.write(new Uint8Array(131_072));
  await closed;
  expect(received().match(/HTTP\/1.1/g)).toHaveLength(1);
});

describe('a body that was read before the handler', () => {
  const text: FetchHandler = async (request) => new Response(await request.text());
  const post = async (url: string, type: string, body: string): Promise<readonly [number, string]> => {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
    return [response.status, await response.text()];
  };

  test.each([
    ['express.json()', express.json(), 'application/json', '{"a": [1, "é"]}', '{"a":[1,"é"]}'],
    ['express.text()', express.text({ type: '*/*' }), 'application/json', '{"a": 1}', '{"a": 1}'],
    ['express.raw()', express.raw({ type: '*/*' }), 'application/json', '{"a": 1}', '{"a": 1}'],
    ['a parser of another type', express.json(), 'text/plain', 'as it was sent', 'as it was sent'],
  ])('%s leaves it in req.body, or unread', async (_name, parser, type, body, expected) => {
    await using served = await serve(express().use(parser).use(toNodeHandler(text)));
    expect(await post(served.url, type, body)).toEqual([200, expected]);
  });

  test('gets a 500 that says what to do where it is lost', async () => {
    const handler = toNodeHandler(text);
    await using served = await serve((req, res) => void req.resume().once('end', () => handler(req, res)));
    const [status, message] = await post(served.url, 'application/json', '{}');
    expect(status).toBe(500);
    expect(message).toContain('mount the handler before whatever reads bodies');
    expect(await post(served.url, 'application/json', '')).toEqual([200, '']);
  });
});
