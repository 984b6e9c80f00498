import { expect, test } from 'vitest';
import { startProvider } from '../../src/testing/index.ts';
import type { UsageStyle } from '../../src/testing/index.ts';
import { bareClient, drain, messages } from './bare-client.ts';

/** The chunks of a stream, loosely typed: some providers use fields that the SDK does not declare. */
async function streamed(usageStyle: UsageStyle, asked: boolean): Promise<Record<string, unknown>[]> {
  await using provider = await startProvider({
    usageStyle,
    usage: () => ({ promptTokens: 100, completionTokens: 20, cachedTokens: 64 }),
  });
  const options = asked ? { stream_options: { include_usage: true } } : {};
  const stream = await bareClient(provider).chat.completions.create({ model: 'm', messages, stream: true, ...options });
  const { chunks } = await drain(stream);
  return chunks as unknown as Record<string, unknown>[];
}

const totals = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };

test('openai: if requested, usage is in a last chunk without choices, and null in all others', async () => {
  const chunks = await streamed('openai', true);
  expect(chunks.at(-1)).toMatchObject({
    choices: [],
    usage: { ...totals, prompt_tokens_details: { cached_tokens: 64 } },
  });
  expect(chunks.slice(0, -1).every((chunk) => chunk['usage'] === null)).toBe(true);
});

test('openai: no usage unless requested', async () => {
  const chunks = await streamed('openai', false);
  expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false);
});

test('always: the extra usage chunk is sent without a request', async () => {
  expect((await streamed('always', false)).at(-1)).toMatchObject({ choices: [], usage: totals });
});

test('lastChunkWithChoices: the usage is in the chunk with finish_reason and in no other', async () => {
  const chunks = await streamed('lastChunkWithChoices', false);
  expect(chunks.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }], usage: totals });
  expect(chunks.slice(0, -1).some((chunk) => 'usage' in chunk)).toBe(false);
});

test('groq: the usage is in x_groq of the last chunk', async () => {
  expect((await streamed('groq', false)).at(-1)).toMatchObject({
    choices: [{ finish_reason: 'stop' }],
    x_groq: { usage: totals },
  });
});

test('kimi: the usage is in the choice, with cached tokens at its top level', async () => {
  expect((await streamed('kimi', false)).at(-1)).toMatchObject({
    choices: [{ finish_reason: 'stop', usage: { ...totals, cached_tokens: 64 } }],
  });
});

test('none: no usage, streamed or not, requested or not', async () => {
  const chunks = await streamed('none', true);
  expect(JSON.stringify(chunks)).not.toContain('usage');
  await using provider = await startProvider({ usageStyle: 'none' });
  const ai = bareClient(provider);
  expect(await ai.chat.completions.create({ model: 'm', messages })).not.toHaveProperty('usage');
  expect(await ai.embeddings.create({ model: 'm', input: 'x', dimensions: 2 })).not.toHaveProperty('usage');
  expect((await ai.responses.create({ model: 'm', input: 'x' })).usage).toBeNull();
});

test('given counts are reported on every surface; the others are estimated', async () => {
  await using provider = await startProvider({ usage: () => ({ promptTokens: 4083, reasoningTokens: 1 }) });
  const ai = bareClient(provider);
  const chat = await ai.chat.completions.create({ model: 'm', messages });
  const response = await ai.responses.create({ model: 'm', input: 'Hello' });
  const embedding = await ai.embeddings.create({ model: 'm', input: 'x', dimensions: 2 });
  expect(chat.usage).toMatchObject({ prompt_tokens: 4083, completion_tokens: 4 });
  expect(response.usage).toMatchObject({ input_tokens: 4083, output_tokens_details: { reasoning_tokens: 1 } });
  expect(embedding.usage.prompt_tokens).toBe(4083);
});
