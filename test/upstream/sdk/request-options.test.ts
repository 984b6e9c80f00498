/** The caller's request, adapted to one upstream. */

import { AzureOpenAI, OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../src/testing/index.ts';
import type { Call } from '../../../src/domain/call.ts';
import { headerEntries } from '../../../src/upstream/sdk/secrets.ts';
import { optionsFor } from '../../../src/upstream/sdk/request-options.ts';
import { ModelStates } from '../../../src/resilience/model-states.ts';
import type { RequestOptions } from '../../../src/upstream/sdk/types.ts';
import type { Connection, Upstream, UpstreamConfig } from '../../../src/upstream/upstream.ts';

const CLIENT = new OpenAI({ apiKey: 'k' });
const OWN: Connection = { kind: 'own', options: { apiKey: 'k' } };
const HOME: Connection = { kind: 'client', options: {} };

function upstreamOf(rules: UpstreamConfig['rules'], connection: Connection = OWN): Upstream {
  const pricing = { prices: undefined, provider: undefined, baseURL: undefined };
  const capable = { provider: undefined, capabilities: undefined };
  const config = {
    name: 'gemini',
    connection,
    rules,
    timeoutMs: undefined,
    drains: false,
    capable,
    pricing,
    keySource: 'apiKey',
  };
  return { name: 'gemini', config, models: new ModelStates({ clock: new ManualClock(), createBreaker: undefined }) };
}

function callOf(fields: Partial<Call> = {}): Call {
  return {
    id: 1,
    startedAtMs: 0,
    surface: 'chat',
    method: 'post',
    path: '/chat/completions',
    model: 'm',
    stream: false,
    replayable: true,
    key: undefined,
    keySource: undefined,
    task: undefined,
    attributes: {},
    forcedUpstream: undefined,
    fallbacks: true,
    streamMode: undefined,
    shadow: true,
    requirements: new Set(),
    toolRun: undefined,
    ownedId: undefined,
    ...fields,
  };
}

const optionsOf = (fields: Partial<RequestOptions> = {}): RequestOptions => ({
  method: 'post',
  path: '/chat/completions',
  body: { model: 'm', messages: [] },
  ...fields,
});

test('copies the options and keeps the body object', () => {
  const options = Object.freeze(optionsOf());
  const request = optionsFor(upstreamOf({ model: 'other' }), CLIENT, callOf(), options);
  expect(request.options).not.toBe(options);
  expect(request.options.body).toBe(options.body);
  expect(options).toEqual(optionsOf());
});

test.each<[string, UpstreamConfig['rules'], string]>([
  ['a model of its own', { model: 'other' }, 'other'],
  ['a record that names the model', { model: { m: 'other' } }, 'other'],
  ['a record without the model', { model: { x: 'other' } }, 'm'],
  ['no model option', {}, 'm'],
])('requests the model with %s', (_name, rules, model) => {
  expect(optionsFor(upstreamOf(rules), CLIENT, callOf(), optionsOf()).model).toBe(model);
});

test('requests usage on a stream whose caller did not, and hides it', () => {
  const rules = { includeUsage: true };
  const streaming = callOf({ stream: true });
  const asks = optionsOf({ body: { model: 'm', stream: true, stream_options: { include_usage: true } } });
  expect(optionsFor(upstreamOf(rules), CLIENT, streaming, optionsOf({ body: { stream: true } })).usageAdded).toBe(true);
  expect(optionsFor(upstreamOf(rules), CLIENT, streaming, asks).usageAdded).toBe(false);
  expect(optionsFor(upstreamOf(rules), CLIENT, callOf(), optionsOf()).usageAdded).toBe(false);
});

const SECRETS = {
  Authorization: 'Bearer x',
  'api-key': 'x',
  'x-api-key': 'x',
  Cookie: 'x',
  'OpenAI-Organization': 'x',
  'openai-project': 'x',
  'Ocp-Apim-Subscription-Key': 'x',
  'x-amz-security-token': 'x',
  'x-canary-key': 'x',
};

test('sends no credentials in headers to another provider, and all other headers', () => {
  const headers = { ...SECRETS, 'x-mine': '1', 'Idempotency-Key': 'i' };
  const { options } = optionsFor(upstreamOf({}), CLIENT, callOf(), optionsOf({ headers }));
  expect(headerEntries(options.headers)).toContainEqual(['x-mine', '1']);
  const names = headerEntries(options.headers).map(([name]) => name);
  for (const name of Object.keys(SECRETS)) expect(names).not.toContain(name.toLowerCase());
});

test('keeps the headers on the client’s own connection', () => {
  const headers = { ...SECRETS };
  const { options } = optionsFor(upstreamOf({}, HOME), CLIENT, callOf(), optionsOf({ headers }));
  expect(options.headers).toBe(headers);
});

const AZURE = { apiKey: 'k', endpoint: 'https://a.test', apiVersion: '2025-01-01' };

test.each<[string, UpstreamConfig['rules'], AzureOpenAI, string]>([
  ['of the upstream', { model: 'gpt 4' }, new AzureOpenAI(AZURE), '/deployments/gpt%204/chat/completions'],
  ['that the caller’s body names', {}, new AzureOpenAI(AZURE), '/chat/completions'],
])('calls the Azure deployment %s', (_name, rules, client, path) => {
  const connection: Connection = { kind: 'given', client };
  expect(optionsFor(upstreamOf(rules, connection), client, callOf(), optionsOf()).options.path).toBe(path);
});

test('keeps the path of a call that Azure serves without a deployment', () => {
  const client = new AzureOpenAI(AZURE);
  const call = callOf({ surface: 'responses', path: '/responses' });
  const options = optionsOf({ path: '/responses' });
  const request = optionsFor(upstreamOf({ model: 'x' }, { kind: 'given', client }), client, call, options);
  expect(request.options.path).toBe('/responses');
});
