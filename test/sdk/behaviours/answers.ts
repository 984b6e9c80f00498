/** The results of calls on every surface. */

import { toFile } from 'openai';
import type { Behaviour } from '../support/behaviour.ts';
import { asksStableForResponse } from '../support/differences.ts';
import { OTHER } from '../support/settings.ts';
import { CHAT, EMBEDDINGS, FILE, MODEL, RESPONSE, completion } from '../support/replies.ts';
import type { Reply } from '../support/server.ts';

const json = (body: unknown): Reply[] => [{ body }];
const typed = (type: string, body: string): Reply[] => [{ headers: { 'content-type': type }, body }];

export const ANSWERS: readonly Behaviour[] = [
  { name: 'chat', replies: [completion()], run: ({ client }) => client.chat.completions.create(CHAT) },
  {
    name: 'chat with every kind of field',
    replies: [completion()],
    run: ({ client }) =>
      client.chat.completions.create({
        ...CHAT,
        temperature: 0.5,
        stop: ['\n', '"'],
        metadata: { a: '\u2028', ключ: 'значение' },
        max_completion_tokens: 10,
        user: undefined as unknown as string,
        logit_bias: {},
        prediction: null,
      }),
  },
  {
    name: 'responses, with the text gathered in output_text',
    replies: json(RESPONSE),
    run: ({ client }) => client.responses.create({ model: 'gpt-4.1', input: 'Hi' }),
  },
  {
    name: 'retrieving, cancelling and deleting a response',
    replies: json(RESPONSE),
    run: async ({ client }) => [
      await client.responses.retrieve('resp_1', { include: ['file_search_call.results'] }),
      await client.responses.cancel('resp_1'),
      await client.responses.delete('resp_1'),
    ],
    differs: { elsewhere: [asksStableForResponse(OTHER)] },
  },
  {
    name: 'embeddings, asked for in base64 and decoded',
    replies: [EMBEDDINGS],
    run: ({ client }) => client.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'] }),
  },
  {
    name: 'embeddings with an encoding of the caller',
    replies: [EMBEDDINGS],
    run: ({ client }) =>
      client.embeddings.create({ model: 'text-embedding-3-small', input: 'a', encoding_format: 'base64' }),
  },
  {
    name: 'legacy completions',
    replies: json({
      id: 'cmpl-1',
      object: 'text_completion',
      choices: [{ index: 0, text: 'a', finish_reason: 'stop' }],
    }),
    run: ({ client }) => client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'a' }),
  },
  {
    name: 'moderations',
    replies: json({ id: 'modr-1', model: 'omni-moderation', results: [{ flagged: false }] }),
    run: ({ client }) => client.moderations.create({ input: 'a' }),
  },
  { name: 'a model', replies: json(MODEL), run: ({ client }) => client.models.retrieve('gpt-4.1') },
  {
    name: 'a model with a name that must be escaped',
    replies: json(MODEL),
    run: ({ client }) => client.models.delete('ft:gpt/ü'),
  },
  {
    name: 'an upload of a file',
    replies: json(FILE),
    run: async ({ client }) =>
      client.files.create({
        file: await toFile(Buffer.from('{"a":1}\n'), 'a.jsonl', { type: 'application/jsonl' }),
        purpose: 'batch',
      }),
  },
  {
    name: 'an upload of a response',
    replies: json(FILE),
    run: ({ client }) => client.files.create({ file: new Response('abc') as never, purpose: 'assistants' }),
  },
  { name: 'a file', replies: json(FILE), run: ({ client }) => client.files.retrieve('file-1') },
  {
    name: 'the content of a file',
    replies: typed('application/binary', 'raw'),
    run: async ({ client, server }) => {
      const content = await client.files.content('file-1');
      return [content === server.responses[0], content];
    },
  },
  {
    name: 'speech',
    replies: typed('audio/mpeg', 'sound'),
    run: async ({ client, server }) => {
      const speech = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'a' });
      return [speech === server.responses[0], Buffer.from(await speech.arrayBuffer()).toString()];
    },
  },
  {
    name: 'a transcription, uploaded as a form',
    replies: json({ text: 'a' }),
    run: async ({ client }) =>
      client.audio.transcriptions.create({ model: 'whisper-1', file: await toFile(Buffer.from('a'), 'a.wav') }),
  },
  {
    name: 'an image',
    replies: json({ created: 1, data: [{ b64_json: 'aaaa' }] }),
    run: ({ client }) => client.images.generate({ model: 'gpt-image-1', prompt: 'a' }),
  },
  {
    name: 'a batch',
    replies: json({ id: 'batch_1', object: 'batch' }),
    run: ({ client }) =>
      client.batches.create({ input_file_id: 'file-1', endpoint: '/v1/chat/completions', completion_window: '24h' }),
  },
  {
    name: 'helpers that are in beta',
    replies: json({ id: 'asst_1', object: 'assistant' }),
    // Deprecated, but present in every supported version.
    run: ({ client }) => client.beta.assistants.create({ model: 'gpt-4.1' }),
  },
  {
    name: 'paths of the caller',
    replies: json({ any: 'thing' }),
    run: async ({ client }) => [
      await client.get('/some/thing', { query: { a: [1, 2], b: { c: 'ü' } } }),
      await client.post('/chat/completions', { body: CHAT }),
      await client.put('/a', { body: { b: 1 } }),
      await client.patch('/a', { body: { b: 1 } }),
      await client.delete('/a'),
      await client.post('https://absolute.test/a', { body: { b: 1 } }),
    ],
  },
  {
    name: 'request options given as a promise',
    replies: json({ any: 'thing' }),
    run: ({ client }) => client.post('/chat/completions', Promise.resolve({ body: CHAT })),
  },
];
