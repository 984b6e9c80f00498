/** The error that the caller gets. */

import {
  APIConnectionError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  OpenAI,
  RateLimitError,
  UnprocessableEntityError,
} from 'openai';
import { expect, test } from 'vitest';
import { ask, errorWithin } from '../support/calls.ts';
import { failed, unreachable, type Reply } from '../support/replies.ts';
import { setUp, setUpCanary } from '../support/set-up.ts';

test('rejects with the SDK’s complete error of the last attempt', async () => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 1 } });
  providers.script('openai', failed(500), failed(503, { code: 'overloaded' }, { 'x-request-id': 'req_2' }));
  const error = await errorWithin(clock, 1_000, ask(ai));
  expect(error).toBeInstanceOf(OpenAI.InternalServerError);
  expect(error).toMatchObject({ status: 503, code: 'overloaded', requestID: 'req_2', message: '503 Status 503.' });
});

test('rejects with the error of the last of two failing upstreams', async () => {
  const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 } });
  providers.script('gemini', failed(503)).script('openai', failed(500));
  expect(await errorWithin(clock, 0, ask(ai))).toMatchObject({ status: 500 });
});

const FALLBACK_REFUSES: readonly { name: string; reply: Reply }[] = [
  { name: '400', reply: failed(400) },
  { name: '404', reply: failed(404) },
  { name: '413', reply: failed(413) },
  { name: '422', reply: failed(422) },
  { name: 'context length', reply: failed(400, { code: 'context_length_exceeded' }) },
];

test.each(FALLBACK_REFUSES)(
  'rejects with the $name of stable after a failure of another upstream',
  async ({ reply }) => {
    const { ai, clock, providers } = setUpCanary({ client: { maxRetries: 0 } });
    providers.script('gemini', failed(503)).script('openai', reply);
    const error = await errorWithin(clock, 0, ask(ai));
    expect(providers.asked).toEqual(['gemini', 'openai']);
    // The SDK alone would have thrown the same.
    expect(error).toMatchObject({ status: Number(/\d+/.exec((error as Error).message)?.[0]) });
    expect(error).not.toBeInstanceOf(InternalServerError);
  },
);

test.each([...FALLBACK_REFUSES, { name: '401', reply: failed(401) }])(
  'rejects with the failure of stable after the $name of a spare upstream',
  async ({ reply }) => {
    const { ai, clock, providers, events } = setUpCanary({
      client: { maxRetries: 0 },
      canary: { weights: { openai: 1 }, fallbacks: ['gemini'] },
    });
    providers.script('openai', failed(503)).script('gemini', reply);
    const error = await errorWithin(clock, 0, ask(ai));
    expect(providers.asked).toEqual(['openai', 'gemini']);
    expect(error).toBeInstanceOf(InternalServerError);
    expect(events.of('call')).toMatchObject([{ outcome: 'failure', kind: 'server' }]);
  },
);

const TYPES = [
  { reply: unreachable(), type: APIConnectionError },
  { reply: failed(401), type: AuthenticationError },
  { reply: failed(404), type: NotFoundError },
  { reply: failed(422), type: UnprocessableEntityError },
  { reply: failed(400), type: BadRequestError },
  { reply: failed(429), type: RateLimitError },
];

test.each(TYPES)('keeps the type $type.name that applications catch', async ({ reply, type }) => {
  const { ai, clock, providers } = setUp({ client: { maxRetries: 0 } });
  providers.script('openai', reply);
  expect(await errorWithin(clock, 0, ask(ai))).toBeInstanceOf(type);
});
