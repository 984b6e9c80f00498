/** Answers parsed by a schema. */

import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import type { Behaviour } from '../support/behaviour.ts';
import { AT_ONCE, CHAT, completion, failure } from '../support/replies.ts';

const City = z.object({ city: z.string() });
const parsed = { ...CHAT, response_format: zodResponseFormat(City, 'city') };
const json = completion({ content: '{"city":"Zürich"}' });

export const PARSE: readonly Behaviour[] = [
  { name: 'chat.completions.parse', replies: [json], run: ({ client }) => client.chat.completions.parse(parsed) },
  {
    name: 'chat.completions.parse of an answer that does not fit the schema',
    replies: [completion({ content: '{"town":1}' })],
    run: ({ client }) => client.chat.completions.parse(parsed),
  },
  {
    name: 'chat.completions.parse of an answer that was cut',
    replies: [completion({ content: '{"ci' }, 'length')],
    run: ({ client }) => client.chat.completions.parse(parsed),
  },
  {
    name: 'chat.completions.parse with withResponse and asResponse',
    replies: [json],
    run: async ({ client }) => [
      await client.chat.completions.parse(parsed).withResponse(),
      await client.chat.completions.parse(parsed).asResponse(),
    ],
  },
  {
    name: 'chat.completions.parse after a retry',
    replies: [failure(500, {}, AT_ONCE), json],
    options: { maxRetries: 1 },
    run: ({ client }) => client.chat.completions.parse(parsed),
  },
];
