/** Raw responses, with and without the parsed body. */

import type { Behaviour, Stage } from '../support/behaviour.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { CHAT, EMBEDDINGS, FILE, RESPONSE, chatStream, completion, failure } from '../support/replies.ts';

const replies = [completion()];
const chat = ({ client }: Stage) => client.chat.completions.create(CHAT);

export const RAW_RESPONSES: readonly Behaviour[] = [
  {
    name: 'asResponse',
    replies,
    run: async (stage) => {
      const response = await chat(stage).asResponse();
      return [response === stage.server.responses[0], response, await response.json()];
    },
  },
  {
    name: 'asResponse on every other surface',
    replies: ({ url }) =>
      url.includes('embeddings') ? EMBEDDINGS : { body: url.includes('responses') ? RESPONSE : FILE },
    run: async ({ client, server }) => {
      const responses = [
        await client.embeddings.create({ model: 'a', input: 'a' }).asResponse(),
        await client.responses.create({ model: 'a', input: 'a' }).asResponse(),
        await client.files.retrieve('a').asResponse(),
        await client.files.list().asResponse(),
        await client.files.content('a').asResponse(),
      ];
      return responses.map((response) => [server.responses.includes(response), response]);
    },
  },
  {
    name: 'asResponse of an error',
    replies: [failure(404)],
    run: (stage) => chat(stage).asResponse(),
  },
  {
    name: 'asResponse twice',
    replies,
    run: async (stage) => {
      const promise = chat(stage);
      const [first, second] = [await promise.asResponse(), await promise.asResponse()];
      return [first === second, second];
    },
  },
  {
    name: 'the parsed body after asResponse, unread',
    replies,
    run: async (stage) => {
      const promise = chat(stage);
      const response = await promise.asResponse();
      return [await promise, response];
    },
  },
  {
    name: 'the parsed body after asResponse, read',
    replies,
    run: async (stage) => {
      const promise = chat(stage);
      await (await promise.asResponse()).text();
      return promise;
    },
  },
  {
    name: 'asResponse after the parsed body',
    replies,
    run: async (stage) => {
      const promise = chat(stage);
      return [await promise, await promise.asResponse()];
    },
  },
  {
    name: 'asResponse and the parsed body at the same time',
    replies,
    run: async (stage) => {
      const promise = chat(stage);
      return Promise.all([promise.asResponse(), promise]);
    },
  },
  {
    name: 'withResponse',
    replies,
    run: async (stage) => {
      const { data, response, request_id, ...rest } = await chat(stage).withResponse();
      return { data, request_id, rest, same: response === stage.server.responses[0], response };
    },
  },
  {
    name: 'withResponse on every other surface',
    replies: ({ url }) =>
      url.includes('embeddings') ? EMBEDDINGS : { body: url.includes('responses') ? RESPONSE : FILE },
    run: async ({ client }) => [
      await client.embeddings.create({ model: 'a', input: 'a' }).withResponse(),
      await client.responses.create({ model: 'a', input: 'a' }).withResponse(),
      await client.files.retrieve('a').withResponse(),
      await client.models.list().withResponse(),
      await client.files.content('a').withResponse(),
    ],
  },
  {
    name: 'withResponse of a stream',
    replies: chatStream(),
    run: async ({ client }) => {
      const { data, response, request_id } = await client.chat.completions
        .create({ ...CHAT, stream: true })
        .withResponse();
      const chunks = await chunksOf(data);
      return { data, chunks, request_id, response };
    },
  },
  { name: 'withResponse of an error', replies: [failure(422)], run: (stage) => chat(stage).withResponse() },
];
