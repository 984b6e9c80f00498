/** Slow providers, time-outs and outages. */

import { atOnce, oneEach, type Behaviour, type PlannedCall, type ProviderReply } from '../support/behaviour.ts';
import {
  delta,
  DONE,
  event,
  failed,
  HANG,
  healthy,
  page,
  RESET,
  ROLE,
  STOP,
  unreachable,
  wire,
  WORDS,
  type Step,
} from './replies.ts';

const END = [STOP, DONE];

/** The answer comes `ms` after the request. */
function late(ms: number): ProviderReply {
  const reply = healthy('own');
  return async (request) => {
    await request.wait(ms);
    return reply(request);
  };
}

const silence = wire([HANG], { type: 'application/json' });
const never: ProviderReply = (request) => request.wait(Infinity).then(() => new Response());

const every = (ms: number, count: number, step: string): Step[] =>
  Array.from({ length: count }, () => [{ waitMs: ms }, step]).flat();

function stream(name: string, steps: readonly Step[], client: Behaviour['client'] = {}): Behaviour {
  return { name, provider: () => wire(steps), way: 'stream', client };
}

const MINUTES = [1, 5, 9.9];

const thinkers: Behaviour[] = [
  ...[1, 20, 60, 300, 590].map((s) => ({ name: `a plain answer after ${s} s`, provider: () => late(s * 1_000) })),
  ...MINUTES.map((min) =>
    stream(`a stream that begins after ${min} min`, [{ waitMs: min * 60_000 }, ROLE, ...WORDS, ...END]),
  ),
  ...MINUTES.map((min) =>
    stream(`a role, then ${min} min of silence`, [ROLE, { waitMs: min * 60_000 }, ...WORDS, ...END]),
  ),
  ...MINUTES.map((min) =>
    stream(`${min} min of silence in the middle`, [
      ROLE,
      ...WORDS.slice(0, 4),
      { waitMs: min * 60_000 },
      ...WORDS.slice(4),
      ...END,
    ]),
  ),
  stream('5 min of thinking with timeout 300 s', [{ waitMs: 290_000 }, ROLE, ...WORDS, ...END], { timeout: 300_000 }),
  stream('10 min of keep-alive comments', [...every(15_000, 40, ': keep-alive\n\n'), ROLE, ...WORDS, ...END]),
  stream('10 min of keep-alive events', [...every(15_000, 40, event({ choices: [] })), ROLE, ...WORDS, ...END]),
  stream('10 min of empty deltas', [ROLE, ...every(15_000, 40, delta({ content: '' })), ...WORDS, ...END]),
  stream('5 min of reasoning', [ROLE, ...every(10_000, 30, delta({ reasoning_content: 'Hmm. ' })), ...WORDS, ...END]),
  stream('a word each 20 s', [ROLE, ...WORDS.flatMap((word) => [{ waitMs: 20_000 }, word]), ...END]),
  stream('a stall of 30 s', [ROLE, ...WORDS.slice(0, 4), { waitMs: 30_000 }, ...WORDS.slice(4), ...END]),
  stream('a cut after a stall', [ROLE, ...WORDS.slice(0, 4), { waitMs: 30_000 }, { breakWith: RESET }]),
];

const timeouts: Behaviour[] = [0, 2, 5].flatMap((maxRetries) => [
  {
    name: `no answer, timeout 5 s, maxRetries ${maxRetries}`,
    provider: () => never,
    client: { timeout: 5_000, maxRetries },
  },
  {
    name: `no answer once, timeout 5 s, maxRetries ${maxRetries}`,
    provider: () => (request) => (request.index === 0 ? never : healthy('own'))(request),
    client: { timeout: 5_000, maxRetries },
  },
  {
    name: `no first byte of a stream, timeout 5 s, maxRetries ${maxRetries}`,
    provider: () => never,
    way: 'stream' as const,
    client: { timeout: 5_000, maxRetries },
  },
  {
    name: `a plain body that stalls, timeout 5 s, maxRetries ${maxRetries}`,
    provider: () => silence,
    client: { timeout: 5_000, maxRetries },
  },
  {
    name: `no answer for the first 7 s, timeout 5 s, maxRetries ${maxRetries}`,
    provider: () => (request) => (request.sinceMs < 7_000 ? never : healthy('own'))(request),
    client: { timeout: 5_000, maxRetries },
  },
]);

const patience: Behaviour[] = [
  { name: 'no answer for 10 min', provider: () => never },
  { name: 'an answer after 11 min', provider: () => late(660_000), client: { maxRetries: 1 } },
  { name: 'a late answer within a long timeout', provider: () => late(660_000), client: { timeout: 900_000 } },
  {
    name: 'a timeout of the call itself',
    provider: () => late(3_000),
    calls: [{ options: { timeout: 2_000, maxRetries: 1 } }],
  },
  { name: 'a maxRetries of the call itself', provider: () => failed(503), calls: [{ options: { maxRetries: 4 } }] },
];

/** A provider that is away for `ms` from the start of the scene. */
function away(ms: number, reply: ProviderReply): () => ProviderReply {
  const otherwise = healthy('own');
  return () => (request) => (request.sinceMs < ms ? reply : otherwise)(request);
}

const BLIPS_MS = [100, 300, 1_000, 2_000, 5_000];

const blips: Behaviour[] = BLIPS_MS.flatMap((ms) => [
  ...[1, 3, 20, 200].map((count) => ({
    name: `503 for ${ms / 1_000} s, ${count} at once`,
    provider: away(ms, failed(503)),
    calls: atOnce(count),
  })),
  {
    name: `503 for ${ms / 1_000} s, streams`,
    provider: away(ms, failed(503)),
    way: 'stream' as const,
    calls: atOnce(3),
  },
  { name: `429 for ${ms / 1_000} s, 20 at once`, provider: away(ms, failed(429)), calls: atOnce(20) },
  { name: `no connection for ${ms / 1_000} s, 20 at once`, provider: away(ms, unreachable()), calls: atOnce(20) },
  { name: `503 for ${ms / 1_000} s, ten a second`, provider: away(ms, failed(503)), calls: oneEach(100, 60) },
]);

/** The first request of every call fails. */
const flaky: Behaviour[] = [500, 429, 409].map((status) => ({
  name: `${status} for the first request of each call`,
  provider: () => {
    const known = new Set<string>();
    return (request) => {
      const call = JSON.stringify(request.body.messages);
      const isFirst = !known.has(call);
      known.add(call);
      return (isFirst ? failed(status) : healthy('own'))(request);
    };
  },
  calls: oneEach(400, 60),
}));

const poison = { messages: [{ role: 'user', content: 'select * from users' }] };
const isPoison = ({ body }: { readonly body: Readonly<Record<string, unknown>> }): boolean =>
  JSON.stringify(body).includes('select');
const ofModel = (model: string, calls: readonly PlannedCall[]): PlannedCall[] =>
  calls.map((call) => ({ ...call, body: { ...call.body, model } }));

function forModel(model: string, reply: ProviderReply): () => ProviderReply {
  const otherwise = healthy('own');
  return () => (request) => (request.body.model === model ? reply : otherwise)(request);
}

const neighbours: Behaviour[] = [
  {
    name: 'a firewall that dislikes one prompt',
    provider: () => (request) => (isPoison(request) ? page(403) : healthy('own'))(request),
    calls: [{ body: poison }, { body: poison }, { body: poison }, { body: poison }, ...oneEach(1_000, 20)],
  },
  ...([429, 503] as const).map((status) => ({
    name: `${status} for one model, another one in use`,
    provider: forModel('gpt-4.1-mini', failed(status)),
    calls: [...ofModel('gpt-4.1-mini', oneEach(500, 20)), ...oneEach(500, 20)],
  })),
  {
    name: 'an empty account for one model',
    provider: forModel('gpt-4.1-mini', failed(429, {}, { code: 'insufficient_quota' })),
    calls: [...ofModel('gpt-4.1-mini', oneEach(500, 4)), ...oneEach(500, 4)],
  },
  {
    name: 'a key that is refused for one call',
    provider: () => (request) => (isPoison(request) ? failed(401) : healthy('own'))(request),
    calls: [{ body: poison }, ...oneEach(1_000, 10)],
  },
  { name: '60 s of 503, a call each 4 s', provider: away(60_000, failed(503)), calls: oneEach(4_000, 30) },
  { name: '10 min of 503, a call each 20 s', provider: away(600_000, failed(503)), calls: oneEach(20_000, 40) },
  {
    name: 'a rate limit of 10 min that ends early',
    provider: () => (request) =>
      (request.sinceMs < 30_000 ? failed(429, { 'retry-after': '55' }) : healthy('own'))(request),
    calls: oneEach(7_000, 12),
  },
];

export const waits: readonly Behaviour[] = [...thinkers, ...timeouts, ...patience, ...blips, ...flaky, ...neighbours];
