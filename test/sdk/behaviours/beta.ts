/** Helpers of beta surfaces that every supported version has, and helpers that poll. */

import type { Behaviour } from '../support/behaviour.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { record } from '../support/record.ts';
import { FILE, events, failure } from '../support/replies.ts';

const THREAD = { id: 'thread_1', object: 'thread' };
const RUN = { id: 'run_1', object: 'thread.run', thread_id: 'thread_1' };
const AT_ONCE = { 'openai-poll-after-ms': '1' };
const MESSAGE = { id: 'msg_1', object: 'thread.message', role: 'assistant', content: [] };
const piece = { index: 0, type: 'text', text: { value: 'a', annotations: [] } };

const RUN_EVENTS = [
  { event: 'thread.run.created', data: { ...RUN, status: 'queued' } },
  { event: 'thread.message.created', data: MESSAGE },
  { event: 'thread.message.delta', data: { id: 'msg_1', object: 'thread.message.delta', delta: { content: [piece] } } },
  { event: 'thread.message.completed', data: { ...MESSAGE, content: [piece] } },
  { event: 'thread.run.completed', data: { ...RUN, status: 'completed' } },
];

const runStream = [
  {
    body: [
      ...RUN_EVENTS.map(({ event, data }) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
      'event: done\ndata: [DONE]\n\n',
    ],
  },
];

export const BETA: readonly Behaviour[] = [
  {
    name: 'a run that is polled',
    replies: ['queued', 'in_progress', 'completed'].map((status) => ({ headers: AT_ONCE, body: { ...RUN, status } })),
    run: ({ client }) => client.beta.threads.runs.createAndPoll('thread_1', { assistant_id: 'asst_1' }),
  },
  {
    name: 'a run that is streamed',
    replies: runStream,
    run: async ({ client }) => {
      const stream = client.beta.threads.runs.stream('thread_1', { assistant_id: 'asst_1' });
      const told = record(stream, ['event', 'textDelta', 'messageDone', 'end']);
      return [await stream.finalRun(), await stream.finalMessages(), told];
    },
  },
  {
    name: 'a run that is streamed, as an iterator',
    replies: runStream,
    run: async ({ client }) =>
      chunksOf(await client.beta.threads.runs.create('thread_1', { assistant_id: 'asst_1', stream: true })),
  },
  {
    name: 'threads and their messages',
    replies: [{ body: THREAD }, { body: { data: [MESSAGE], has_more: false } }],
    run: async ({ client }) => [
      await client.beta.threads.create({ metadata: { a: 'b' } }, { headers: { a: 'b' } }),
      await chunksOf(client.beta.threads.messages.list('thread_1')),
    ],
  },
  {
    name: 'an upload into a vector store that is polled',
    replies: ({ url }) => {
      const inStore = { headers: AT_ONCE, body: { id: 'file-1', object: 'vector_store.file', status: 'completed' } };
      return url.includes('/vector_stores/') ? inStore : { body: FILE };
    },
    run: ({ client }) => client.vectorStores.files.uploadAndPoll('vs_1', new File(['a'], 'a.txt')),
  },
  {
    name: 'waiting for a file',
    replies: [{ body: { ...FILE, status: 'uploaded' } }, { body: FILE }],
    run: ({ client }) => client.files.waitForProcessing('file-1', { pollInterval: 1 }),
  },
  {
    name: 'a transcription that is streamed',
    replies: [events([{ type: 'transcript.text.delta' }, { type: 'transcript.text.done' }])],
    run: async ({ client }) =>
      chunksOf(await client.audio.transcriptions.create({ model: 'a', file: new File(['a'], 'a.wav'), stream: true })),
  },
  {
    name: 'a run that fails',
    replies: [failure(404)],
    run: ({ client }) => client.beta.threads.runs.stream('thread_1', { assistant_id: 'asst_1' }).finalRun(),
  },
];
