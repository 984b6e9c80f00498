import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Surface } from '../../src/domain/call.ts';
import { estimateTokens } from '../../src/pricing/count-tokens.ts';
import { estimateUsage } from '../../src/pricing/estimate-output.ts';

function inputOf(body: unknown, surface: Surface = 'chat'): number {
  return estimateUsage({ surface, body, outputText: '' }).inputTokens;
}

function outputOf(outputText: string, outputCharacters?: number): number {
  return estimateUsage({ surface: 'chat', body: {}, outputText, outputCharacters }).outputTokens;
}

const TEXT = 'Why is the sky blue? Please answer in one sentence.';
const messageOf = (...content: unknown[]): unknown => ({ messages: [{ role: 'user', content }] });

test('counts output by its text, rounded up', () => {
  expect(outputOf('')).toBe(0);
  expect(outputOf('Hi')).toBe(1);
  expect(outputOf(TEXT)).toBe(Math.ceil(estimateTokens(TEXT)));
});

test('counts missing output like the received output, or like English', () => {
  expect(outputOf(TEXT, TEXT.length * 10)).toBe(Math.ceil(estimateTokens(TEXT) * 10));
  expect(outputOf('你好世界', 40)).toBe(24);
  expect(outputOf('', 440)).toBe(100);
});

test('counts the whole received text even if outputCharacters is smaller', () => {
  expect(outputOf(TEXT, 0)).toBe(outputOf(TEXT));
  expect(outputOf('', -5)).toBe(0);
});

test('embeddings have no output, and cached and reasoning tokens are 0', () => {
  expect(estimateUsage({ surface: 'embeddings', body: { input: 'x' }, outputText: 'y' })).toEqual({
    inputTokens: 1,
    outputTokens: 0,
    cachedInputTokens: 0,
    reasoningTokens: 0,
  });
});

test('a message counts its text and its frame, as a string or in parts', () => {
  const body = { messages: [{ role: 'user', content: TEXT }] };
  expect(inputOf(body)).toBe(Math.ceil(estimateTokens(TEXT)) + 7);
  expect(inputOf(messageOf({ type: 'text', text: TEXT }))).toBe(inputOf(body));
  expect(inputOf({ messages: [...body.messages, { role: 'assistant', content: '' }] })).toBe(inputOf(body) + 4);
});

test('messages count tool calls and tool outputs', () => {
  const call = { type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } };
  const quiet = { messages: [{ role: 'assistant', content: null }] };
  const calling = { messages: [{ role: 'assistant', content: null, tool_calls: [call] }] };
  expect(inputOf(calling)).toBeGreaterThan(inputOf(quiet) + 5);
  const items = [{ type: 'function_call_output', call_id: 'c', output: TEXT }];
  expect(inputOf({ input: items }, 'responses')).toBe(inputOf({ messages: [{ role: 'tool', content: TEXT }] }));
});

test('a Responses body counts instructions and input', () => {
  expect(inputOf({ input: TEXT }, 'responses')).toBe(inputOf({ messages: [{ content: TEXT }] }));
  const instructed = inputOf({ input: TEXT, instructions: TEXT }, 'responses');
  expect(instructed - inputOf({ input: TEXT }, 'responses')).toBeGreaterThanOrEqual(Math.floor(estimateTokens(TEXT)));
});

test('tools and answer schemas count by their words, not by JSON Schema keywords', () => {
  const parameters = {
    type: 'object',
    properties: { city: { type: 'string', description: TEXT } },
    required: ['city'],
  };
  const tool = { type: 'function', function: { name: 'weather', parameters } };
  const words = estimateTokens(TEXT);
  const withTool = inputOf({ tools: [tool] }) - inputOf({});
  expect(withTool).toBeGreaterThan(words + 20);
  expect(withTool).toBeLessThan(words + 40);
  expect(inputOf({ functions: [tool.function] })).toBeGreaterThan(words + 20);
  expect(inputOf({ tools: [] })).toBe(inputOf({}));
  const format = { type: 'json_schema', json_schema: { name: 'n', schema: parameters } };
  expect(inputOf({ response_format: format })).toBeGreaterThan(words);
  expect(inputOf({ text: { format: { ...format.json_schema, type: 'json_schema' } } }, 'responses')).toBeGreaterThan(
    words,
  );
});

test.each([
  ['an image', { type: 'image_url', image_url: { url: 'data:image/png;base64,' } }, 765],
  ['an image of low detail', { type: 'image_url', image_url: { url: 'u', detail: 'low' } }, 85],
  ['an image on the Responses API', { type: 'input_image', image_url: 'u' }, 765],
  ['an image of low detail on the Responses API', { type: 'input_image', image_url: 'u', detail: 'low' }, 85],
  ['audio', { type: 'input_audio', input_audio: { data: '' } }, 300],
  ['a file', { type: 'file', file: { file_data: '' } }, 1_500],
])('%s counts as a constant', (_what, part, tokens) => {
  expect(inputOf(messageOf(part))).toBe(7 + tokens);
});

test('the size of an image does not matter', () => {
  const image = (bytes: number) => ({
    type: 'image_url',
    image_url: { url: `data:image/png;base64,${'A'.repeat(bytes)}` },
  });
  expect(inputOf(messageOf(image(1_000_000)))).toBe(inputOf(messageOf(image(1))));
});

test('a prompt may be a text, a list of texts, token ids or lists of token ids', () => {
  const tokens = Math.ceil(estimateTokens(TEXT));
  expect(inputOf({ prompt: TEXT }, 'completions')).toBe(tokens);
  expect(inputOf({ input: [TEXT, TEXT] }, 'embeddings')).toBe(Math.ceil(2 * estimateTokens(TEXT)));
  expect(inputOf({ input: [1, 2, 3] }, 'embeddings')).toBe(3);
  expect(inputOf({ input: [[1, 2], [3]] }, 'embeddings')).toBe(3);
  expect(inputOf({ input: [{ type: 'text', text: TEXT }] }, 'moderations')).toBe(tokens);
});

test('estimates whole non-negative numbers for any body', () => {
  const field = fc.constantFrom('messages', 'input', 'prompt', 'tools', 'text', 'content', 'instructions', 'function');
  const body = fc.oneof(fc.anything(), fc.dictionary(field, fc.anything()));
  const surface = fc.constantFrom('chat', 'completions', 'responses', 'embeddings', 'moderations', 'other');
  fc.assert(
    fc.property(body, surface as fc.Arbitrary<Surface>, fc.string(), (anything, where, outputText) => {
      for (const count of Object.values(estimateUsage({ surface: where, body: anything, outputText }))) {
        expect(Number.isInteger(count) && count >= 0).toBe(true);
      }
    }),
  );
});

test('one more message always increases the input', () => {
  const message = fc.record({ role: fc.constantFrom('user', 'assistant'), content: fc.string() });
  fc.assert(
    fc.property(fc.array(message), message, (messages, more) => {
      expect(inputOf({ messages: [...messages, more] })).toBeGreaterThan(inputOf({ messages }));
    }),
  );
});
