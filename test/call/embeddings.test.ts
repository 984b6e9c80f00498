/** Embeddings and moderations keep their model: vectors of two models cannot be compared. */

import { expect, test } from 'vitest';
import { route, type UpstreamOptions } from '../../src/index.ts';
import { errorWithin } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUpCanary, type SetUp, type SetUpOptions } from '../support/set-up.ts';

const MODEL = 'text-embedding-3-small';

function setUpVectors(gemini: UpstreamOptions, options: SetUpOptions = {}): SetUp {
  const set = setUpCanary({ ...options, upstreams: { ...options.upstreams, gemini }, client: { maxRetries: 0 } });
  return set;
}

const embed = ({ ai }: SetUp, options = {}) =>
  ai.embeddings.create({ model: MODEL, input: 'x', encoding_format: 'float' }, options);

test.each<[string, UpstreamOptions, string]>([
  ['without a model of its own', {}, 'gemini'],
  ['whose model is the same', { model: MODEL }, 'gemini'],
  ['whose record names the model', { model: { [MODEL]: 'embed-004' } }, 'gemini'],
  ['whose model is another', { model: 'gemini-2.5-flash' }, 'openai'],
  ['whose record does not name the model', { model: { 'gpt-4.1': 'gemini-2.5-flash' } }, 'openai'],
])('an embeddings call to a canary %s', async (_name, gemini, served) => {
  const set = setUpVectors(gemini);
  await embed(set);
  expect(set.providers.asked).toEqual([served]);
  await set.ai.moderations.create({ model: MODEL, input: 'x' });
  expect(set.providers.asked).toEqual([served, served]);
});

test('sends the model that the record names', async () => {
  const set = setUpVectors({ model: { [MODEL]: 'embed-004' } });
  await embed(set);
  expect(set.providers.sent[0]!.body.model).toBe('embed-004');
});

test('sends chat calls to an upstream that embeddings may not use', async () => {
  const set = setUpVectors({ model: 'gemini-2.5-flash' });
  await set.ai.chat.completions.create({ model: 'gpt-4.1', messages: [] });
  expect(set.providers.asked).toEqual(['gemini']);
});

test('skips a fallback with another model', async () => {
  const set = setUpVectors({}, { upstreams: { other: { model: 'x' } }, canary: { fallbacks: ['other', 'openai'] } });
  set.providers.script('gemini', failed(503));
  await embed(set);
  expect(set.providers.asked).toEqual(['gemini', 'openai']);
});

test('skips a fallback with another model that is listed for a failure kind', async () => {
  const set = setUpVectors({}, { upstreams: { other: { model: 'x' } }, canary: { fallbacks: { server: ['other'] } } });
  set.providers.script('gemini', failed(503));
  expect(await errorWithin(set.clock, 0, embed(set))).toMatchObject({ status: 503 });
  expect(set.providers.asked).toEqual(['gemini']);
});

test.each([
  ['', {}],
  [' without fallbacks', { fallbacks: false }],
])('keeps a call%s on stable if it is forced to another model', async (_name, rest) => {
  const set = setUpVectors({ model: 'gemini-2.5-flash' }, { canary: { weights: { openai: 1 } } });
  await embed(set, route({ upstream: 'gemini', ...rest }));
  expect(set.providers.asked).toEqual(['openai']);
});
