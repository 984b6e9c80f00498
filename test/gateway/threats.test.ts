/** The threat table of the gateway: what a hostile client, page or neighbour may try. */

import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createGateway } from '../../src/gateway/index.ts';
import { openRaw, sendRaw } from '../http/raw-request.ts';
import { messageOf } from '../support/message-of.ts';
import { ADMIN, CHAT, TOKEN, errorOf, startWorld, type World } from './support.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({
    gateway: { admin: { ops: ADMIN }, bodyLimitBytes: 10_000, metrics: () => 'calls_total 1\n' },
    requestTimeout: 2_000,
  });
});
afterAll(() => world[Symbol.asyncDispose]());

const BODY = JSON.stringify(CHAT);
const HEAD = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n`;
/** A complete request. */
const WHOLE = `${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
const statusesOf = (answer: string): string[] => [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code = '']) => code);
const sentUpstream = (): number => world.stable.requests.length;

describe('tokens', () => {
  test.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer token-of-somebody-else' }],
    ['a part of the token', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['the token with a suffix', { authorization: `Bearer ${TOKEN}x` }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
    ['the token in api-key', { 'api-key': TOKEN }],
    ['the token of an administrator', { authorization: `Bearer ${ADMIN}` }],
  ])('%s makes no calls', async (_name, headers) => {
    const before = sentUpstream();
    const response = await fetch(`${world.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      body: BODY,
    });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await errorOf(response)).toMatchObject({ type: 'invalid_request_error', code: 'invalid_api_key' });
    expect(sentUpstream()).toBe(before);
  });

  test('two tokens in two headers are no token', async () => {
    const answer = await sendRaw(
      world.port,
      `GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`,
    );
    expect(statusesOf(answer)).toEqual(['401']);
  });

  test.each(['/admin/state', '/admin/weights', '/admin/rollout'])('a caller cannot use %s', async (path) => {
    expect((await fetch(world.url + path, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(401);
    expect((await fetch(world.url + path)).status).toBe(401);
  });

  test.each([
    ['PUT', '/admin/weights', { openai: 0.5, gemini: 0.5 }],
    ['PUT', '/admin/segments', []],
    ['PUT', '/admin/tasks', { routes: {} }],
    ['POST', '/admin/rollout/rollback', {}],
  ])('%s %s with a token is refused to a page of another site', async (method, path, value) => {
    const { weights } = world.ai.canary;
    const body = JSON.stringify(value);
    const ask = (origin: string): Promise<Response> => {
      const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json', origin };
      const init: RequestInit = { method, headers, body };
      return fetch(world.url + path, init);
    };
    for (const origin of ['https://evil.test', 'http://127.0.0.1:1', 'null']) {
      const response = await ask(origin);
      expect([response.status, (await errorOf(response))['code']]).toEqual([403, 'foreign_origin']);
    }
    expect(world.ai.canary.weights).toEqual(weights);
    expect((await ask(world.url)).status).not.toBe(403);
    world.ai.canary.setWeights(weights);
  });

  test('metrics need a token, health does not', async () => {
    const statusOf = async (path: string, token?: string): Promise<number> =>
      (await fetch(world.url + path, { headers: token ? { authorization: `Bearer ${token}` } : {} })).status;
    expect(await statusOf('/metrics')).toBe(401);
    expect(await statusOf('/metrics', TOKEN)).toBe(200);
    expect(await statusOf('/metrics', ADMIN)).toBe(200);
    expect(await statusOf('/health')).toBe(200);
  });

  test('no response shows a key or a token', async () => {
    const responses = await Promise.all([
      world.post('/v1/chat/completions', CHAT),
      world.post('/v1/chat/completions', '{'),
      fetch(`${world.url}/admin/state`, { headers: { authorization: `Bearer ${ADMIN}` } }),
      fetch(`${world.url}/v1/models`, { headers: { authorization: 'Bearer token-of-somebody-else' } }),
    ]);
    for (const response of responses) {
      const text = JSON.stringify([...response.headers]) + (await response.text());
      for (const secret of [TOKEN, ADMIN, 'key-of-openai', 'key-of-gemini', 'token-of-somebody-else']) {
        expect(text).not.toContain(secret);
      }
    }
  });
});

describe('without auth', () => {
  const open = createGateway(world?.ai ?? ({ canary: {} } as never));
  const ask = async (url: string, headers: Record<string, string>, address: string | undefined): Promise<number> => {
    const request = new Request(url, { method: 'POST', body: BODY, headers });
    return (await open.fetch(request, { remoteAddress: address })).status;
  };
  const JSON_TYPE = { 'content-type': 'application/json' };

  test.each([
    ['another machine', 'http://localhost/v1/chat/completions', JSON_TYPE, '10.0.0.9', 403],
    ['an unknown address', 'http://localhost/v1/chat/completions', JSON_TYPE, undefined, 403],
    ['a page after DNS rebinding', 'http://evil.test/v1/chat/completions', JSON_TYPE, '127.0.0.1', 403],
    [
      'a proxy',
      'http://localhost/v1/chat/completions',
      { ...JSON_TYPE, 'x-forwarded-for': '1.2.3.4' },
      '127.0.0.1',
      403,
    ],
    [
      'a form of another site',
      'http://localhost/v1/chat/completions',
      { 'content-type': 'text/plain' },
      '127.0.0.1',
      415,
    ],
  ])('%s makes no calls', async (_name, url, headers, address, status) => {
    expect(await ask(url, headers as Record<string, string>, address)).toBe(status);
  });

  /** The statuses of requests that need no body, and so no permission of the gateway to be sent by a browser. */
  const askWithoutBody = (headers: Record<string, string>): Promise<(readonly [number, unknown])[]> => {
    const local = createGateway(world.ai);
    const requests = [
      ['POST', '/v1/responses/resp_1/cancel'],
      ['DELETE', '/v1/responses/resp_1'],
      ['GET', '/v1/responses/resp_1'],
      ['GET', '/v1/models'],
    ] as const;
    return Promise.all(
      requests.map(async ([method, path]) => {
        const request = new Request(`http://localhost:8787${path}`, { method, headers });
        const response = await local.fetch(request, { remoteAddress: '127.0.0.1' });
        const body = (await response.json()) as { readonly error?: { readonly code?: unknown } };
        return [response.status, body.error?.code] as const;
      }),
    );
  };

  test.each([
    ['a page of another site', { origin: 'https://evil.test' }],
    ['a page in a sandbox', { origin: 'null' }],
    ['an image of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ])('%s reads and cancels nothing', async (_name, headers) => {
    const before = sentUpstream();
    const refused = [403, 'foreign_origin'];
    expect(await askWithoutBody(headers as Record<string, string>)).toEqual([refused, refused, refused, refused]);
    expect(sentUpstream()).toBe(before);
  });

  test.each([
    ['a program', {}],
    ['the application of a developer', { origin: 'http://localhost:3000' }],
  ])('%s reads and cancels', async (_name, headers) => {
    const statuses = (await askWithoutBody(headers as Record<string, string>)).map(([status]) => status);
    expect(statuses).not.toContain(403);
    expect(statuses.at(-1)).toBe(200);
  });

  test('a gateway does not listen beyond the loopback interface', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.test']) {
      await expect(open.listen({ host, port: 0 })).rejects.toThrow('listen.host should be a loopback address');
    }
  });

  test('the admin routes and metrics do not exist', async () => {
    const peer = { remoteAddress: '127.0.0.1' };
    for (const path of ['/admin/state', '/admin/weights', '/metrics']) {
      expect((await open.fetch(new Request(`http://localhost${path}`), peer)).status).toBe(404);
    }
  });
});

describe('smuggling', () => {
  test.each([
    ['both lengths', `Content-Length: ${BODY.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin/state`],
    ['two lengths', `Content-Length: 5\r\nContent-Length: 6\r\n\r\n{"a":1}`],
    ['a negative length', 'Content-Length: -1\r\n\r\n'],
    ['a length that is no number', 'Content-Length: 1e3\r\n\r\n'],
    ['a list of lengths', 'Content-Length: 5, 5\r\n\r\n{"a"}'],
    ['chunked twice removed', 'Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n'],
    ['a folded header', 'X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n'],
    ['a space before the colon', 'Content-Length : 5\r\n\r\n{"a"}'],
    ['a chunk size with a sign', 'Transfer-Encoding: chunked\r\n\r\n+5\r\n{"a"}\r\n0\r\n\r\n'],
    ['a header with a line feed', 'X-A: 1\nX-B: 2\r\n\r\n'],
    ['a header with a NUL', 'X-A: a\0b\r\n\r\n'],
  ])('%s is refused, and the connection closed', async (_name, rest) => {
    const before = sentUpstream();
    const answer = await sendRaw(world.port, HEAD + rest);
    expect(statusesOf(answer)[0]).toMatch(/^4(00|01|08|13|15)$/);
    expect(sentUpstream()).toBe(before);
  });

  test('pipelined requests are answered one by one, in order', async () => {
    const { socket, received } = await openRaw(world.port);
    socket.write(WHOLE + WHOLE.replace('/v1/chat/completions', '/v1/nothing') + WHOLE);
    await vi.waitFor(() => expect(statusesOf(received())).toEqual(['200', '404', '200']), 30_000);
    socket.destroy();
  });

  test('a request after a body that is too large is not read as one', async () => {
    const inner = `GET /admin/state HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${ADMIN}\r\n\r\n`;
    const answer = await sendRaw(world.port, `${HEAD}Content-Length: 20000\r\n\r\n${'x'.repeat(10_500)}${inner}`);
    expect(statusesOf(answer)).toEqual(['413']);
  });
});

describe('slow and large requests', () => {
  test.each([
    ['headers', 'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX-A: '],
    ['body', `${HEAD}Content-Length: 500\r\n\r\n{"model":`],
  ])('a client that sends its %s byte by byte is disconnected', async (_name, start) => {
    const { socket, received } = await openRaw(world.port);
    socket.write(start);
    const drip = setInterval(() => socket.write('a'), 200);
    await new Promise((resolve) => socket.once('close', resolve)).finally(() => clearInterval(drip));
    expect(statusesOf(received())).toEqual(expect.arrayContaining([]));
    await vi.waitFor(() => expect(world.gateway.inFlight).toBe(0), 20_000);
  });

  test.each([
    ['a length over the limit', `Content-Length: ${10 ** 9}\r\n\r\n`, ''],
    ['chunks over the limit', 'Transfer-Encoding: chunked\r\n\r\n', `2710\r\n${'x'.repeat(10_000)}\r\n`.repeat(3)],
  ])('%s is refused without being read', async (_name, headers, body) => {
    const answer = await sendRaw(world.port, HEAD + headers + body);
    expect(statusesOf(answer)).toEqual(['413']);
    expect(answer).toContain('body_too_large');
    expect(world.gateway.inFlight).toBe(0);
  });

  test('headers without end are refused', async () => {
    const answer = await sendRaw(world.port, `${HEAD}X-A: ${'a'.repeat(64_000)}\r\n\r\n`);
    expect(statusesOf(answer)).toEqual(['431']);
  });

  test('deeply nested JSON is an error, and the gateway goes on', async () => {
    const response = await world.post('/v1/chat/completions', '['.repeat(9_000));
    expect(response.status).toBe(400);
    expect((await fetch(`${world.url}/health`)).status).toBe(200);
  });

  test.each([
    ['invalid UTF-8', new Uint8Array([0x7b, 0xff, 0x7d])],
    ['a list', '[]'],
    ['a string', '"text"'],
    ['null', 'null'],
    ['nothing', ''],
  ])('%s as a body gets a 400', async (_name, body) => {
    const response = await fetch(`${world.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body,
    });
    expect([response.status, (await errorOf(response))['code']]).toEqual([400, 'invalid_json']);
  });
});

describe('paths and methods', () => {
  test.each([
    '/v1//chat/completions',
    '/v1/chat/completions/',
    '/V1/chat/completions',
    '/v1/chat%2fcompletions',
    '/v1/files',
    '/v1/models/..%2ffiles',
    '/v1/models/%2e%2e%2ffiles',
    '/v1/models/a%00b',
    '/v1/models/a%3Fb=1',
    '/v1/responses/..%2f..%2ffiles',
    '/v1/responses/a/b',
    '/health/../v1/files',
    '//evil.test/v1/models',
    '/__proto__',
    '/',
  ])('%s does not exist', async (path) => {
    const before = sentUpstream();
    const answer = await sendRaw(
      world.port,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`,
    );
    expect(statusesOf(answer)).toEqual(['404']);
    expect(answer).toContain('"code":"unknown_url"');
    expect(sentUpstream()).toBe(before);
  });

  test('a model with a slash in its name is asked for by this name', async () => {
    await fetch(`${world.url}/v1/models/deepseek%2Fdeepseek-chat`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect(world.stable.requests.at(-1)?.path).toBe('/v1/models/deepseek/deepseek-chat');
  });

  test.each([
    ['GET', '/v1/chat/completions', 'POST'],
    ['DELETE', '/v1/chat/completions', 'POST'],
    ['OPTIONS', '/v1/chat/completions', 'POST'],
    ['POST', '/v1/models', 'GET'],
    ['POST', '/health', 'GET'],
    ['DELETE', '/admin/weights', 'GET, PUT'],
  ])('%s %s gets a 405 that allows %s', async (method, path, allowed) => {
    const response = await fetch(world.url + path, { method, headers: { authorization: `Bearer ${TOKEN}` } });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allowed]);
  });

  test.each(['x-canary-key', 'x-user-id', 'x-canary-upstream', 'x-canary', 'x-canary-task', 'x-canary-attributes'])(
    'a strange %s injects nothing and ends nothing',
    async (name) => {
      const response = await world.post('/v1/chat/completions', CHAT, { [name]: '__proto__=1&a\t=%0d%0aX-Evil: 1;é' });
      expect([200, 400]).toContain(response.status);
      expect(response.headers.get('x-evil')).toBeNull();
      await response.text();
    },
  );

  test('an unknown upstream is named in a 400', async () => {
    const response = await world.post('/v1/chat/completions', CHAT, { 'x-canary-upstream': 'gemni' });
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ message: expect.stringMatching(/gemni.*gemini/) });
  });
});

describe('options', () => {
  test.each([
    [{ auth: { web: 'short' } }, 'gateway.auth.web should have at least 16 characters'],
    [{ auth: {} }, 'gateway.auth should have at least one token'],
    [{ auth: TOKEN }, 'gateway.auth should be an object of tokens by name, got a string'],
    [
      { auth: { web: { token: TOKEN, rpm: 0 } } },
      'gateway.auth.web.rpm should be a whole number between 1 and 1000000, got 0',
    ],
    [{ auth: { web: { token: TOKEN, rmp: 1 } } }, 'gateway.auth.web.rmp is not an option'],
    [
      { auth: { web: { token: TOKEN, budget: { per: 'day', limitUsd: 0 } } } },
      'gateway.auth.web.budget.limitUsd should be above 0, got 0',
    ],
    [
      { auth: { web: TOKEN, batch: { token: ['another-token-of-ci', ADMIN] } }, admin: { ops: ADMIN } },
      'gateway.admin.ops should differ from the token of gateway.auth.batch',
    ],
    [{ auth: { web: TOKEN, batch: { token: TOKEN } } }, 'gateway.auth.batch should differ from the token of web'],
    [{ admin: { ops: 'short' } }, 'gateway.admin.ops should have at least 16 characters'],
    [{ bodyLimitBytes: 0 }, 'gateway.bodyLimitBytes should be a whole number, at least 1, got 0'],
    [{ forwardHeaders: ['Cookie'] }, 'gateway.forwardHeaders[0] should be a header name in lower case'],
    [
      { forwardHeaders: ['authorization'] },
      'gateway.forwardHeaders[0] should not be authorization, which never leaves the gateway',
    ],
    [{ metrics: 'text' }, 'gateway.metrics should be a function that gives a text, or a registry'],
    [{ tokens: {} }, 'gateway.tokens is not an option'],
  ])('%j is refused', (options, message) => {
    expect(messageOf(() => createGateway(world.ai, options as never))).toBe(message);
  });
});

test('a connection that says nothing is closed', async () => {
  const socket = connect(world.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('close', resolve).resume());
  expect(socket.destroyed).toBe(true);
});
