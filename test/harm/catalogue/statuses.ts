/** Error statuses and broken connections, with every wait that a provider may state, and the SDK's own settings. */

import type { Behaviour, ProviderReply, Way } from '../support/behaviour.ts';
import { failed, healthy, json, page, unreachable, wire } from './replies.ts';

const STATUSES = [400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 451, 500, 501, 502, 503, 504, 520, 529];
const RETRIED = [408, 409, 429, 500, 503];

/** The first `count` requests get `reply`. */
export function first(count: number, reply: ProviderReply): () => ProviderReply {
  const otherwise = healthy('own');
  return () => (request) => (request.index < count ? reply : otherwise)(request);
}

function always(reply: ProviderReply): () => ProviderReply {
  return () => reply;
}

function both(
  name: string,
  provider: () => ProviderReply,
  rest: Omit<Behaviour, 'name' | 'provider'> = {},
): Behaviour[] {
  return (['plain', 'stream'] as const).map((way) => ({ name: `${name}, ${way}`, provider, ...rest, way }));
}

const forever = STATUSES.flatMap((status) => [
  ...both(`${status} for ever`, always(failed(status))),
  ...both(`${status} for ever, Retry-After: 1`, always(failed(status, { 'retry-after': '1' }))),
]);

const passing = RETRIED.flatMap((status) =>
  [0, 2, 5].flatMap((maxRetries) => [
    { name: `one ${status}, maxRetries ${maxRetries}`, provider: first(1, failed(status)), client: { maxRetries } },
    {
      name: `${status} five times, maxRetries ${maxRetries}`,
      provider: first(5, failed(status)),
      client: { maxRetries },
      way: 'stream' as Way,
    },
    { name: `${status} for ever, maxRetries ${maxRetries}`, provider: always(failed(status)), client: { maxRetries } },
  ]),
);

const WAITS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Retry-After: 0': { 'retry-after': '0' },
  'Retry-After: -1': { 'retry-after': '-1' },
  'Retry-After: 7': { 'retry-after': '7' },
  'Retry-After: 59': { 'retry-after': '59' },
  'Retry-After: 300': { 'retry-after': '300' },
  'a Retry-After that is no number': { 'retry-after': 'soon' },
  'a Retry-After in the past': { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' },
  'retry-after-ms: 150': { 'retry-after-ms': '150' },
  'x-should-retry: false': { 'x-should-retry': 'false' },
  'x-should-retry: true': { 'x-should-retry': 'true' },
};

const waits = [429, 503].flatMap((status) =>
  Object.entries(WAITS).flatMap(([name, headers]) =>
    both(`one ${status} with ${name}`, first(1, failed(status, headers))),
  ),
);

const shouldRetry = [400, 401, 404].map((status) => ({
  name: `one ${status} with x-should-retry: true`,
  provider: first(1, failed(status, { 'x-should-retry': 'true' })),
}));

const codes: Behaviour[] = [
  ['insufficient_quota', 429],
  ['model_not_found', 404],
  ['context_length_exceeded', 400],
  ['content_policy_violation', 400],
  ['content_filter', 400],
  ['invalid_api_key', 401],
].flatMap(([code, status]) =>
  both(`${status} ${code}`, always(failed(Number(status), {}, { code, message: String(code) }))),
);

const prefill = 'This model does not support assistant message prefill.';

const pages: Behaviour[] = [
  ...both('an HTML 403', always(page(403))),
  ...both('an HTML 502', always(page(502))),
  ...both('one HTML 502', first(1, page(502))),
  ...both('an HTML 200', always(page(200))),
  ...both('one HTML 200', first(1, page(200))),
  ...both('an empty 500', always(wire([], { status: 500 }))),
  ...both('an empty 200', always(wire([], { type: 'application/json' }))),
  ...both(
    'a 204',
    always(() => new Response(null, { status: 204 })),
  ),
  ...both('an error in an array', always(json([{ error: { code: 429, message: 'Slow down.' } }], 429))),
  ...both('an error as a string', always(json({ error: 'Overloaded' }, 503))),
  ...both('an error with status 200', always(json({ error: { message: 'Overloaded', code: 503 } }))),
  ...both('a refusal of prefill', always(failed(400, {}, { message: prefill }))),
];

const HALF = '{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"mess';

const connections: Behaviour[] = [
  ...both('no connection', always(unreachable())),
  ...both('one reset before the headers', first(1, unreachable('ECONNRESET'))),
  ...both('three resets before the headers', first(3, unreachable('ECONNRESET'))),
  ...both('an unknown host', always(unreachable('ENOTFOUND'))),
  {
    name: 'a plain answer that is cut',
    provider: always(wire([HALF, { breakWith: new TypeError('terminated') }], { type: 'application/json' })),
  },
  { name: 'half of a plain answer', provider: always(wire([HALF], { type: 'application/json' })) },
  { name: 'one half of a plain answer', provider: first(1, wire([HALF], { type: 'application/json' })) },
];

export const statuses: readonly Behaviour[] = [
  ...forever,
  ...passing,
  ...waits,
  ...shouldRetry,
  ...codes,
  ...pages,
  ...connections,
];
