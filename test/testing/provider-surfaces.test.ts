import { AuthenticationError, AzureOpenAI, BadRequestError, NotFoundError } from 'openai';
import { expect, test } from 'vitest';
import { startProvider } from '../../src/testing/index.ts';
import { bareClient, drain, messages } from './bare-client.ts';

test('chat: an answer names its model and counts four characters per token', async () => {
  await using provider = await startProvider();
  const completion = await bareClient(provider).chat.completions.create({ model: 'gpt-4.1', messages });
  expect(completion.choices[0]?.message.content).toBe('Hello from gpt-4.1.');
  expect(completion.choices[0]?.finish_reason).toBe('stop');
  // 'user' and 'Say hello, please.' have 22 characters, the answer has 19.
  expect(completion.usage).toMatchObject({ prompt_tokens: 6, completion_tokens: 5, total_tokens: 11 });
});

test('chat: the chunks of a stream form the same answer, which the SDK assembles', async () => {
  await using provider = await startProvider({ answer: 'Grüße, 😀 and good day.' });
  const stream = bareClient(provider).chat.completions.stream({ model: 'm', messages });
  const final = await stream.finalChatCompletion();
  expect(final.choices[0]?.message.content).toBe('Grüße, 😀 and good day.');
  expect(final.choices[0]?.finish_reason).toBe('stop');
});

test('chat: no chunk splits a character', async () => {
  await using provider = await startProvider({ answer: 'abc😀def😀' });
  const stream = await bareClient(provider).chat.completions.create({ model: 'm', messages, stream: true });
  const { chunks } = await drain(stream);
  expect(chunks.map(({ choices }) => choices[0]?.delta.content)).toEqual(['', 'abc😀', 'def😀', undefined]);
});

test('chat: the first chunk has the role and no text', async () => {
  await using provider = await startProvider();
  const stream = await bareClient(provider).chat.completions.create({ model: 'm', messages, stream: true });
  const { chunks } = await drain(stream);
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '', refusal: null });
});

test('chat: `n` answers have an index each, streamed or not', async () => {
  await using provider = await startProvider();
  const ai = bareClient(provider);
  const whole = await ai.chat.completions.create({ model: 'm', messages, n: 2 });
  const streamed = await ai.chat.completions.stream({ model: 'm', messages, n: 2 }).finalChatCompletion();
  expect(whole.choices.map(({ index }) => index)).toEqual([0, 1]);
  expect(streamed.choices.map(({ message }) => message.content)).toEqual(['Hello from m.', 'Hello from m.']);
});

test("chat: the caller's token limit cuts the answer, with finish_reason `length`", async () => {
  await using provider = await startProvider({ answer: 'A rather long answer.' });
  const completion = await bareClient(provider).chat.completions.create({ model: 'm', messages, max_tokens: 2 });
  expect(completion.choices[0]).toMatchObject({ message: { content: 'A rather' }, finish_reason: 'length' });
  expect(completion.usage?.completion_tokens).toBe(2);
});

test('chat: a tool loop works, because the answer can depend on the request', async () => {
  await using provider = await startProvider({
    answer: ({ rawBody }) =>
      rawBody.includes('"tool"') ? 'It is 21 °C.' : { toolCalls: [{ name: 'weather', arguments: { city: 'Bern' } }] },
  });
  const cities: string[] = [];
  const runner = bareClient(provider).chat.completions.runTools({
    model: 'm',
    messages,
    tools: [
      {
        type: 'function',
        function: {
          name: 'weather',
          description: 'The temperature in a city',
          parse: JSON.parse,
          parameters: { type: 'object', properties: { city: { type: 'string' } } },
          function: ({ city }: { city: string }) => (cities.push(city), '21'),
        },
      },
    ],
  });
  expect(await runner.finalContent()).toBe('It is 21 °C.');
  expect(cities).toEqual(['Bern']);
});

test('chat: the SDK assembles streamed tool calls', async () => {
  await using provider = await startProvider({
    answer: { toolCalls: [{ name: 'weather', arguments: { city: 'Bern' } }] },
  });
  const final = await bareClient(provider).chat.completions.stream({ model: 'm', messages }).finalChatCompletion();
  expect(final.choices[0]?.finish_reason).toBe('tool_calls');
  expect(final.choices[0]?.message.tool_calls?.[0]).toMatchObject({
    type: 'function',
    function: { name: 'weather', arguments: '{"city":"Bern"}' },
  });
});

test('completions: answers in one piece and as a stream', async () => {
  await using provider = await startProvider({ answer: 'Once upon a time' });
  const ai = bareClient(provider);
  const whole = await ai.completions.create({ model: 'm', prompt: 'Tell a story.' });
  const { chunks } = await drain(await ai.completions.create({ model: 'm', prompt: 'Tell a story.', stream: true }));
  expect(whole.choices[0]?.text).toBe('Once upon a time');
  expect(chunks.map((chunk) => chunk.choices[0]?.text).join('')).toBe('Once upon a time');
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
});

test('responses: a stream sends the events in the order of the API, numbered', async () => {
  await using provider = await startProvider({ answer: 'Hi' });
  const stream = await bareClient(provider).responses.create({ model: 'm', input: 'Hello', stream: true });
  const { chunks } = await drain(stream);
  expect(chunks.map(({ type }) => type)).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  expect(chunks.map((event) => event.sequence_number)).toEqual(chunks.map((_, index) => index));
});

test('responses: the SDK assembles a stream into the same response', async () => {
  await using provider = await startProvider({
    answer: { text: 'Let me look.', toolCalls: [{ name: 'weather', arguments: { city: 'Bern' } }] },
  });
  const ai = bareClient(provider);
  const final = await ai.responses.stream({ model: 'm', input: 'Hello' }).finalResponse();
  const whole = await ai.responses.create({ model: 'm', input: 'Hello' });
  expect(final.output_text).toBe('Let me look.');
  expect(final.output.map(({ type }) => type)).toEqual(['message', 'function_call']);
  expect(final.usage).toEqual(whole.usage);
});

test('responses: a cut answer is incomplete, with its reason', async () => {
  await using provider = await startProvider({ answer: 'A rather long answer.' });
  const ai = bareClient(provider);
  const response = await ai.responses.create({ model: 'm', input: 'Hello', max_output_tokens: 2 });
  expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  const { chunks } = await drain(
    await ai.responses.create({ model: 'm', input: 'Hello', max_output_tokens: 2, stream: true }),
  );
  expect(chunks.at(-1)?.type).toBe('response.incomplete');
});

test('responses: only the provider that created a response knows its id', async () => {
  await using provider = await startProvider();
  await using other = await startProvider();
  const ai = bareClient(provider);
  const first = await ai.responses.create({ model: 'm', input: 'Hello' });
  expect((await ai.responses.retrieve(first.id)).output_text).toBe(first.output_text);
  await expect(
    ai.responses.create({ model: 'm', input: 'And?', previous_response_id: first.id }),
  ).resolves.toMatchObject({ previous_response_id: first.id });
  await expect(bareClient(other).responses.retrieve(first.id)).rejects.toBeInstanceOf(NotFoundError);
  await expect(
    bareClient(other).responses.create({ model: 'm', input: 'And?', previous_response_id: first.id }),
  ).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' });
});

test('responses: a deleted or unstored response is gone', async () => {
  await using provider = await startProvider();
  const ai = bareClient(provider);
  const stored = await ai.responses.create({ model: 'm', input: 'Hello' });
  const unstored = await ai.responses.create({ model: 'm', input: 'Hello', store: false });
  await ai.responses.delete(stored.id);
  await expect(ai.responses.retrieve(stored.id)).rejects.toBeInstanceOf(NotFoundError);
  await expect(ai.responses.retrieve(unstored.id)).rejects.toBeInstanceOf(NotFoundError);
});

test('embeddings: base64, which the SDK requests, and floats give the same unit vectors', async () => {
  await using provider = await startProvider();
  const ai = bareClient(provider);
  const request = { model: 'text-embedding-3-small', input: ['one', 'two'] };
  const decoded = await ai.embeddings.create(request);
  const floats = await ai.embeddings.create({ ...request, encoding_format: 'float' });
  expect(provider.requests.map(({ body }) => body['encoding_format'])).toEqual(['base64', 'float']);
  expect(decoded.data).toEqual(floats.data);
  expect(decoded.data[0]?.embedding).toHaveLength(1536);
  expect(decoded.data[0]?.embedding).not.toEqual(decoded.data[1]?.embedding);
  expect(Math.hypot(...(decoded.data[0]?.embedding ?? []))).toBeCloseTo(1, 5);
  expect(decoded.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
});

test('embeddings: another model gives other vectors, with the requested dimensions', async () => {
  await using provider = await startProvider();
  const ai = bareClient(provider);
  const [one, other] = await Promise.all(
    ['a', 'b'].map((model) => ai.embeddings.create({ model, input: 'same', dimensions: 8 })),
  );
  expect(one?.data[0]?.embedding).toHaveLength(8);
  expect(one?.data[0]?.embedding).not.toEqual(other?.data[0]?.embedding);
});

test('moderations: nothing is flagged', async () => {
  await using provider = await startProvider();
  const moderation = await bareClient(provider).moderations.create({ model: 'm', input: ['one', 'two'] });
  expect(moderation.results.map(({ flagged }) => flagged)).toEqual([false, false]);
  expect(moderation.results[0]?.categories['self-harm/intent']).toBe(false);
});

test('models: lists the given models, and serves no others', async () => {
  await using provider = await startProvider({ models: ['deepseek-v3.2'] });
  const ai = bareClient(provider);
  expect((await ai.models.list()).data.map(({ id }) => id)).toEqual(['deepseek-v3.2']);
  expect((await ai.models.retrieve('deepseek-v3.2')).id).toBe('deepseek-v3.2');
  const chat = await ai.chat.completions.create({ model: 'gpt-4.1', messages }).catch((error: unknown) => error);
  const response = await ai.responses.create({ model: 'gpt-4.1', input: 'Hello' }).catch((error: unknown) => error);
  expect(chat).toBeInstanceOf(NotFoundError);
  expect(response).toBeInstanceOf(BadRequestError);
  expect([chat, response]).toMatchObject([{ code: 'model_not_found' }, { code: 'model_not_found' }]);
});

test('a wrong key is rejected and masked as OpenAI does; the right one is accepted', async () => {
  await using provider = await startProvider({ apiKey: 'sk-right' });
  const wrong = bareClient(provider, { apiKey: 'sk-wrong-0123456789abcdef' });
  const error: unknown = await wrong.models.list().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AuthenticationError);
  expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'invalid_request_error' });
  expect(String(error)).toContain('sk-wrong*************cdef');
  await expect(bareClient(provider, { apiKey: 'sk-right' }).models.list()).resolves.toBeDefined();
});

test('an unknown path gets a 404, a body without a model a 400', async () => {
  await using provider = await startProvider();
  const ai = bareClient(provider);
  await expect(ai.files.list()).rejects.toBeInstanceOf(NotFoundError);
  await expect(ai.post('/chat/completions', { body: {} })).rejects.toBeInstanceOf(BadRequestError);
});

test('an Azure deployment names the model, and its key is in the header `api-key`', async () => {
  await using provider = await startProvider({ apiKey: 'test-key' });
  const ai = new AzureOpenAI({
    baseURL: `${provider.url.replace('/v1', '')}/openai`,
    apiKey: 'test-key',
    apiVersion: '2024-10-21',
    deployment: 'blue',
  });
  const completion = await ai.chat.completions.create({ model: 'gpt-4.1', messages });
  expect(completion.model).toBe('blue');
});
