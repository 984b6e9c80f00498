/** The cache gives only complete answers again. */

import { describe, expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { BODY, drain } from '../support/calls.ts';
import { chat, json, response, type Reply } from '../support/replies.ts';
import { delta, finish, say } from '../support/chat-steps.ts';
import { events } from '../support/stream-replies.ts';
import { setUp } from '../support/set-up.ts';

const KEY = route({ key: 'user-42' });

async function askedTwice(first: Reply): Promise<number> {
  const { ai, providers } = setUp({ canary: { cache: { ttl: '1h' }, retry: { attempts: 0 } } });
  providers.script('openai', first);
  for (let call = 0; call < 2; call += 1) {
    await ai.chat.completions.create({ ...BODY, temperature: 0 }, KEY).catch(() => undefined);
  }
  return providers.sent.length;
}

function answer(message: object, end: unknown = 'stop'): Reply {
  return json({ object: 'chat.completion', model: 'm', choices: [{ index: 0, message, finish_reason: end }] });
}

describe('a chat answer', () => {
  test.each([
    ['was cut off', answer({ content: 'The first' }, 'length')],
    ['was filtered', answer({ content: 'The first' }, 'content_filter')],
    ['ended with an error', answer({ content: 'The first' }, 'error')],
    ['is empty', answer({ content: '' })],
    ['has only white space', answer({ content: ' \n' })],
    ['has no content', answer({ content: null })],
    ['has reasoning and no content', answer({ content: '', reasoning_content: 'Hm.' })],
    ['has no choices', json({ object: 'chat.completion', model: 'm', choices: [] })],
  ])('that %s is not given again', async (_, first) => {
    expect(await askedTwice(first)).toBeGreaterThan(1);
  });

  test.each([
    ['is whole', chat()],
    ['is a refusal', answer({ content: null, refusal: 'No.' })],
    ['is a call of a function', answer({ content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] }, 'tool_calls')], // prettier-ignore
  ])('that %s is given again', async (_, first) => {
    expect(await askedTwice(first)).toBe(1);
  });
});

describe('a response', () => {
  const MESSAGE = { type: 'message', content: [{ type: 'output_text', text: 'Hello.' }] };

  test.each([
    ['incomplete', { status: 'incomplete', output: [MESSAGE] }, 2],
    ['empty', { output: [] }, 2],
    ['nothing but reasoning', { output: [{ type: 'reasoning' }] }, 2],
    ['complete', { output: [MESSAGE] }, 1],
    ['a function call', { output: [{ type: 'function_call', name: 'f', arguments: '{}', call_id: 'c' }] }, 1],
  ])('that is %s', async (_, fields, requests) => {
    const { ai, providers } = setUp({ canary: { cache: { ttl: '1h' }, retry: { attempts: 0 } } });
    providers.usually('openai', response('resp_1', fields));
    for (let call = 0; call < 2; call += 1) {
      await ai.responses.create({ model: 'gpt-5', input: 'Hello?', temperature: 0, store: false }, KEY);
    }
    expect(providers.sent).toHaveLength(requests);
  });
});

test.each([
  ['was cut off', [say('The first'), finish('length')], 2],
  ['is empty', [delta({ role: 'assistant', content: '' }), finish('stop')], 2],
  ['is whole', [say('Hello.'), finish('stop')], 1],
])('a stream that %s', async (_, steps, requests) => {
  const { ai, providers } = setUp({ canary: { cache: { ttl: '1h', when: () => true }, retry: { attempts: 0 } } });
  providers.usually('openai', events(steps));
  for (let call = 0; call < 2; call += 1) await drain(await ai.chat.completions.create({ ...BODY, stream: true }, KEY));
  expect(providers.sent).toHaveLength(requests);
});

test('identical calls in flight do not share an answer that was cut off', async () => {
  const { ai, providers } = setUp({ canary: { cache: { ttl: '1h' } } });
  providers.script('openai', answer({ content: 'The first' }, 'length'));
  const ask = () => ai.chat.completions.create({ ...BODY, temperature: 0 }, KEY);
  const [cut, whole] = await Promise.all([ask(), ask()]);
  expect([cut, whole].map(({ choices }) => choices[0]?.finish_reason)).toEqual(['length', 'stop']);
});
