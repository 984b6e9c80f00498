/** The promise of a call. */

import { APIPromise } from 'openai';
import type { Behaviour, Stage } from '../support/behaviour.ts';
import { CHAT, MODEL, completion, failure } from '../support/replies.ts';
import { turns } from '../support/turns.ts';

const replies = [completion()];
const chat = ({ client }: Stage) => client.chat.completions.create(CHAT);

export const PROMISES: readonly Behaviour[] = [
  { name: 'a request leaves without an await', replies, run: leavesAlone },
  {
    name: 'a promise is of the SDK’s class, on every surface',
    replies,
    run: async ({ client }) => {
      const calls = [
        () => client.chat.completions.create(CHAT),
        () => client.responses.create({ model: 'a', input: 'a' }),
        () => client.models.retrieve('a'),
        () => client.models.list(),
        () => client.embeddings.create({ model: 'a', input: 'a', encoding_format: 'float' }),
        () => client.files.content('a'),
      ];
      const kinds: unknown[] = [];
      for (const call of calls) {
        const promise: Promise<unknown> = call();
        kinds.push(promise, promise instanceof APIPromise);
        await promise;
      }
      return kinds;
    },
  },
  {
    name: 'awaiting twice gives one object and sends one request',
    replies,
    run: async (stage) => {
      const promise = chat(stage);
      const [first, second] = [await promise, await promise];
      return [first === second, first];
    },
  },
  {
    name: 'Promise.all, Promise.race and Promise.allSettled',
    replies: ({ url }) => (url.endsWith('/models/b') ? failure(404) : { body: MODEL }),
    run: async ({ client }) => [
      await Promise.all([client.models.retrieve('a'), client.models.retrieve('c')]),
      await Promise.race([client.models.retrieve('a'), client.models.retrieve('c')]),
      await Promise.allSettled([client.models.retrieve('a'), client.models.retrieve('b')]),
    ],
  },
  {
    name: 'then, catch and finally',
    replies: [completion(), failure(400), completion()],
    run: async (stage) => {
      const ended: string[] = [];
      const model = await chat(stage).then((answer) => answer.model);
      const status = await chat(stage).catch((error: { status: number }) => error.status);
      const whole = await chat(stage).finally(() => ended.push('finally'));
      return { model, status, whole, ended };
    },
  },
  {
    name: 'a transformed promise',
    replies,
    run: async (stage) => {
      const promise = chat(stage)._thenUnwrap((data, { response }) => ({ id: data.id, status: response.status }));
      return [promise, await promise, await promise.asResponse(), await promise.withResponse()];
    },
  },
];

async function leavesAlone({ client, server }: Stage): Promise<unknown> {
  void client.chat.completions.create(CHAT);
  await turns();
  const afterCall = server.requests.length;
  void client.files.list();
  await turns();
  return [afterCall, server.requests.length];
}
