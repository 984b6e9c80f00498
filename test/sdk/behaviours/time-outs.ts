/** Time-outs of a client and of a call, on a silent network. */

import type { Behaviour, Stage } from '../support/behaviour.ts';
import { CHAT, completion } from '../support/replies.ts';
import type { Reply } from '../support/server.ts';

const chat = ({ client }: Stage) => client.chat.completions.create(CHAT);
const silent: Reply[] = [{ silent: true }];

/** A response that stalls after its headers and a part of its body. */
const stalled: Reply = { body: ['{"id":'], open: true, headers: { 'content-type': 'application/json' } };
/** Older versions of the SDK wait for a body for ever. */
const patient = (stage: Stage) =>
  stage.client.chat.completions.create(CHAT, { signal: AbortSignal.timeout(200) }).withResponse();

export const TIME_OUTS: readonly Behaviour[] = [
  { name: 'the time-out of the client', replies: silent, options: { timeout: 20 }, run: chat },
  {
    name: 'the time-out of a call',
    replies: silent,
    run: ({ client }) => client.chat.completions.create(CHAT, { timeout: 20 }),
  },
  {
    name: 'the time-out of a call in its headers',
    replies: [completion()],
    run: ({ client }) => client.chat.completions.create(CHAT, { timeout: 12_345 }),
  },
  {
    name: 'a time-out of a call that is not a number',
    replies: [completion()],
    run: ({ client }) => client.chat.completions.create(CHAT, { timeout: -1 }),
  },
  {
    name: 'a time-out on a call of the account',
    replies: silent,
    options: { timeout: 20 },
    run: ({ client }) => client.models.retrieve('a'),
  },
  {
    name: 'a time-out on a list',
    replies: silent,
    options: { timeout: 20 },
    run: ({ client }) => client.models.list(),
  },
  {
    name: 'a time-out before a raw response',
    replies: silent,
    options: { timeout: 20 },
    run: (stage) => chat(stage).asResponse(),
  },
  {
    name: 'a time-out with retries',
    replies: silent,
    options: { timeout: 20, maxRetries: 2 },
    run: chat,
    skipsTime: true,
  },
  {
    name: 'a body that stalls',
    replies: [stalled],
    options: { timeout: 20 },
    run: patient,
  },
  {
    name: 'a body that stalls once',
    replies: [stalled, completion()],
    options: { timeout: 20, maxRetries: 1 },
    run: patient,
  },
];
