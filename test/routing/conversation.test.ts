import { describe, expect, test } from 'vitest';
import { conversationKey } from '../../src/routing/conversation.ts';

const system = { role: 'system', content: 'Be brief.' };
const developer = { role: 'developer', content: 'Be brief.' };
const hello = { role: 'user', content: 'Hello' };
const goodbye = { role: 'user', content: 'Goodbye' };
const reply = { role: 'assistant', content: 'Hi!' };

const chat = (...messages: unknown[]): string | undefined => conversationKey('chat', { messages });

describe('chat', () => {
  test('all turns of a conversation have one key', () => {
    const firstTurn = chat(system, hello);
    expect(firstTurn).toBeTypeOf('string');
    expect(chat(system, hello, reply, goodbye)).toBe(firstTurn);
  });

  test('conversations with different openings have different keys', () => {
    expect(chat(system, hello)).not.toBe(chat(system, goodbye));
    expect(chat(system, hello)).not.toBe(chat({ ...system, content: 'Be long.' }, hello));
    expect(chat(system, hello)).not.toBe(chat(hello));
  });

  test('the same text in the system prompt and in the user message gives different keys', () => {
    expect(chat({ role: 'system', content: 'ab' }, { role: 'user', content: 'c' })).not.toBe(
      chat({ role: 'system', content: 'a' }, { role: 'user', content: 'bc' }),
    );
  });

  test('a developer prompt counts as a system prompt', () => {
    expect(chat(developer, hello)).toBe(chat(system, hello));
  });

  test('only the first system prompt counts', () => {
    expect(chat(system, { role: 'system', content: 'It is Monday.' }, hello)).toBe(chat(system, hello));
  });

  test('a system prompt added later does not change the key', () => {
    expect(chat(hello, reply, system, goodbye)).toBe(chat(hello));
  });

  test('text parts equal their concatenated text', () => {
    const parts = [
      { type: 'text', text: 'Hel' },
      { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
      { type: 'text', text: 'lo' },
    ];
    expect(chat(system, { role: 'user', content: parts })).toBe(chat(system, hello));
  });

  test('only the first 1,024 characters of prompt and message count', () => {
    const long = (head: string, tail: string) => head.padEnd(1024, '.') + tail;
    const key = (promptTail: string, messageTail: string) =>
      chat({ ...system, content: long('Be brief.', promptTail) }, { ...hello, content: long('Hello', messageTail) });
    expect(key('a', 'b')).toBe(key('c', 'd'));
    expect(chat({ ...hello, content: `${'.'.repeat(1023)}a` })).not.toBe(
      chat({ ...hello, content: `${'.'.repeat(1023)}b` }),
    );
  });

  test('parts count up to the same 1,024 characters together', () => {
    const parts = (tail: string) =>
      [600, 423, 1].map((length, index) => ({
        type: 'text',
        text: `${index}`.repeat(length) + (index === 2 ? tail : ''),
      }));
    expect(chat({ role: 'user', content: parts('a') })).toBe(chat({ role: 'user', content: parts('b') }));
    expect(chat({ role: 'user', content: parts('') })).toHaveLength(1 + 1024);
  });

  test('a user message without text is skipped', () => {
    const picture = {
      role: 'user',
      content: [{ type: 'image_url', image_url: { url: 'https://example.com/cat.png' } }],
    };
    expect(chat(system, picture, hello)).toBe(chat(system, hello));
  });

  test('a system prompt alone gives no key', () => {
    expect(chat(system)).toBeUndefined();
    expect(chat(system, { role: 'user', content: '' })).toBeUndefined();
  });
});

describe('responses', () => {
  const responses = (body: object): string | undefined => conversationKey('responses', body);

  test('instructions and input count as prompt and message', () => {
    expect(responses({ instructions: 'Be brief.', input: 'Hello' })).toBe(chat(system, hello));
  });

  test('all turns of a conversation have one key, as text and as items', () => {
    const instructions = 'Be brief.';
    const items = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }, reply, goodbye];
    expect(responses({ instructions, input: [hello] })).toBe(responses({ instructions, input: 'Hello' }));
    expect(responses({ instructions, input: items })).toBe(responses({ instructions, input: 'Hello' }));
  });

  test('without instructions the first system or developer item is the prompt', () => {
    expect(responses({ input: [developer, hello] })).toBe(responses({ instructions: 'Be brief.', input: 'Hello' }));
  });

  test('instructions win over a system item', () => {
    const input = [{ ...system, content: 'Be long.' }, hello];
    expect(responses({ instructions: 'Be brief.', input })).toBe(
      responses({ instructions: 'Be brief.', input: 'Hello' }),
    );
  });

  test('instructions alone give no key', () => {
    expect(responses({ instructions: 'Be brief.' })).toBeUndefined();
  });
});

test.each(['completions', 'embeddings', 'moderations', 'other'] as const)('%s have no conversation key', (surface) => {
  const body = { prompt: 'Hello', input: 'Hello', messages: [hello] };
  expect(conversationKey(surface, body)).toBeUndefined();
});

test.each([
  [undefined],
  [null],
  ['text'],
  [{}],
  [{ messages: null }],
  [{ messages: [null, 'text', {}] }],
  [{ messages: [{ role: 'user', content: [null, { type: 'text', text: 7 }] }] }],
])('the body %j has no conversation', (body) => {
  expect(conversationKey('chat', body)).toBeUndefined();
});
