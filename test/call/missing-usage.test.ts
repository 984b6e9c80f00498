/** The tokens of answers without usage. */

import { countTokens } from 'gpt-tokenizer';
import { expect, test, vi } from 'vitest';
import { CanaryClient } from '../../src/index.ts';
import { BODY, STREAM_BODY, drain } from '../support/calls.ts';
import { json } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';
import { chunk, events } from '../support/stream-replies.ts';

const TEXT = 'The sky is blue because air scatters short waves of light more than long ones. '.repeat(5);
const CHOICE = { index: 0, message: { role: 'assistant', content: TEXT }, finish_reason: 'stop' };
const withoutUsage = json({ id: 'c', object: 'chat.completion', model: 'gpt-4.1', choices: [CHOICE] });

test('estimates the usage of an answer from its text and marks it as estimated', async () => {
  const { ai, providers, events: emitted } = setUp();
  providers.script('openai', withoutUsage);
  await ai.chat.completions.create(BODY);
  const [attempt] = emitted.of('attempt');
  expect(attempt).toMatchObject({ usageEstimated: true, cost: { source: 'estimated' } });
  expect(attempt?.usage?.outputTokens).toBeGreaterThan(countTokens(TEXT) * 0.8);
  expect(attempt?.usage?.outputTokens).toBeLessThan(countTokens(TEXT) * 1.2);
});

test('estimates the usage of a complete stream', async () => {
  const { ai, providers, events: emitted } = setUp();
  const steps = [{ delta: { content: TEXT } }, { delta: {}, finish_reason: 'stop' }];
  providers.script('openai', (request) => events(steps.map((step) => ({ event: chunk(request, step) })))(request));
  await drain(await ai.chat.completions.create(STREAM_BODY));
  expect(emitted.of('attempt')).toMatchObject([{ outcome: 'success', usageEstimated: true }]);
});

test('counts with the installed tokenizer once it is loaded', async () => {
  const { ai, providers, events: emitted } = setUp();
  providers.usually('openai', withoutUsage);
  await vi.waitFor(
    async () => {
      await ai.chat.completions.create(BODY);
      expect(emitted.of('attempt').at(-1)?.usage?.outputTokens).toBe(countTokens(TEXT));
    },
    { timeout: 10_000 },
  );
});

test('counts tool calls and the items of a response', async () => {
  const { ai, providers, events: emitted } = setUp();
  const tool = { id: 't', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } };
  const message = { role: 'assistant', content: null, tool_calls: [tool] };
  providers.script('openai', json({ id: 'c', choices: [{ ...CHOICE, message, finish_reason: 'tool_calls' }] }));
  const content = [{ type: 'output_text', text: TEXT, annotations: [] }];
  const output = [{ type: 'message', role: 'assistant', content }];
  providers.script('openai', json({ id: 'r', object: 'response', status: 'completed', output }));
  await ai.chat.completions.create(BODY);
  await ai.responses.create({ model: 'gpt-4.1', input: 'Why?' });
  const [asked, answered] = emitted.of('attempt').map(({ usage }) => usage?.outputTokens ?? 0);
  expect(asked).toBeGreaterThan(4);
  expect(answered).toBeGreaterThan(60);
});

test('an answer without content, and a moderation, have no usage', async () => {
  const { ai, providers, events: emitted } = setUp();
  providers.script('openai', json({ id: 'r', object: 'response', status: 'queued', output: [] }));
  providers.script('openai', json({ id: 'm', results: [{ flagged: false }] }));
  await ai.responses.create({ model: 'gpt-4.1', input: 'Why?', background: true });
  await ai.moderations.create({ input: TEXT });
  expect(emitted.of('attempt').map(({ usage }) => usage)).toEqual([undefined, undefined]);
});

test('estimates embeddings from their input, but not a raw body that is not an answer', async () => {
  const { ai, providers, events: emitted } = setUp();
  const vectors = json({ object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.5] }], model: 'm' });
  providers.script('openai', vectors, vectors, json({ error: { message: 'Overloaded', code: 'server_error' } }));
  const body = { model: 'm', input: TEXT };
  await ai.embeddings.create(body);
  await (await ai.embeddings.create(body).asResponse()).json();
  await (await ai.embeddings.create(body).asResponse()).json();
  await vi.waitFor(() => expect(emitted.of('attempt')).toHaveLength(3));
  const estimated = { usage: { inputTokens: expect.any(Number), outputTokens: 0 }, usageEstimated: true };
  const none = { usage: undefined, usageEstimated: false };
  expect(emitted.of('attempt')).toMatchObject([estimated, estimated, none]);
});

test('estimates nothing without the canary option', async () => {
  const ai = new CanaryClient({ apiKey: 'key', fetch: async () => withoutUsage({ body: {} } as never) });
  await ai.chat.completions.create(BODY);
  expect(ai.canary.costs().total).toMatchObject({ attempts: 1, outputTokens: 0 });
});
