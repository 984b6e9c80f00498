/** Failures are unhandled rejections exactly where they are with the SDK. */

import type { Behaviour, Stage } from '../support/behaviour.ts';
import { CHAT, failure } from '../support/replies.ts';
import { turns } from '../support/turns.ts';

const chat = ({ client }: Stage) => client.chat.completions.create(CHAT);

export const UNHANDLED_REJECTIONS: readonly Behaviour[] = [
  {
    name: 'a promise that is never awaited and fails is an unhandled rejection, once',
    replies: [failure(400)],
    run: ({ client }) => unhandled(() => void client.chat.completions.create(CHAT)),
  },
  {
    name: 'a call of the account that is never awaited and fails is an unhandled rejection, once',
    replies: [failure(400)],
    run: ({ client }) => unhandled(() => void client.models.retrieve('a')),
  },
  {
    name: 'a list that is never awaited and fails is an unhandled rejection, once',
    replies: [failure(400)],
    run: ({ client }) => unhandled(() => void client.models.list()),
  },
  {
    name: 'a list that fails and is awaited is not an unhandled rejection',
    replies: [failure(400)],
    run: ({ client }) =>
      unhandled(async () => {
        await client.models.list().catch(() => undefined);
        await client.models
          .list()
          .asResponse()
          .catch(() => undefined);
      }),
  },
  {
    name: 'a promise that fails and is awaited later is not an unhandled rejection',
    replies: [failure(400)],
    run: (stage) =>
      unhandled(async () => {
        await chat(stage).catch(() => undefined);
        await chat(stage)
          .asResponse()
          .catch(() => undefined);
        await chat(stage)
          .withResponse()
          .catch(() => undefined);
        await Promise.allSettled([chat(stage)]);
      }),
  },
];

/** Runs `act` and returns the unhandled rejections. */
async function unhandled(act: () => unknown): Promise<unknown[]> {
  const caught: unknown[] = [];
  const note = (reason: unknown): void => void caught.push(reason);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', note);
  try {
    await act();
    await turns();
    return caught;
  } finally {
    process.off('unhandledRejection', note);
    for (const listener of others) process.on('unhandledRejection', listener);
  }
}
