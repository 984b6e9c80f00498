/** Bodies that are not completions. */

import type { Behaviour } from '../support/behaviour.ts';
import { CHAT } from '../support/replies.ts';
import type { Reply } from '../support/server.ts';

const BODIES: readonly (readonly [string, Reply])[] = [
  ['no content (204)', { status: 204 }],
  ['an empty body with a length of 0', { headers: { 'content-type': 'application/json', 'content-length': '0' } }],
  ['an empty body', { headers: { 'content-type': 'application/json' }, body: '' }],
  ['malformed JSON', { body: '{"choices": [' }],
  ['an array', { body: '[1]' }],
  ['null', { body: 'null' }],
  ['a string', { body: '"text"' }],
  ['plain text', { headers: { 'content-type': 'text/plain' }, body: 'text' }],
  ['a body without a type', { headers: { 'content-type': '' }, body: 'text' }],
  [
    'JSON of another media type',
    { headers: { 'content-type': 'application/problem+json; charset=utf-8' }, body: '{"a":1}' },
  ],
  ['an error inside a 200', { body: { error: { message: 'No.', code: 'a' } } }],
  ['an answer without a request id', { headers: { 'x-request-id': '' }, body: {} }],
];

export const ODD_BODIES: readonly Behaviour[] = BODIES.map(([name, reply]) => ({
  name: `${name} in place of a completion`,
  replies: [reply],
  run: ({ client }) => client.chat.completions.create(CHAT),
}));
