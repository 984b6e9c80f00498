/** Helpers of the Responses API. */

import { APIError } from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import type { Behaviour, Stage } from '../support/behaviour.ts';
import { asksStableForResponse } from '../support/differences.ts';
import { OTHER } from '../support/settings.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { isInterrupted } from '../support/differences-of-streams.ts';
import { record } from '../support/record.ts';
import { RESPONSE, RESPONSE_EVENTS, events, failure } from '../support/replies.ts';

const City = z.object({ city: z.string() });
const body = { model: 'gpt-4.1', input: 'a', text: { format: zodTextFormat(City, 'city') } };
const SAID = new APIError(undefined, { code: 'server_error', message: 'No.' }, undefined, undefined);
const stream = ({ client }: Stage) => client.responses.stream(body);

const FAILED = {
  type: 'response.failed',
  sequence_number: 1,
  response: { ...RESPONSE, status: 'failed', error: { code: 'server_error', message: 'No.' } },
};

export const RESPONSE_HELPERS: readonly Behaviour[] = [
  { name: 'responses.parse', replies: [{ body: RESPONSE }], run: ({ client }) => client.responses.parse(body) },
  {
    name: 'responses.parse withResponse',
    replies: [{ body: RESPONSE }],
    run: ({ client }) => client.responses.parse(body).withResponse(),
  },
  {
    name: 'responses.stream with its events',
    replies: [events(RESPONSE_EVENTS)],
    run: async (stage) => {
      const runner = stream(stage);
      const told = record(runner, ['event', 'response.output_text.delta', 'response.completed', 'end']);
      return [await runner.finalResponse(), told];
    },
  },
  {
    name: 'responses.stream as an iterator',
    replies: [events(RESPONSE_EVENTS)],
    run: (stage) => chunksOf(stream(stage)),
  },
  {
    name: 'responses.stream, aborted',
    replies: [{ ...events(RESPONSE_EVENTS.slice(0, 4)), open: true }],
    run: async (stage) => {
      const runner = stream(stage);
      runner.on('response.output_text.delta', () => runner.abort());
      return [await runner.done().catch((error: unknown) => error), runner.aborted];
    },
  },
  {
    name: 'responses.stream that fails',
    replies: [failure(429)],
    run: (stage) => stream(stage).finalResponse(),
  },
  {
    name: 'responses.stream of a response that is resumed',
    replies: [events(RESPONSE_EVENTS)],
    run: ({ client }) => client.responses.stream({ response_id: 'resp_1' }).finalResponse(),
    differs: { elsewhere: [asksStableForResponse(OTHER)] },
  },
  {
    name: 'a failed response in a stream',
    replies: [events([...RESPONSE_EVENTS.slice(0, 1), FAILED])],
    run: async ({ client }) => chunksOf(await client.responses.create({ ...body, stream: true })),
    differs: isInterrupted({ text: '', kind: 'server', cause: SAID, usage: { inputTokens: 9, outputTokens: 3 } }),
  },
];
