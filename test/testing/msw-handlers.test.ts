import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { APIConnectionError, OpenAI, RateLimitError } from 'openai';
import { expect, test } from 'vitest';
import { ManualClock, createHandlers } from '../../src/testing/index.ts';
import { drain, messages, until } from './bare-client.ts';

const mock = createHandlers({ http, HttpResponse });
const request = { model: 'm', messages } as const;

function intercept(...handlers: Parameters<typeof setupServer>) {
  const server = setupServer(...handlers);
  server.listen({ onUnhandledFrame: 'error' });
  return { [Symbol.dispose]: () => server.close() };
}

function client(baseURL?: string): OpenAI {
  return new OpenAI({ apiKey: 'test-key', maxRetries: 0, logLevel: 'off', baseURL });
}

test('chat: answers with the given text and usage', async () => {
  using _ = intercept(mock.chat({ text: 'Hi', usage: { promptTokens: 9 }, headers: { 'x-request-id': 'req_1' } }));
  const completion = await client().chat.completions.create(request);
  expect(completion.choices[0]?.message.content).toBe('Hi');
  expect(completion.usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 });
  expect(completion._request_id).toBe('req_1');
});

test('chat: streams if the request asks for a stream', async () => {
  using _ = intercept(mock.chat({ text: 'Hello there' }));
  const final = await client().chat.completions.stream(request).finalChatCompletion();
  expect(final.choices[0]?.message.content).toBe('Hello there');
});

test('responses: answers in one piece and as a stream', async () => {
  using _ = intercept(mock.responses({ text: 'Hello there' }));
  expect((await client().responses.create({ model: 'm', input: 'Hi' })).output_text).toBe('Hello there');
  const streamed = await client().responses.stream({ model: 'm', input: 'Hi' }).finalResponse();
  expect(streamed.output_text).toBe('Hello there');
});

test('answers completions, embeddings and moderations', async () => {
  using _ = intercept(mock.completions(), mock.embeddings(), mock.moderations());
  const ai = client();
  expect((await ai.completions.create({ model: 'm', prompt: 'Hi' })).choices[0]?.text).toBe('Hello from m.');
  expect((await ai.embeddings.create({ model: 'm', input: 'Hi', dimensions: 4 })).data[0]?.embedding).toHaveLength(4);
  expect((await ai.moderations.create({ input: 'Hi' })).results[0]?.flagged).toBe(false);
});

test('an error status has OpenAI’s error as body', async () => {
  using _ = intercept(mock.chat({ status: 429, headers: { 'retry-after': '2' } }));
  const error: unknown = await client()
    .chat.completions.create(request)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RateLimitError);
  expect(error).toMatchObject({ code: 'rate_limit_exceeded' });
  expect((error as RateLimitError).headers?.get('retry-after')).toBe('2');
});

test('sends a given body unchanged', async () => {
  using _ = intercept(mock.chat({ body: { choices: [], custom: true } }));
  expect(await client().chat.completions.create(request)).toMatchObject({ custom: true });
});

test('uses one reply per request, and repeats the last one', async () => {
  using _ = intercept(mock.chat({ replies: [{ text: 'one' }, { text: 'two' }] }));
  const ai = client();
  const say = async () => (await ai.chat.completions.create(request)).choices[0]?.message.content;
  expect([await say(), await say(), await say()]).toEqual(['one', 'two', 'two']);
});

test('each base URL has its own handlers', async () => {
  using _ = intercept(
    mock.chat({ text: 'openai' }),
    mock.chat({ text: 'relay', baseURL: 'https://relay.example/v1/' }),
  );
  const say = async (ai: OpenAI) => (await ai.chat.completions.create(request)).choices[0]?.message.content;
  expect(await say(client())).toBe('openai');
  expect(await say(client('https://relay.example/v1'))).toBe('relay');
});

test('faults have the same effect on intercepted requests as on real ones', async () => {
  using _ = intercept(
    mock.chat({
      replies: [
        { fault: { kind: 'reset' } },
        { fault: { kind: 'cut', afterChunks: 2 } },
        { fault: { kind: 'endEarly', afterChunks: 2 } },
      ],
    }),
  );
  const ai = client();
  await expect(ai.chat.completions.create(request)).rejects.toBeInstanceOf(APIConnectionError);
  const cut = await drain(await ai.chat.completions.create({ ...request, stream: true }));
  expect(cut.error).toBeInstanceOf(TypeError);
  const ended = await drain(await ai.chat.completions.create({ ...request, stream: true }));
  expect([ended.chunks.length, ended.error]).toEqual([2, undefined]);
});

test('delays pass on the given clock', async () => {
  const clock = new ManualClock(0);
  using _ = intercept(mock.chat({ delayMs: 5_000, clock }));
  let settled = false;
  const call = client().chat.completions.create(request);
  void call.then(() => (settled = true));
  await until(() => clock.pendingTimers === 1);
  await clock.advance(4_999);
  expect(settled).toBe(false);
  await clock.advance(1);
  expect((await call).choices[0]?.message.content).toBe('Hello from m.');
});

test('a manual clock alone drives a call through msw: no real time passes', async () => {
  const clock = new ManualClock(0);
  using _ = intercept(mock.chat({ delayMs: 100, chunkDelayMs: 50, text: 'Hi', clock }));
  const ended = client()
    .chat.completions.create({ ...request, stream: true })
    .then(drain)
    .then(() => clock.now());
  await clock.advance(10_000);
  // Role, text, finish_reason, [DONE]: three delays between four events.
  expect(await ended).toBe(250);
});

test('a stalled stream stays open until the caller aborts it', async () => {
  using _ = intercept(mock.chat({ fault: { kind: 'stall', afterChunks: 2 } }));
  const stream = await client().chat.completions.create({ ...request, stream: true });
  let ended = false;
  const drained = drain(stream).finally(() => (ended = true));
  await new ManualClock().advance(0);
  expect(ended).toBe(false);
  stream.controller.abort();
  expect((await drained).chunks).toHaveLength(2);
});

test('default options apply to every factory, unless the factory overrides them', async () => {
  const relay = createHandlers({ http, HttpResponse }, { baseURL: 'https://relay.example/v1', text: 'relay' });
  using _ = intercept(relay.chat(), relay.responses({ text: 'own' }));
  const ai = client('https://relay.example/v1');
  expect((await ai.chat.completions.create(request)).choices[0]?.message.content).toBe('relay');
  expect((await ai.responses.create({ model: 'm', input: 'Hi' })).output_text).toBe('own');
});
