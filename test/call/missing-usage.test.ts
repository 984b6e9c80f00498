/** What is known of tokens where the provider tells nothing of them. */

import { countTokens } from 'gpt-tokenizer';
import { expect, test, vi } from 'vitest';
import { CanaryClient } from '../../src/index.ts';
import { BODY, STREAM_BODY, drain } from '../support/calls.ts';
import { json } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';
import { chunk, events } from '../support/stream-replies.ts';

const TEXT = 'The sky is blue because air scatters short waves of light more than long ones. '.repeat(5);
const CHOICE = { index: 0, message: { role: 'assistant', content: TEXT }, finish_reason: 'stop' };
const untold = json({ id: 'c', object: 'chat.completion', model: 'gpt-4.1', choices: [CHOICE] });

test('a whole answer without usage is estimated by what it says, and marked so', async () => {
  const { ai, providers, events: told } = setUp();
  providers.script('openai', untold);
  await ai.chat.completions.create(BODY);
  const [attempt] = told.of('attempt');
  expect(attempt).toMatchObject({ usageEstimated: true, cost: { source: 'estimated' } });
  expect(attempt?.usage?.outputTokens).toBeGreaterThan(countTokens(TEXT) * 0.8);
  expect(attempt?.usage?.outputTokens).toBeLessThan(countTokens(TEXT) * 1.2);
});

test('so is a whole stream', async () => {
  const { ai, providers, events: told } = setUp();
  const steps = [{ delta: { content: TEXT } }, { delta: {}, finish_reason: 'stop' }];
  providers.script('openai', (request) => events(steps.map((step) => ({ event: chunk(request, step) })))(request));
  await drain(await ai.chat.completions.create(STREAM_BODY));
  expect(told.of('attempt')).toMatchObject([{ outcome: 'success', usageEstimated: true }]);
});

test('it is counted by the tokenizer that the application has, once that is loaded', async () => {
  const { ai, providers, events: told } = setUp();
  providers.usually('openai', untold);
  await vi.waitFor(
    async () => {
      await ai.chat.completions.create(BODY);
      expect(told.of('attempt').at(-1)?.usage?.outputTokens).toBe(countTokens(TEXT));
    },
    { timeout: 10_000 },
  );
});

test('the tools that an answer wants called, and the items of a response, count too', async () => {
  const { ai, providers, events: told } = setUp();
  const tool = { id: 't', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } };
  const message = { role: 'assistant', content: null, tool_calls: [tool] };
  providers.script('openai', json({ id: 'c', choices: [{ ...CHOICE, message, finish_reason: 'tool_calls' }] }));
  const content = [{ type: 'output_text', text: TEXT, annotations: [] }];
  const output = [{ type: 'message', role: 'assistant', content }];
  providers.script('openai', json({ id: 'r', object: 'response', status: 'completed', output }));
  await ai.chat.completions.create(BODY);
  await ai.responses.create({ model: 'gpt-4.1', input: 'Why?' });
  const [asked, answered] = told.of('attempt').map(({ usage }) => usage?.outputTokens ?? 0);
  expect(asked).toBeGreaterThan(4);
  expect(answered).toBeGreaterThan(60);
});

test('an answer that says nothing, and what was checked and not answered, have no usage', async () => {
  const { ai, providers, events: told } = setUp();
  providers.script('openai', json({ id: 'r', object: 'response', status: 'queued', output: [] }));
  providers.script('openai', json({ id: 'm', results: [{ flagged: false }] }));
  await ai.responses.create({ model: 'gpt-4.1', input: 'Why?', background: true });
  await ai.moderations.create({ input: TEXT });
  expect(told.of('attempt').map(({ usage }) => usage)).toEqual([undefined, undefined]);
});

test('vectors without usage are estimated by what was asked; a raw body that is no answer is not', async () => {
  const { ai, providers, events: told } = setUp();
  const vectors = json({ object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.5] }], model: 'm' });
  providers.script('openai', vectors, vectors, json({ error: { message: 'Overloaded', code: 'server_error' } }));
  const body = { model: 'm', input: TEXT };
  await ai.embeddings.create(body);
  await (await ai.embeddings.create(body).asResponse()).json();
  await (await ai.embeddings.create(body).asResponse()).json();
  await vi.waitFor(() => expect(told.of('attempt')).toHaveLength(3));
  const estimated = { usage: { inputTokens: expect.any(Number), outputTokens: 0 }, usageEstimated: true };
  const none = { usage: undefined, usageEstimated: false };
  expect(told.of('attempt')).toMatchObject([estimated, estimated, none]);
});

test('without a `canary` option nothing is guessed', async () => {
  const ai = new CanaryClient({ apiKey: 'key', fetch: async () => untold({ body: {} } as never) });
  await ai.chat.completions.create(BODY);
  expect(ai.canary.costs().total).toMatchObject({ attempts: 1, outputTokens: 0 });
});
