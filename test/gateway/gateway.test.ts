/** The gateway, through the official SDK and plain requests. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type APIError, OpenAI } from 'openai';
import { expect, test } from 'vitest';
import type { Gateway } from '../../src/gateway/index.ts';
import { serve } from '../http/serve.ts';
import { express } from '../support/express.ts';
import { CHAT, TOKEN, errorOf, startWorld } from './support.ts';

test('the SDK gets chats, completions, responses, embeddings, moderations and models', async () => {
  await using world = await startWorld();
  const { sdk } = world;
  expect((await sdk.chat.completions.create(CHAT)).choices[0]?.message.content).toBe('from openai');
  expect((await sdk.completions.create({ model: 'm', prompt: 'Hello' })).choices).toHaveLength(1);
  expect((await sdk.responses.create({ model: 'm', input: 'Hello' })).output_text).toBe('from openai');
  expect((await sdk.embeddings.create({ model: 'm', input: 'Hello' })).data).toHaveLength(1);
  expect((await sdk.moderations.create({ model: 'm', input: 'Hello' })).results).toHaveLength(1);
  expect((await sdk.models.list()).data.length).toBeGreaterThan(0);
});

test('a stream is passed on to the byte', async () => {
  await using world = await startWorld();
  const body = { ...CHAT, stream: true, stream_options: { include_usage: true } };
  const bare = await fetch(`${world.stable.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer key-of-openai', 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const response = await world.post('/v1/chat/completions', body);
  const sameIds = (text: string): string => text.replaceAll(/"(id|created|system_fingerprint)":("[^"]*"|\d+)/g, '');
  expect(sameIds(await response.text())).toBe(sameIds(await bare.text()));
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
});

test('the usage chunk that the client adds for itself is hidden from a stream', async () => {
  await using world = await startWorld();
  const text = await (await world.post('/v1/chat/completions', { ...CHAT, stream: true })).text();
  expect(text).not.toContain('"choices":[]');
  expect(text).toMatch(/data: \[DONE\]\n\n$/);
});

test.each([
  [{}, 'openai', 0],
  [{ 'x-canary-upstream': 'gemini' }, 'gemini', 1],
  [{ 'x-canary': 'true' }, 'gemini', 1],
  [{ 'x-canary': 'Always' }, 'gemini', 1],
  [{ 'x-canary': 'never' }, 'openai', 0],
])('the headers %j lead to %s, which the answer names', async (headers, upstream, requests) => {
  await using world = await startWorld();
  for (const stream of [false, true]) {
    const response = await world.post('/v1/chat/completions', { ...CHAT, stream }, headers);
    expect(response.headers.get('x-canary-upstream')).toBe(upstream);
    await response.text();
  }
  expect(world.canary.requests).toHaveLength(2 * requests);
});

test('a query string changes neither the route nor what is charged', async () => {
  await using world = await startWorld({ options: { weights: { gemini: 1 } } });
  const response = await world.post('/v1/chat/completions?api-version=1', CHAT);
  expect(response.headers.get('x-canary-upstream')).toBe('gemini');
  await response.text();
  expect([world.canary.requests.length, world.stable.requests.length]).toEqual([1, 0]);
});

test.each(['x-user-id', 'x-canary-key'])('a user named in %s keeps the upstream', async (name) => {
  await using world = await startWorld({ options: { weights: { gemini: 0.5 } } });
  const seen = new Map<string, Set<string | null>>();
  for (let index = 0; index < 24; index += 1) {
    const user = `user-${index % 8}`;
    const response = await world.post('/v1/chat/completions', CHAT, { [name]: user });
    await response.text();
    seen.set(user, (seen.get(user) ?? new Set()).add(response.headers.get('x-canary-upstream')));
    expect(world.ai.canary.explain({ key: user }).upstream).toBe(response.headers.get('x-canary-upstream'));
  }
  expect([...seen.values()].every((upstreams) => upstreams.size === 1)).toBe(true);
  expect(new Set([...seen.values()].flatMap((upstreams) => [...upstreams])).size).toBe(2);
});

test('attributes of the request and the name of its caller select segments', async () => {
  const segments = [{ when: { plan: 'premium', beta: true }, upstream: 'gemini' }];
  await using world = await startWorld({ options: { segments } });
  const upstreamOf = async (headers: Record<string, string>): Promise<string | null> => {
    const response = await world.post('/v1/chat/completions', CHAT, headers);
    await response.text();
    return response.headers.get('x-canary-upstream');
  };
  expect(await upstreamOf({ 'x-canary-attributes': 'plan=premium&beta=true' })).toBe('gemini');
  expect(await upstreamOf({ 'x-canary-attributes': 'plan=free&beta=true' })).toBe('openai');
  world.ai.canary.setSegments([{ when: { caller: 'batch' }, upstream: 'gemini' }]);
  expect(await upstreamOf({ 'x-canary-attributes': 'caller=batch' })).toBe('openai');
  world.ai.canary.setSegments([{ when: { caller: 'web' }, upstream: 'gemini' }]);
  expect(await upstreamOf({})).toBe('gemini');
});

test.each([
  ['express.json() before it', (gateway: Gateway) => express().use(express.json()).use(gateway.node), 200, undefined],
  [
    'a reader of bodies before it that leaves none',
    (gateway: Gateway) => (req: IncomingMessage, res: ServerResponse) =>
      void req.resume().once('end', () => gateway.node(req, res)),
    500,
    'mount the handler before whatever reads bodies',
  ],
] as const)('a gateway within a server with %s answers', async (_name, listenerOf, status, message) => {
  await using world = await startWorld();
  await using served = await serve(listenerOf(world.gateway));
  const sdk = new OpenAI({ apiKey: TOKEN, baseURL: `${served.url}/v1` });
  const [answer, error] = await sdk.chat.completions.create(CHAT).then(
    (completion) => [completion, undefined] as const,
    (thrown: APIError) => [undefined, thrown] as const,
  );
  expect(answer?.choices[0]?.message.content).toBe(status === 200 ? 'from openai' : undefined);
  expect(error?.message ?? '').toContain(message ?? '');
  expect(error?.status ?? 200).toBe(status);
  expect(world.stable.requests).toHaveLength(status === 200 ? 1 : 0);
});

test.each(['caller=batch', '%20caller=batch', 'a=1& caller =batch', '+caller=batch', 'caller%09=batch'])(
  'the attributes %j name no caller, also without tokens',
  async (attributes) => {
    const segments = [{ when: { caller: 'batch' }, upstream: 'gemini' }];
    await using world = await startWorld({ options: { segments }, gateway: { auth: undefined } });
    const response = await world.post('/v1/chat/completions', CHAT, { 'x-canary-attributes': attributes });
    expect([response.status, response.headers.get('x-canary-upstream')]).toEqual([200, 'openai']);
  },
);

test('the upstream gets its own key, the listed headers, and nothing else of the caller', async () => {
  await using world = await startWorld();
  const response = await world.post('/v1/chat/completions', CHAT, {
    cookie: 'session=1',
    'openai-beta': 'assistants=v2',
    'openai-organization': 'org-of-caller',
    'x-mine': '1',
    'x-user-id': 'user-1',
    'x-canary-task': 'greet',
    'x-forwarded-for': '10.0.0.1',
  });
  await response.text();
  const { headers } = world.stable.requests[0]!;
  const sent = JSON.stringify(headers);
  expect(headers).toMatchObject({ authorization: 'Bearer key-of-openai', 'openai-beta': 'assistants=v2' });
  for (const secret of [TOKEN, 'session=1', 'org-of-caller', 'x-mine', 'user-1', 'greet', '10.0.0.1']) {
    expect(sent).not.toContain(secret);
  }
});

test('an answer keeps what OpenAI says of itself, and no cookies of the upstream', async () => {
  const headers = {
    'set-cookie': 'a=1',
    'x-request-id': 'req_1',
    'x-ratelimit-remaining-requests': '7',
    'alt-svc': 'h3',
  };
  await using world = await startWorld({ stable: { headers } });
  const response = await world.post('/v1/chat/completions', CHAT);
  await response.text();
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'x-request-id': 'req_1',
    'x-ratelimit-remaining-requests': '7',
    'content-type': 'application/json',
  });
  expect([response.headers.get('set-cookie'), response.headers.get('alt-svc')]).toEqual([null, null]);
});

test('a failing upstream is fallen back from, invisibly for the SDK', async () => {
  const canary = { faults: { '*': { kind: 'status' as const, status: 503 } } };
  await using world = await startWorld({ canary, options: { weights: { gemini: 1 }, retry: { minDelay: 0 } } });
  const { data, response } = await world.sdk.chat.completions.create(CHAT).withResponse();
  expect(data.choices[0]?.message.content).toBe('from openai');
  expect(response.headers.get('x-canary-upstream')).toBe('openai');
});

test('a stored response can be retrieved, and is found on the upstream that made it', async () => {
  await using world = await startWorld({ options: { weights: { gemini: 1 } } });
  const { id } = await world.sdk.responses.create({ model: 'm', input: 'Hello', store: true });
  expect((await world.sdk.responses.retrieve(id)).output_text).toBe('from gemini');
  expect(world.canary.requests.map(({ method, path }) => `${method} ${path}`)).toContain(`GET /v1/responses/${id}`);
});

test('a request without a required parameter gets the error of OpenAI, and reaches no upstream', async () => {
  await using world = await startWorld();
  const response = await world.post('/v1/chat/completions', { model: 'gpt-4.1' });
  expect(response.status).toBe(400);
  expect(await errorOf(response)).toEqual({
    message: "Missing required parameter: 'messages'.",
    type: 'invalid_request_error',
    param: 'messages',
    code: 'missing_required_parameter',
  });
  expect(world.stable.requests).toHaveLength(0);
});

test('the SDK reads errors as its own classes', async () => {
  await using world = await startWorld({ stable: { models: ['known'] }, gateway: { bodyLimitBytes: 2_000 } });
  const { sdk } = world;
  const errorOfChat = (body: object): Promise<unknown> =>
    sdk.chat.completions.create({ ...CHAT, ...body }).catch((error: unknown) => error);
  expect(await errorOfChat({ model: 'unknown' })).toBeInstanceOf(OpenAI.NotFoundError);
  expect(await errorOfChat({ user: 'u'.repeat(3_000) })).toMatchObject({ status: 413, code: 'body_too_large' });
  expect(await errorOfChat({ messages: undefined })).toBeInstanceOf(OpenAI.BadRequestError);
  const stranger = sdk.withOptions({ apiKey: 'token-of-nobody-at-all' });
  await expect(stranger.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
});

test('a refusal of the upstream keeps its status, its body and its retry-after', async () => {
  const fault = { kind: 'status' as const, status: 429, headers: { 'retry-after': '120' } };
  await using world = await startWorld({ stable: { faults: { '*': fault } }, client: { maxRetries: 0 } });
  const response = await world.post('/v1/chat/completions', CHAT);
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '120']);
  expect(response.headers.get('x-canary-upstream')).toBe('openai');
  expect(await errorOf(response)).toMatchObject({ type: expect.any(String), message: expect.any(String) });
});

test("a 401 of the upstream is not the caller's: it gets a 502", async () => {
  await using world = await startWorld({ stable: { apiKey: 'another-key' } });
  const response = await world.post('/v1/chat/completions', CHAT);
  expect(response.status).toBe(502);
  expect(await errorOf(response)).toMatchObject({ type: 'server_error', code: 'upstream_auth' });
});

test.each([
  ['the time limit of an attempt', { timeout: 100 }, {}, 'timeout'],
  ['the deadline', {}, { timeouts: { deadline: 100 } }, 'deadline_exceeded'],
])('%s that passes gives a 504', async (_name, client, options, code) => {
  await using world = await startWorld({
    stable: { latencyMs: 60_000 },
    client: { maxRetries: 0, ...client },
    options,
  });
  const response = await world.post('/v1/chat/completions', CHAT);
  expect([response.status, (await errorOf(response))['code']]).toEqual([504, code]);
});

test('an upstream that cannot be reached gives a 502', async () => {
  await using world = await startWorld({ client: { baseURL: 'http://127.0.0.1:1/v1', maxRetries: 0 } });
  const response = await world.post('/v1/chat/completions', CHAT);
  expect([response.status, (await errorOf(response))['code']]).toEqual([502, 'upstream_unreachable']);
});

test('an upstream at its limits gives a 429 that says when to try again', async () => {
  await using world = await startWorld({ options: { upstreams: { openai: { limits: { rpm: 1 } } }, fallbacks: [] } });
  await (await world.post('/v1/chat/completions', CHAT)).text();
  const response = await world.post('/v1/chat/completions', CHAT);
  expect([response.status, (await errorOf(response))['code']]).toEqual([429, 'rate_limit_exceeded']);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(30);
});

test.each(['/v1/chat/completions', '/v1/responses'])(
  'a stream of %s that breaks off ends with an error',
  async (path) => {
    const fault = { kind: 'cut' as const, afterChunks: 2 };
    await using world = await startWorld({ stable: { faults: { '*': fault }, answer: 'one two three four five six' } });
    const { sdk } = world;
    const read = async (): Promise<void> => {
      const stream =
        path === '/v1/responses'
          ? await sdk.responses.create({ model: 'm', input: 'Hello', stream: true })
          : await sdk.chat.completions.create({ ...CHAT, stream: true });
      for await (const chunk of stream) void chunk;
    };
    await expect(read()).rejects.toThrow(/broke off/);
  },
);
