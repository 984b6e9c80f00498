/** The errors of calls. */

import type { Behaviour, Stage } from '../support/behaviour.ts';

import { CHAT, failure, refused } from '../support/replies.ts';

const chat = ({ client }: Stage) => client.chat.completions.create(CHAT);

export const ERRORS: readonly Behaviour[] = [
  ...[400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 503, 529].flatMap((status): Behaviour[] => [
    { name: `the error of a ${status}`, replies: [failure(status)], run: chat },
    {
      name: `the error of a ${status} on a call of the account`,
      replies: [failure(status)],
      run: ({ client }) => client.models.retrieve('a'),
    },
    {
      name: `the error of a ${status} on a stream`,
      replies: [failure(status)],
      run: ({ client }) => client.chat.completions.create({ ...CHAT, stream: true }),
    },
  ]),
  { name: 'an error without a body', replies: [{ status: 500 }], run: chat },
  {
    name: 'an error in HTML',
    replies: [{ status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad</h1>' }],
    run: chat,
  },
  { name: 'an error that is a string', replies: [{ status: 400, body: { error: 'no' } }], run: chat },
  {
    name: 'an error in a list',
    replies: [{ status: 400, body: [{ error: { message: 'no', code: 400 } }] }],
    run: chat,
  },
  { name: 'an error without its envelope', replies: [{ status: 404, body: { message: 'no', code: 'a' } }], run: chat },
  {
    name: 'a quota that is used up',
    replies: [failure(429, { code: 'insufficient_quota', type: 'insufficient_quota' })],
    run: chat,
  },
  { name: 'a redirect', replies: [{ status: 302, headers: { location: '/a' } }], run: chat },
  { name: 'a network that fails', replies: [{ fails: refused }], run: chat },
  {
    name: 'a network that fails on a call of the account',
    replies: [{ fails: refused }],
    run: ({ client }) => client.files.list(),
  },
];
