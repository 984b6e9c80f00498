/** What callers do: helpers of the SDK, aborts, time-outs of streams, and calls that belong to one account. */

import { atOnce, type Behaviour, type ProviderReply, type Way } from '../support/behaviour.ts';
import { delta, DONE, failed, healthy, HANG, json, ROLE, STOP, unreachable, wire, WORDS } from './replies.ts';
import { first } from './statuses.ts';

const END = [STOP, DONE];
const TRICKLE = WORDS.flatMap((word) => [{ waitMs: 3_000 }, word]);
const never: ProviderReply = (request) => request.wait(Infinity).then(() => new Response());

const HELPERS: readonly Way[] = ['withResponse', 'parse', 'responseHelper', 'helper', 'runTools'];

const helpers: Behaviour[] = HELPERS.flatMap((way) => [
  { name: `${way}: healthy`, provider: () => healthy('own'), way },
  { name: `${way}: one 503`, provider: first(1, failed(503)), way },
  { name: `${way}: 400 for ever`, provider: () => failed(400), way },
  { name: `${way}: 503 for ever`, provider: () => failed(503), way },
  { name: `${way}: no connection`, provider: () => unreachable(), way },
]);

/** The first turn calls a tool, the second one answers. */
const withTool: ProviderReply = (request) => {
  const { messages } = request.body as { messages: readonly object[] };
  if (messages.length > 1) return healthy('own')(request);
  const tool_calls = [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } }];
  const message = { role: 'assistant', content: null, tool_calls };
  const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
  return json({ id: 'chatcmpl-1', object: 'chat.completion', created: 0, model: 'gpt-4.1', choices })(request);
};

const tools: Behaviour[] = [
  { name: 'runTools: two turns', provider: () => withTool, way: 'runTools' },
  {
    name: 'runTools: two turns, each with one 503',
    provider: () => (request) => (request.index % 2 === 0 ? failed(503) : withTool)(request),
    way: 'runTools',
  },
];

const aborts: Behaviour[] = (['plain', 'stream', 'rawStream', 'helper'] as const).flatMap((way) => [
  { name: `aborted without an answer, ${way}`, provider: () => never, way, calls: [{ abortAfterMs: 2_500 }] },
  { name: `aborted during a back-off, ${way}`, provider: () => failed(503), way, calls: [{ abortAfterMs: 300 }] },
  { name: `aborted before it was sent, ${way}`, provider: () => healthy('own'), way, calls: [{ abortAfterMs: 0 }] },
  {
    name: `aborted in the middle of its stream, ${way}`,
    provider: () => (request) => (request.body.stream === true ? wire([ROLE, ...TRICKLE, ...END]) : never)(request),
    way,
    calls: [{ abortAfterMs: 10_000 }],
  },
]);

const leaving: Behaviour[] = [
  { name: 'left after two chunks', provider: () => wire([ROLE, ...TRICKLE, ...END]), way: 'left', calls: atOnce(3) },
  { name: 'left at a stream that stops', provider: () => wire([ROLE, ...WORDS.slice(0, 3), HANG]), way: 'left' },
];

/** The SDK's time-out limits the time until the headers of a stream. */
const limited: Behaviour[] = (['stream', 'rawStream', 'helper'] as const).flatMap((way) => [
  {
    name: `a stream that lasts longer than the timeout, ${way}`,
    provider: () => wire([ROLE, ...TRICKLE, ...END]),
    way,
    client: { timeout: 5_000 },
  },
  {
    name: `a role, then silence longer than the timeout, ${way}`,
    provider: () => wire([ROLE, { waitMs: 8_000 }, ...WORDS, ...END]),
    way,
    client: { timeout: 5_000 },
  },
  {
    name: `headers, then silence longer than the timeout, ${way}`,
    provider: () => wire([{ waitMs: 8_000 }, ROLE, ...WORDS, ...END]),
    way,
    client: { timeout: 5_000 },
  },
  {
    name: `reasoning, then silence longer than the timeout, ${way}`,
    provider: () => wire([ROLE, delta({ reasoning_content: 'Hmm.' }), { waitMs: 8_000 }, ...WORDS, ...END]),
    way,
    client: { timeout: 5_000 },
  },
]);

const account: Behaviour[] = (['models', 'retrieve', 'upload'] as const).flatMap((way) => [
  { name: `${way}: healthy`, provider: () => healthy('own'), way },
  { name: `${way}: one 503`, provider: first(1, failed(503)), way },
  { name: `${way}: 503 for ever`, provider: () => failed(503), way },
  { name: `${way}: 404`, provider: () => failed(404), way },
  { name: `${way}: 429 with Retry-After: 2`, provider: first(1, failed(429, { 'retry-after': '2' })), way },
  { name: `${way}: no answer, timeout 5 s`, provider: () => never, way, client: { timeout: 5_000 } },
]);

export const callers: readonly Behaviour[] = [...helpers, ...tools, ...aborts, ...leaving, ...limited, ...account];
