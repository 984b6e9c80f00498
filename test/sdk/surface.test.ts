/** All members that our clients have in addition to those of the SDK. */

import { inspect } from 'node:util';
import { AzureOpenAI, OpenAI, type ClientOptions } from 'openai';
import { expect, test } from 'vitest';
import { CanaryClient, withCanary, type CanaryOptions } from '../../src/index.ts';

const options = { apiKey: 'sk-home-0123456789', maxRetries: 0 } satisfies ClientOptions;
const canary = { upstreams: { other: { baseURL: 'https://other.test', apiKey: 'sk-other' } } } satisfies CanaryOptions;

test.each([
  ['without a canary option', new CanaryClient(options)],
  ['with one', new CanaryClient({ ...options, canary })],
])('a client %s has one additional property, canary', (_, client) => {
  const bare = new OpenAI(options);
  expect(Object.keys(client)).toEqual([...Object.keys(bare), 'canary']);
  expect(Reflect.ownKeys(client)).toEqual([...Reflect.ownKeys(bare), 'canary']);
});

test('the class adds these members, and no others', () => {
  const added = Reflect.ownKeys(CanaryClient.prototype);
  const ours = [
    'constructor',
    'request',
    'requestAPIList',
    'getAPIList',
    'prepareRequest',
    'getUserAgent',
    'toJSON',
    Symbol.asyncDispose,
    inspect.custom,
  ];
  expect(new Set(added)).toEqual(new Set(ours));
  expect(added).toHaveLength(ours.length);
});

test('the class has no static members of its own', () => {
  expect(new Set(Reflect.ownKeys(CanaryClient))).toEqual(new Set(['length', 'name', 'prototype']));
  expect(CanaryClient.APIError).toBe(OpenAI.APIError);
  expect(CanaryClient.toFile).toBe(OpenAI.toFile);
  expect(CanaryClient.name).toBe('CanaryClient');
});

test('a client is an instance of the SDK’s class, including one based on Azure', () => {
  const azure = { apiKey: 'key', endpoint: 'https://azure.test', apiVersion: '1' };
  const CanaryAzure = withCanary(AzureOpenAI);
  expect(new CanaryClient(options)).toBeInstanceOf(OpenAI);
  expect(new CanaryAzure(azure)).toBeInstanceOf(AzureOpenAI);
  expect(Object.keys(new CanaryAzure(azure))).toEqual([...Object.keys(new AzureOpenAI(azure)), 'canary']);
});

test('a clone shares the canary of its original', () => {
  const client = new CanaryClient({ ...options, canary });
  const clone = client.withOptions({ timeout: 1_000 });
  expect(clone).not.toBe(client);
  expect(clone.timeout).toBe(1_000);
  expect(clone.canary).toBe(client.canary);
});

test('ignores an option of undefined', () => {
  const client = new CanaryClient({ ...options, canary: undefined });
  expect(client.canary.weights).toEqual({ openai: 1 });
});
