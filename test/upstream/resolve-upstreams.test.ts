import { AzureOpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import type { UpstreamOptions } from '../../src/index.ts';
import { resolveOptions } from '../../src/runtime/resolve-options.ts';
import { exactly, refusalOf } from '../support/message-of.ts';

const GEMINI = { provider: 'gemini', apiKey: 'key-of-gemini' } as const;

/** `gemini` with `options`, resolved. */
const resolve = (options: UpstreamOptions) => {
  const { upstreams } = resolveOptions({ upstreams: { gemini: { ...GEMINI, ...options } } }, {});
  return upstreams.find(({ name }) => name === 'gemini');
};

/** The error for `gemini` with `options`, without the path of the upstream. */
const refusal = (options: object) =>
  refusalOf({ upstreams: { gemini: { ...GEMINI, ...options } } }).replace('canary.upstreams.gemini.', '');

test('keeps model, params and timeout by default, and always requests usage of streams', () => {
  const rules = { model: undefined, params: undefined, maxOutputTokens: undefined, includeUsage: true };
  expect(resolve({})).toMatchObject({ rules: { ...rules, provider: 'gemini' }, timeoutMs: undefined });
});

test('changes model, params and timeout with options', () => {
  const params = { temperature: 0, logit_bias: null, metadata: { team: 'a' } };
  expect(resolve({ model: 'gemini-2.5-flash', params, maxOutputTokens: 100, timeout: '20s' })).toMatchObject({
    rules: { model: 'gemini-2.5-flash', params, maxOutputTokens: 100 },
    timeoutMs: 20_000,
  });
});

describe('names', () => {
  test.each([
    [
      { openai: GEMINI },
      'canary.upstreams.openai.apiKey should be an option of the client, new CanaryClient({ apiKey }): openai is the client itself',
    ],
    [{ '': GEMINI }, 'canary.upstreams should have non-empty names'],
    [{ constructor: GEMINI }, 'canary.upstreams should not use the name constructor, which every object has'],
    [
      JSON.parse('{ "__proto__": {} }') as object,
      'canary.upstreams should not use the name __proto__, which every object has',
    ],
  ])('rejects %j', (upstreams, message) => {
    expect(refusalOf({ upstreams })).toBe(message);
  });

  test('of the client itself follow the same rules', () => {
    expect(refusalOf({ name: 'gemini', upstreams: { gemini: { baseURL: 'https://gemini.test/v1' } } })).toBe(
      'canary.upstreams.gemini.baseURL should be an option of the client, new CanaryClient({ baseURL }): gemini is the client itself',
    );
    expect(refusalOf({ name: 'toString' })).toBe(
      'canary.upstreams should not use the name toString, which every object has',
    );
  });
});

test.each([
  [{ provider: 'gemni' }, /^provider should be one of openai, .*, got "gemni"; did you mean gemini\?$/],
  [{ provider: null }, /^provider should be one of .*, got null$/],
  [{ provider: 'azure' }, "client should be an AzureOpenAI client for provider 'azure'"],
  [{ timeout: '60 sec' }, /^timeout should be a number of ms .*, above 0, got "60 sec"$/],
  [{ timeout: null }, /^timeout should be a number of ms .*, above 0, got null$/],
  [{ price: { inputPerMTok: 1 } }, 'price.outputPerMTok should be a non-negative number, got undefined'],
  [{ weight: 5 }, 'weight is not an option'],
  [{ apikey: 'sk-secret' }, 'apikey is not an option; did you mean apiKey?'],
])('rejects %j', (options, message) => {
  expect(refusal(options)).toMatch(typeof message === 'string' ? exactly(message) : message);
});

describe('prices are looked up', () => {
  test('by provider, else by base URL', () => {
    expect(resolve({})?.pricing).toMatchObject({ provider: 'google' });
    expect(resolve({ provider: undefined, baseURL: 'https://api.deepseek.com' })?.pricing).toMatchObject({
      provider: undefined,
      baseURL: 'https://api.deepseek.com',
    });
  });

  test("by the client's base URL for another account there", () => {
    const upstreams = { second: { apiKey: 'key-of-another-team' }, other: { model: 'gpt-4.1-mini' } };
    const resolved = resolveOptions({ upstreams }, { baseURL: 'https://api.groq.com/openai/v1' });
    expect(resolved.upstreams.map(({ pricing }) => pricing.baseURL)).toEqual(
      Array.from({ length: 3 }, () => 'https://api.groq.com/openai/v1'),
    );
  });

  test('by the base URL of a client in the options', () => {
    const client = new AzureOpenAI({ endpoint: 'https://mine.test', apiKey: 'key', apiVersion: '2025-01-01' });
    const upstreams = { azure: { provider: 'azure', client } } as const;
    expect(resolveOptions({ upstreams }, {}).upstreams[1]?.pricing).toEqual({
      prices: undefined,
      provider: 'azure',
      baseURL: 'https://mine.test/openai',
    });
  });
});
