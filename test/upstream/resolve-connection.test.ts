import { AzureOpenAI, OpenAI } from 'openai';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CanaryClient, type UpstreamOptions } from '../../src/index.ts';
import { resolveConnection } from '../../src/upstream/resolve-connection.ts';
import { messageOf } from '../support/message-of.ts';

const OTHERS = ['HOLYSHEEP', 'DEEPSEEK', 'GEMINI', 'GROQ', 'OPENROUTER'];

beforeEach(() => OTHERS.forEach((provider) => vi.stubEnv(`${provider}_API_KEY`, undefined)));
afterEach(() => vi.unstubAllEnvs());

const connect = (options: UpstreamOptions) => resolveConnection('up', options);
/** A value as plain JavaScript passes it, without a compiler. */
const refusal = (options: object) => messageOf(() => connect(options));

describe('the connection of the client', () => {
  test.each<UpstreamOptions>([{}, { model: 'gpt-4.1-mini' }, { params: { temperature: 0 }, timeout: '5s' }])(
    'serves an upstream of nothing but %j',
    (options) => {
      expect(connect(options)).toEqual({ kind: 'client', options: {} });
    },
  );

  test('adds other SDK options', () => {
    const sdk = { organization: 'org-2', defaultHeaders: { 'x-team': 'a' } };
    expect(connect({ ...sdk, model: 'gpt-4.1-mini' })).toEqual({ kind: 'client', options: sdk });
  });
});

describe('a connection of its own', () => {
  test.each([
    ['openai', 'https://api.openai.com/v1'],
    ['holysheep', 'https://api.holysheep.ai/v1'],
    ['deepseek', 'https://api.deepseek.com'],
    ['gemini', 'https://generativelanguage.googleapis.com/v1beta/openai/'],
    ['groq', 'https://api.groq.com/openai/v1'],
    ['openrouter', 'https://openrouter.ai/api/v1'],
  ] as const)('uses the base URL of its provider %s', (provider, baseURL) => {
    expect(connect({ provider, apiKey: 'key' })).toEqual({ kind: 'own', options: { apiKey: 'key', baseURL } });
  });

  test('uses its own base URL whatever the provider', () => {
    expect(connect({ provider: 'groq', baseURL: 'http://127.0.0.1:8080/v1', apiKey: 'key' })).toEqual({
      kind: 'own',
      options: { apiKey: 'key', baseURL: 'http://127.0.0.1:8080/v1' },
    });
  });

  test("uses the client's base URL with credentials alone", () => {
    expect(connect({ apiKey: 'key' })).toEqual({ kind: 'own', options: { apiKey: 'key' } });
  });

  test('accepts a function as key, or a workload identity', () => {
    const apiKey = async () => 'token';
    expect(connect({ provider: 'groq', apiKey })).toMatchObject({ kind: 'own', options: { apiKey } });
    const workloadIdentity = {} as NonNullable<UpstreamOptions['workloadIdentity']>;
    expect(connect({ workloadIdentity })).toEqual({ kind: 'own', options: { workloadIdentity } });
  });

  test('has no undefined options, which the SDK would read from the OpenAI variables', () => {
    const { kind, ...rest } = connect({
      provider: 'groq',
      apiKey: 'key',
      organization: undefined,
      project: undefined,
      adminAPIKey: undefined,
    });
    expect(kind).toBe('own');
    expect(rest).toEqual({ options: { apiKey: 'key', baseURL: 'https://api.groq.com/openai/v1' } });
    expect(Object.keys('options' in rest ? rest.options : {})).toEqual(['apiKey', 'baseURL']);
  });

  test.each([null, '', ' ', 'api.groq.com/openai/v1', 'ftp://groq.test', 'https://', 'https://groq.test/v1 ', 5, {}])(
    'has no address %j',
    (baseURL) => {
      expect(refusal({ provider: 'groq', apiKey: 'key', baseURL })).toBe(
        'up.baseURL should be an absolute URL, such as https://api.example.com/v1',
      );
    },
  );
});

describe('an API key', () => {
  test.each(['openai', 'holysheep', 'deepseek', 'gemini', 'groq', 'openrouter'] as const)(
    'comes from the variable of provider %s',
    (provider) => {
      vi.stubEnv(`${provider.toUpperCase()}_API_KEY`, ' key-from-env\n');
      expect(connect({ provider })).toMatchObject({ options: { apiKey: 'key-from-env' } });
    },
  );

  test('in the options overrides the environment variable', () => {
    vi.stubEnv('GROQ_API_KEY', 'key-from-env');
    expect(connect({ provider: 'groq', apiKey: 'key' })).toMatchObject({ options: { apiKey: 'key' } });
  });

  test.each([undefined, '', '  '])('that is missing names its variable, set to %j', (value) => {
    vi.stubEnv('GROQ_API_KEY', value);
    expect(refusal({ provider: 'groq' })).toBe(
      'up.apiKey should be set, or GROQ_API_KEY set in the environment: an upstream never uses the credentials of another',
    );
  });

  test('of OpenAI is never used at another address', () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-openai');
    expect(refusal({ baseURL: 'https://relay.test/v1' })).toBe(
      'up.apiKey should be set: an upstream never uses the credentials of another',
    );
  });

  test.each([
    ['', 'up.apiKey should not be blank'],
    [' ', 'up.apiKey should not be blank'],
    ['sk-secret\n', 'up.apiKey should not contain white space'],
    [5, 'up.apiKey should be a string, or a function that resolves to one'],
  ])('%j is rejected and never shown', (apiKey, message) => {
    expect(refusal({ provider: 'groq', apiKey })).toBe(message);
  });

  test('with white space in the environment is rejected by the name of its variable', () => {
    vi.stubEnv('GROQ_API_KEY', 'sk secret');
    expect(refusal({ provider: 'groq' })).toBe('up.apiKey should not contain white space, but GROQ_API_KEY does');
  });
});

describe('a client in the options', () => {
  const client = new OpenAI({ apiKey: 'key', baseURL: 'https://given.test/v1' });

  test('is the connection', () => {
    expect(connect({ client })).toEqual({ kind: 'given', client });
    expect(connect({ client, provider: 'groq', model: 'llama', timeout: '5s' })).toEqual({ kind: 'given', client });
  });

  test('may be an Azure client', () => {
    const azure = new AzureOpenAI({ endpoint: 'https://mine.test', apiKey: 'key', apiVersion: '2025-01-01' });
    expect(connect({ client: azure, provider: 'azure' })).toEqual({ kind: 'given', client: azure });
  });

  test.each([
    ['apiKey', 'sk-secret'],
    ['baseURL', 'https://other.test/v1'],
    ['organization', 'org-2'],
    ['defaultHeaders', {}],
    ['fetch', globalThis.fetch],
    ['maxRetries', 5],
  ])('rejects %s next to it', (name, value) => {
    expect(refusal({ client, [name]: value })).toBe(
      `up.${name} should not be set together with client, which has its own`,
    );
  });

  test('must not route calls itself', () => {
    const routing = new CanaryClient({ apiKey: 'key' });
    expect(refusal({ client: routing })).toBe('up.client should be a client that does not route calls itself');
    expect(refusal({ client: routing.withOptions({ timeout: 5 }) })).toBe(
      'up.client should be a client that does not route calls itself',
    );
  });

  test.each([
    [null, 'null'],
    [{}, 'an object'],
    [OpenAI, 'a function'],
    [[], 'a list'],
    ['sk-secret', 'a string'],
  ])('must be an SDK client, not %o', (value, shown) => {
    expect(refusal({ client: value })).toBe(`up.client should be a client of the openai package, got ${shown}`);
  });
});
