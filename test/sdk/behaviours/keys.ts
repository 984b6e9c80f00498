/** API keys, and functions that return them. */

import type { Behaviour } from '../support/behaviour.ts';
import { inBoth, validatesKeys } from '../support/differences.ts';
import { CHAT, completion } from '../support/replies.ts';

const replies = [completion()];
const chat: Behaviour['run'] = ({ client }) => client.chat.completions.create(CHAT);

export const KEYS: readonly Behaviour[] = [
  {
    name: 'an empty key',
    replies,
    options: { apiKey: '' },
    run: chat,
    differs: inBoth(validatesKeys('should not be blank')),
  },
  {
    name: 'a key that cannot be a header',
    replies,
    options: { apiKey: 'a\nb' },
    run: chat,
    differs: inBoth(validatesKeys('should not contain white space')),
  },
  {
    name: 'a key from an asynchronous function, rotated',
    replies,
    run: async ({ create }) => {
      let turn = 0;
      const client = create({ apiKey: async () => `sk-turn-number-${(turn += 1)}` });
      await client.chat.completions.create(CHAT);
      await client.models.retrieve('a');
      return [await client.responses.create({ model: 'a', input: 'a' }), client.apiKey, turn];
    },
    onlyOnOwnConnection: 'The client’s key function is called only for its own connection.',
  },
  {
    name: 'a key function that throws',
    replies,
    run: ({ create }) => create({ apiKey: () => Promise.reject(new Error('vault is sealed')) }).models.retrieve('a'),
  },
  {
    name: 'a key function that does not return a string',
    replies,
    run: ({ create }) => create({ apiKey: async () => '' }).models.retrieve('a'),
  },
];
