/** Long streams, clients that vanish or do not read, and how a gateway drains. */

import { createServer } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import { createGateway } from '../../src/gateway/index.ts';
import { CanaryClient } from '../../src/index.ts';
import { serve } from '../http/serve.ts';
import { openRaw } from '../http/raw-request.ts';
import { CHAT, TOKEN, startWorld, type World } from './support.ts';

const PATIENT = { timeout: 40_000, interval: 50 };
const BODY = JSON.stringify({ ...CHAT, stream: true });
const STREAM_REQUEST = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const idle = (world: World): Promise<void> => vi.waitFor(() => expect(world.gateway.inFlight).toBe(0), PATIENT);

/** The client keeps the text of an answer, so most bytes are padding, as OpenAI adds it. */
const chunkOf = (padding: number): string =>
  `data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a"}}],"obfuscation":"${'x'.repeat(padding)}"}\n\n`;

/** A provider that streams chunks as fast as they are read, at most `chunks`, then leaves the stream open or ends it. */
async function streamingProvider({ chunks, padding, ends }: { chunks: number; padding: number; ends: boolean }) {
  const state = { sent: 0, open: 0 };
  const chunk = chunkOf(padding);
  const served = await serve((req, res) => {
    state.open += 1;
    res.once('close', () => (state.open -= 1));
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const write = (): void => {
      while (sent < chunks) {
        sent += 1;
        state.sent += 1;
        if (!res.write(chunk)) return;
      }
      if (ends) res.end(END);
    };
    req.resume().once('end', write);
    res.on('drain', write);
  });
  return { served, state, baseURL: `${served.url}/v1` };
}

const END = 'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';

/** Bytes in use after a garbage collection. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('a stream of 10,000 chunks passes through whole, in flat memory', async () => {
  const { served, baseURL } = await streamingProvider({ chunks: 10_000, padding: 1_000, ends: true });
  await using _ = served;
  await using world = await startWorld({ client: { baseURL } });
  const response = await world.post('/v1/chat/completions', { ...CHAT, stream: true });
  const reader = response.body!.getReader();
  let bytes = 0;
  let measured = 0;
  const inUse: number[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes - measured < 1_000_000) continue;
    measured = bytes;
    inUse.push(bytesInUse());
  }
  expect(bytes).toBe(10_000 * chunkOf(1_000).length + END.length);
  expect(inUse.length).toBeGreaterThan(8);
  // What is on its way comes and goes. A gateway that kept the stream would hold 5 MB more in all of the second half.
  const half = Math.floor(inUse.length / 2);
  expect(Math.min(...inUse.slice(half)) - Math.min(...inUse.slice(0, half))).toBeLessThan(3_000_000);
  await idle(world);
});

test('a client that does not read holds its upstream back, and is disconnected when it never reads', async () => {
  const { served, state, baseURL } = await streamingProvider({
    chunks: 1_000_000,
    padding: 2_000,
    ends: true,
  });
  await using _ = served;
  await using world = await startWorld({ client: { baseURL }, gateway: { stallTimeout: 1_500 } });
  const { socket } = await openRaw(world.port);
  socket.pause();
  socket.write(STREAM_REQUEST);
  await vi.waitFor(() => expect(state.sent).toBeGreaterThan(0), PATIENT);
  await idle(world);
  await vi.waitFor(() => expect(state.open).toBe(0), PATIENT);
  expect(state.sent).toBeLessThan(100_000);
  socket.destroy();
});

test.each([
  ['before the answer', { stable: { latencyMs: 60_000 } }],
  ['within a stream', { stable: { chunkDelayMs: 30_000, answer: 'one two three' } }],
])('a client that disconnects %s aborts its upstream', async (_name, options) => {
  await using world = await startWorld(options);
  const { socket } = await openRaw(world.port);
  socket.write(STREAM_REQUEST);
  await vi.waitFor(() => expect(world.stable.requests).toHaveLength(1), PATIENT);
  socket.destroy();
  await world.stable.idle();
  expect(world.stable.requests[0]).toMatchObject({ aborted: true });
  await idle(world);
  expect(world.ai.canary.snapshot().upstreams['openai']).toMatchObject({ aborted: 1, failures: 0 });
});

test('1,000 clients that vanish leave nothing behind', async () => {
  const { served, state, baseURL } = await streamingProvider({ chunks: 3, padding: 5, ends: false });
  await using _ = served;
  await using world = await startWorld({
    client: { baseURL },
    options: { upstreams: { openai: { limits: { concurrency: 5_000 } } } },
  });
  const timersBefore = timers();
  for (let round = 0; round < 10; round += 1) {
    const clients = await Promise.all(Array.from({ length: 100 }, () => openRaw(world.port)));
    for (const { socket } of clients) socket.write(STREAM_REQUEST);
    // Some have a part of their stream, and some have nothing yet.
    await vi.waitFor(
      () => expect(clients.filter(({ received }) => received() !== '').length).toBeGreaterThan(30),
      PATIENT,
    );
    for (const { socket } of clients) socket.destroy();
  }
  await idle(world);
  await vi.waitFor(() => expect(state.open).toBe(0), PATIENT);
  await vi.waitFor(
    () => expect(world.ai.canary.snapshot().upstreams['openai']?.limits).toMatchObject({ underWay: 0, waiting: 0 }),
    PATIENT,
  );
  await vi.waitFor(() => expect(timers() - timersBefore).toBeLessThan(20), PATIENT);
  expect((await world.post('/v1/models', {})).status).toBe(405);
});

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('a drain lets requests finish, refuses new ones, and closes its connections', async () => {
  await using world = await startWorld({ stable: { chunkDelayMs: 100, answer: 'one two three four five' } });
  const stream = await world.post('/v1/chat/completions', { ...CHAT, stream: true });
  const closed = Promise.all([world.gateway.close({ timeoutMs: 600_000 }), world.gateway.close()]);
  expect((await world.gateway.fetch(new Request(`${world.url}/ready`))).status).toBe(503);
  expect((await world.gateway.fetch(new Request(`${world.url}/health`))).status).toBe(200);
  const late = new Request(`${world.url}/v1/models`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect((await world.gateway.fetch(late)).status).toBe(503);
  await expect(fetch(`${world.url}/health`, { headers: { connection: 'close' } })).rejects.toThrow('fetch failed');
  expect(await stream.text()).toMatch(/data: \[DONE\]\n\n$/);
  await closed;
  expect(world.gateway.inFlight).toBe(0);
});

test('requests that outlast a drain are aborted, with an error at the end of a stream', async () => {
  await using world = await startWorld({ stable: { chunkDelayMs: 60_000, answer: 'one two three' } });
  const stream = await world.post('/v1/chat/completions', { ...CHAT, stream: true });
  await world.gateway.close({ timeoutMs: 50 });
  const text = await stream.text();
  expect(text).toContain('"code":"shutting_down"');
  expect(text).not.toContain('[DONE]');
  await world.stable.idle();
  expect(world.stable.requests[0]?.aborted).toBe(true);
});

test('a request that waits for its answer when the drain ends gets a 503', async () => {
  await using world = await startWorld({ stable: { latencyMs: 60_000 } });
  const answer = world.post('/v1/chat/completions', CHAT);
  await vi.waitFor(() => expect(world.stable.requests).toHaveLength(1), PATIENT);
  await world.gateway.close({ timeoutMs: 0 });
  expect((await answer).status).toBe(503);
});

test('openMetrics that is no boolean is refused, so that a text does not open the metrics', () => {
  expect(() => createGateway(new CanaryClient({ apiKey: 'key' }), { openMetrics: 'no' as never })).toThrow(
    'gateway.openMetrics should be true or false, got "no"',
  );
});

test('requests over maxInFlight get a 503, and health still answers', async () => {
  await using world = await startWorld({ stable: { latencyMs: 60_000 }, gateway: { maxInFlight: 1 } });
  const first = new AbortController();
  const waiting = fetch(`${world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(CHAT),
    signal: first.signal,
  }).catch(() => undefined);
  await vi.waitFor(() => expect(world.gateway.inFlight).toBe(1), PATIENT);
  const refused = await world.post('/v1/chat/completions', CHAT);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await fetch(`${world.url}/health`)).status).toBe(200);
  first.abort();
  await waiting;
});

test('the Node handler serves within the server of an application', async () => {
  await using world = await startWorld();
  const server = createServer(world.gateway.node).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const response = await fetch(`http://127.0.0.1:${port}/v1/models`, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(response.status).toBe(200);
  server.closeAllConnections();
  server.close();
});
