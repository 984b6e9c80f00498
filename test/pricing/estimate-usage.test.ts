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
const said = (...content: unknown[]): unknown => ({ messages: [{ role: 'user', content }] });

test('output counts by its text, rounded up', () => {
  expect(outputOf('')).toBe(0);
  expect(outputOf('Hi')).toBe(1);
  expect(outputOf(TEXT)).toBe(Math.ceil(estimateTokens(TEXT)));
});

test('what is not at hand of the output is taken to be like what is, or like English', () => {
  expect(outputOf(TEXT, TEXT.length * 10)).toBe(Math.ceil(estimateTokens(TEXT) * 10));
  expect(outputOf('你好世界', 40)).toBe(24);
  expect(outputOf('', 440)).toBe(100);
});

test('the text at hand is never cut by a smaller count of characters', () => {
  expect(outputOf(TEXT, 0)).toBe(outputOf(TEXT));
  expect(outputOf('', -5)).toBe(0);
});

test('embeddings have no output; nothing is known of cached or reasoning tokens', () => {
  expect(estimateUsage({ surface: 'embeddings', body: { input: 'x' }, outputText: 'y' })).toEqual({
    inputTokens: 1,
    outputTokens: 0,
    cachedInputTokens: 0,
    reasoningTokens: 0,
  });
});

test('a message counts its text and its frame, in a string or in parts', () => {
  const body = { messages: [{ role: 'user', content: TEXT }] };
  expect(inputOf(body)).toBe(Math.ceil(estimateTokens(TEXT)) + 7);
  expect(inputOf(said({ type: 'text', text: TEXT }))).toBe(inputOf(body));
  expect(inputOf({ messages: [...body.messages, { role: 'assistant', content: '' }] })).toBe(inputOf(body) + 4);
});

test('messages count what tools were called with, and what they answered', () => {
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

test('tools and the schema of an answer count by their words, not by the keywords of JSON Schema', () => {
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
  ['a picture', { type: 'image_url', image_url: { url: 'data:image/png;base64,' } }, 765],
  ['a picture of low detail', { type: 'image_url', image_url: { url: 'u', detail: 'low' } }, 85],
  ['a picture on the Responses API', { type: 'input_image', image_url: 'u' }, 765],
  ['the same of low detail', { type: 'input_image', image_url: 'u', detail: 'low' }, 85],
  ['a voice', { type: 'input_audio', input_audio: { data: '' } }, 300],
  ['a file', { type: 'file', file: { file_data: '' } }, 1_500],
])('%s counts by a constant', (_what, part, tokens) => {
  expect(inputOf(said(part))).toBe(7 + tokens);
});

test('what a picture weighs does not matter', () => {
  const picture = (bytes: number) => ({
    type: 'image_url',
    image_url: { url: `data:image/png;base64,${'A'.repeat(bytes)}` },
  });
  expect(inputOf(said(picture(1_000_000)))).toBe(inputOf(said(picture(1))));
});

test('a prompt may be a text, texts, tokens or lists of tokens', () => {
  const tokens = Math.ceil(estimateTokens(TEXT));
  expect(inputOf({ prompt: TEXT }, 'completions')).toBe(tokens);
  expect(inputOf({ input: [TEXT, TEXT] }, 'embeddings')).toBe(Math.ceil(2 * estimateTokens(TEXT)));
  expect(inputOf({ input: [1, 2, 3] }, 'embeddings')).toBe(3);
  expect(inputOf({ input: [[1, 2], [3]] }, 'embeddings')).toBe(3);
  expect(inputOf({ input: [{ type: 'text', text: TEXT }] }, 'moderations')).toBe(tokens);
});

test('whatever the body is, the estimate is whole numbers that are not negative', () => {
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

test('one more message never makes the input smaller', () => {
  const message = fc.record({ role: fc.constantFrom('user', 'assistant'), content: fc.string() });
  fc.assert(
    fc.property(fc.array(message), message, (messages, more) => {
      expect(inputOf({ messages: [...messages, more] })).toBeGreaterThan(inputOf({ messages }));
    }),
  );
});
