import { describe, expect, test } from 'vitest';
import { Conversations } from '../../src/routing/conversation.ts';

const system = { role: 'system', content: 'Be brief.' };
const developer = { role: 'developer', content: 'Be brief.' };
const hello = { role: 'user', content: 'Hello' };
const goodbye = { role: 'user', content: 'Goodbye' };
const reply = { role: 'assistant', content: 'Hi!' };

/** The key of a chat call whose conversation is new. */
const chat = (...messages: unknown[]): string | undefined => new Conversations().keyOf('chat', { messages });

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

  test('prompt and message count as a whole', () => {
    const long = (tail: string) => '.'.repeat(5_000) + tail;
    const key = (promptTail: string, messageTail: string) =>
      chat({ ...system, content: long(promptTail) }, { ...hello, content: long(messageTail) });
    expect(new Set([key('a', 'a'), key('b', 'a'), key('a', 'b')]).size).toBe(3);
  });

  test('of a very long message the beginning, the end and the length count', () => {
    const key = (head: string, length: number, tail: string) =>
      chat({ ...hello, content: head + '.'.repeat(length) + tail });
    const keys = [key('a', 100_000, 'a'), key('b', 100_000, 'a'), key('a', 100_001, 'a'), key('a', 100_000, 'b')];
    expect(new Set(keys).size).toBe(4);
  });

  test('the time of day in a prompt does not count', () => {
    const at = (time: string) => chat({ ...system, content: `It is ${time} on Monday.` }, hello);
    expect(at('9:05')).toBe(at('23:59:59.123'));
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
  const responses = (body: object): string | undefined => new Conversations().keyOf('responses', body);

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
  expect(new Conversations().keyOf(surface, body)).toBeUndefined();
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
  expect(new Conversations().keyOf('chat', body)).toBeUndefined();
});

describe('conversations with a common beginning', () => {
  const user = (content: string) => ({ role: 'user', content });
  const example = [user('Ticket: refund?'), { role: 'assistant', content: 'billing' }];
  const fewShot = (ticket: number | string, ...later: unknown[]) => ({
    messages: [...example, user(`Ticket: ${ticket}`), ...later],
  });
  const more = [{ role: 'assistant', content: 'shipping' }, user('Are you sure?')];

  test('have a common key at first, and keys of their own after four', () => {
    const conversations = new Conversations();
    const keys = Array.from({ length: 20 }, (_, ticket) => conversations.keyOf('chat', fewShot(ticket)));
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(new Set(keys.slice(3)).size).toBe(17);
  });

  test('keep their own keys in all later turns', () => {
    const conversations = new Conversations();
    for (let ticket = 0; ticket < 20; ticket += 1) conversations.keyOf('chat', fewShot(ticket));
    const first = conversations.keyOf('chat', fewShot('mine'));
    expect(conversations.keyOf('chat', fewShot('mine', ...more))).toBe(first);
    expect(conversations.keyOf('chat', fewShot('mine', ...more, ...more))).toBe(first);
  });

  test('the turns of one long conversation keep its key', () => {
    const conversations = new Conversations();
    const messages: unknown[] = [];
    const keys = new Set<unknown>();
    for (let turn = 0; turn < 50; turn += 1) {
      messages.push(user(`Question ${turn}`));
      keys.add(conversations.keyOf('chat', { messages }));
      messages.push({ role: 'assistant', content: `Answer ${turn}` });
    }
    expect(keys.size).toBe(1);
  });

  test('a first message that is sent again and again gives no key', () => {
    const conversations = new Conversations();
    const keys = Array.from({ length: 6 }, () => conversations.keyOf('chat', { messages: [hello] }));
    expect(keys.map((key) => key === undefined)).toEqual([false, false, false, true, true, true]);
  });

  test('after a common first message the reply tells conversations apart, also in the steps of tools', () => {
    const conversations = new Conversations();
    for (let call = 0; call < 6; call += 1) conversations.keyOf('chat', { messages: [hello] });
    const step = (id: string, ...later: unknown[]) => {
      const tool_calls = [{ id, type: 'function', function: { name: 'look', arguments: '{}' } }];
      const result = { role: 'tool', tool_call_id: id, content: '1' };
      return conversations.keyOf('chat', {
        messages: [hello, { role: 'assistant', content: null, tool_calls }, result, ...later],
      });
    };
    expect(step('call_1')).toBeTypeOf('string');
    expect(step('call_1', { role: 'assistant', content: 'Wait' }, { role: 'tool', content: '2' })).toBe(step('call_1'));
    expect(step('call_2')).not.toBe(step('call_1'));
  });

  test('peek() neither counts nor learns', () => {
    const conversations = new Conversations();
    for (let call = 0; call < 20; call += 1) conversations.peek('chat', { messages: [hello] });
    expect(conversations.keyOf('chat', { messages: [hello] })).toBe(chat(hello));
  });

  test('the least recently used opening is forgotten', () => {
    const conversations = new Conversations(1);
    for (let call = 0; call < 6; call += 1) conversations.keyOf('chat', { messages: [hello] });
    conversations.keyOf('chat', { messages: [goodbye] });
    expect(conversations.keyOf('chat', { messages: [hello] })).toBe(chat(hello));
  });
});
