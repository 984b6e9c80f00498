/** Clones made by `withOptions()`. */

import { ABOUT_ITSELF, type Behaviour, type Stage } from '../support/behaviour.ts';
import { AT_ONCE, CHAT, completion, failure } from '../support/replies.ts';

const replies = [completion()];

export const CLONES: readonly Behaviour[] = [
  {
    name: 'withOptions: a clone of the same class, with its own options',
    replies: [failure(500, {}, AT_ONCE)],
    options: { maxRetries: 2, timeout: 7_000, defaultHeaders: { a: 'b' } },
    run: async ({ client }) => {
      const clone = client.withOptions({ maxRetries: 1, timeout: 5_000 });
      const { maxRetries, timeout, baseURL, apiKey } = clone;
      const errors = [await status(clone), await status(client)];
      return [
        clone.constructor === client.constructor,
        clone === client,
        { maxRetries, timeout, baseURL, apiKey },
        errors,
      ];
    },
    onlyOnOwnConnection: ABOUT_ITSELF,
  },
  {
    name: 'withOptions: another address and key',
    replies,
    run: ({ client }) =>
      client.withOptions({ baseURL: 'https://clone.test/v2', apiKey: 'sk-clone-0123456789' }).models.retrieve('a'),
  },
  {
    name: 'withOptions: a time-out of its own',
    replies: [{ silent: true }],
    run: ({ client }) => client.withOptions({ timeout: 20 }).chat.completions.create(CHAT),
  },
  {
    name: 'a clone of a clone',
    replies,
    run: ({ client }) =>
      client.withOptions({ timeout: 1_000 }).withOptions({ maxRetries: 0 }).chat.completions.create(CHAT),
  },
];

async function status(client: Stage['client']): Promise<unknown> {
  return client.chat.completions.create(CHAT).catch((error: { status: number }) => error.status);
}
