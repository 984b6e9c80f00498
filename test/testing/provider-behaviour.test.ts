import { APIError } from 'openai';
import { expect, test } from 'vitest';
import { ManualClock, startProvider } from '../../src/testing/index.ts';
import type { Provider, ProviderOptions } from '../../src/testing/index.ts';
import { bareClient, drain, messages, until } from './bare-client.ts';

const request = { model: 'm', messages } as const;

async function statuses(options: ProviderOptions, count: number): Promise<number[]> {
  await using provider = await startProvider(options);
  const ai = bareClient(provider);
  for (let call = 0; call < count; call++) await ai.chat.completions.create(request).catch(ignoreStatus);
  return provider.requests.map(({ status }) => status ?? 0);
}

function ignoreStatus(error: unknown): void {
  if (!(error instanceof APIError)) throw error;
}

/** Makes a call, advances the clock while the provider waits, and returns the elapsed time in ms. */
async function waitingTime(provider: Provider, clock: ManualClock, stream: boolean): Promise<number> {
  const startedAtMs = clock.now();
  const ended: number[] = [];
  const call = async () => {
    const response = await bareClient(provider)
      .chat.completions.create({ ...request, stream })
      .asResponse();
    await response.text();
    ended.push(clock.now() - startedAtMs);
  };
  const done = call();
  while (ended.length === 0) {
    await until(() => clock.pendingTimers > 0 || ended.length > 0);
    if (ended.length === 0) await clock.advance(1);
  }
  await done;
  return ended[0] ?? Number.NaN;
}

test('no request fails without an error rate', async () => {
  expect(new Set(await statuses({}, 20))).toEqual(new Set([200]));
});

test('the error rate and the mix decide how many fail, and how', async () => {
  const errorMix = [
    { status: 503, weight: 3 },
    { status: 429, weight: 1, headers: { 'retry-after': '1' } },
  ];
  const all = await statuses({ errorRate: 0.5, errorMix }, 300);
  const share = (status: number) => all.filter((one) => one === status).length / all.length;
  // Three standard deviations of a share over 300 calls are at most 0.087.
  expect(Math.abs(share(503) - 0.375)).toBeLessThan(0.087);
  expect(Math.abs(share(429) - 0.125)).toBeLessThan(0.06);
  expect(share(200) + share(503) + share(429)).toBe(1);
});

test('equal seeds give equal errors, different seeds different ones', async () => {
  const run = (seed: number) => statuses({ seed, errorRate: 0.5 }, 40);
  const [once, again, other] = [await run(5), await run(5), await run(6)];
  expect(again).toEqual(once);
  expect(other).not.toEqual(once);
});

test('a higher error rate fails the same requests and more', async () => {
  const low = await statuses({ errorRate: 0.2 }, 40);
  const high = await statuses({ errorRate: 0.6 }, 40);
  expect(low.every((status, index) => status === 200 || high[index] === 500)).toBe(true);
  expect(high.filter((status) => status === 500).length).toBeGreaterThan(low.filter((status) => status === 500).length);
});

test('faults may be part of the error mix', async () => {
  await using provider = await startProvider({
    errorRate: 1,
    errorMix: [{ weight: 1, fault: { kind: 'endEarly', afterChunks: 1 } }],
  });
  const stream = await bareClient(provider).chat.completions.create({ ...request, stream: true });
  expect((await drain(stream)).chunks).toHaveLength(1);
});

test('the answer takes a fixed latency', async () => {
  const clock = new ManualClock(0);
  await using provider = await startProvider({ clock, latencyMs: 30 });
  expect(await waitingTime(provider, clock, false)).toBe(30);
});

test('an error takes the latency of an answer, but not its generation time', async () => {
  const clock = new ManualClock(0);
  const faults = { m: { kind: 'html', status: 200 } } as const;
  await using provider = await startProvider({ clock, latencyMs: 30, tokensPerSecond: 100, faults });
  expect(await waitingTime(provider, clock, true)).toBe(30);
  expect(await waitingTime(provider, clock, false)).toBe(30);
});

test('a latency may depend on the request', async () => {
  const clock = new ManualClock(0);
  await using provider = await startProvider({ clock, latencyMs: ({ index }) => 10 * (index + 1) });
  expect(await waitingTime(provider, clock, false)).toBe(10);
  expect(await waitingTime(provider, clock, false)).toBe(20);
});

test('a lognormal latency differs between requests, but not between runs', async () => {
  const run = async () => {
    const clock = new ManualClock(0);
    await using provider = await startProvider({ clock, latencyMs: { median: 20, sigma: 0.5 } });
    return [await waitingTime(provider, clock, false), await waitingTime(provider, clock, false)];
  };
  const [first, second] = await run();
  expect(first).not.toBe(second);
  expect(await run()).toEqual([first, second]);
});

test('tokens per second lengthen a stream and a JSON answer equally', async () => {
  const clock = new ManualClock(0);
  await using provider = await startProvider({
    clock,
    latencyMs: 10,
    tokensPerSecond: 500,
    usage: () => ({ completionTokens: 20 }),
  });
  expect(await waitingTime(provider, clock, false)).toBe(50);
  expect(Math.abs((await waitingTime(provider, clock, true)) - 50)).toBeLessThanOrEqual(1);
});

test('a chunk delay passes between the chunks of a stream', async () => {
  const clock = new ManualClock(0);
  await using provider = await startProvider({ clock, chunkDelayMs: 5, answer: 'Hi' });
  // Role, text, finish_reason, [DONE]: three delays between four events.
  expect(await waitingTime(provider, clock, true)).toBe(15);
});

test('if an answer function throws, the client gets a 500 with its message', async () => {
  await using provider = await startProvider({
    answer: () => {
      throw new Error('no such fixture');
    },
  });
  await expect(bareClient(provider).chat.completions.create(request)).rejects.toThrow('no such fixture');
});

test('settings change from the next request on; those left out stay', async () => {
  await using provider = await startProvider({ answer: 'before', models: ['m'] });
  const ai = bareClient(provider);
  const say = async () => (await ai.chat.completions.create(request)).choices[0]?.message.content;
  expect(await say()).toBe('before');
  provider.set({ answer: 'after' });
  expect(await say()).toBe('after');
  await expect(ai.chat.completions.create({ ...request, model: 'other' })).rejects.toMatchObject({ status: 404 });
});

test('keeps requests as they were received', async () => {
  const clock = new ManualClock(5_000);
  await using provider = await startProvider({ clock });
  await bareClient(provider).chat.completions.create(request, { headers: { 'X-Trace': 'abc' } });
  expect(provider.requests).toHaveLength(1);
  expect(provider.requests[0]).toMatchObject({
    index: 0,
    method: 'POST',
    path: '/v1/chat/completions',
    headers: { 'x-trace': 'abc', authorization: 'Bearer test-key' },
    body: { model: 'm', messages },
    rawBody: JSON.stringify(request),
    model: 'm',
    atMs: 5_000,
    status: 200,
    aborted: false,
  });
});

test('the list of requests is bounded and can be cleared', async () => {
  await using provider = await startProvider({ maxRequests: 2 });
  const ai = bareClient(provider);
  for (const model of ['a', 'b', 'c']) await ai.chat.completions.create({ model, messages });
  expect(provider.requests.map(({ model }) => model)).toEqual(['b', 'c']);
  provider.clear();
  expect(provider.requests).toEqual([]);
});

test('detects a client that disconnects in the middle of a stream, and stops waiting for it', async () => {
  const clock = new ManualClock();
  await using provider = await startProvider({ clock, chunkDelayMs: 1_000 });
  const stream = await bareClient(provider).chat.completions.create({ ...request, stream: true });
  for await (const _ of stream) break;
  await provider.idle();
  expect(provider.requests[0]).toMatchObject({ status: 200, aborted: true });
  expect(clock.pendingTimers).toBe(0);
});

test('does not count a client that reads to the end as aborted', async () => {
  await using provider = await startProvider();
  await drain(await bareClient(provider).chat.completions.create({ ...request, stream: true }));
  await provider.idle();
  expect(provider.requests[0]?.aborted).toBe(false);
});

test('close breaks open connections and stops the server', async () => {
  const provider = await startProvider({ faults: { m: { kind: 'silence' } } });
  const call = bareClient(provider)
    .chat.completions.create(request)
    .catch((error: unknown) => error);
  await until(() => provider.requests.length === 1);
  await provider.close();
  expect(await call).toBeInstanceOf(APIError);
  await expect(fetch(provider.url)).rejects.toBeInstanceOf(TypeError);
});

test('every answer has the additional headers and a request id', async () => {
  await using provider = await startProvider({ headers: { 'x-ratelimit-remaining-requests': '9' } });
  const { response, request_id } = await bareClient(provider).chat.completions.create(request).withResponse();
  expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('9');
  expect(request_id).toMatch(/^req_/);
});
