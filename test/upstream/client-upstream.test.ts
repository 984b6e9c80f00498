/** The client's own upstream, and clients whose calls all go to a relay. */

import { OpenAI } from 'openai';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { CanaryClient, ConfigError, route, type CanaryOptions } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { ask, BODY, errorWithin } from '../support/calls.ts';
import { json, silent } from '../support/replies.ts';
import { ScriptedProviders } from '../support/scripted-providers.ts';
import { setUp } from '../support/set-up.ts';

afterEach(() => vi.unstubAllEnvs());

describe('options under the name of the client itself', () => {
  test('change the calls that the client itself serves', async () => {
    const { ai, providers } = setUp({
      canary: {
        upstreams: { openai: { model: { '*': 'gpt-5' }, params: { service_tier: 'flex' }, maxOutputTokens: 50 } },
      },
    });
    await ask(ai);
    expect(providers.sent[0]!.body).toMatchObject({ model: 'gpt-5', service_tier: 'flex', max_tokens: 50 });
    expect(providers.sent[0]!.headers.get('authorization')).toBe('Bearer key-of-openai');
  });

  test('price its attempts', async () => {
    const price = { inputPerMTok: 1, outputPerMTok: 2 };
    const { ai } = setUp({ canary: { prices: {}, upstreams: { openai: { price } } } });
    await ask(ai);
    expect(ai.canary.costs().total.costUsd).toBeCloseTo(0.00002, 10);
  });

  test('limit it, and bound the time of its attempts', async () => {
    const { ai, providers, clock } = setUp({
      canary: {
        upstreams: { openai: { limits: { rpm: 1 }, timeout: '2s' }, spare: { model: 'b' } },
        fallbacks: ['spare'],
      },
    });
    providers.script('openai', silent());
    const asked = ask(ai);
    await clock.advance(2_000);
    await asked;
    await ask(ai);
    expect(providers.sent.map(({ body }) => body.model)).toEqual(['gpt-4.1', 'b', 'b']);
  });

  test('state capabilities, so that calls which need others pass it over', async () => {
    const { ai, providers } = setUp({
      canary: { upstreams: { openai: { capabilities: { tools: false } } }, fallbacks: ['spare'] },
      upstreams: { spare: {} },
    });
    const tools = [{ type: 'function', function: { name: 'add' } }] as const;
    await ai.chat.completions.create({ ...BODY, tools: [...tools] });
    expect(providers.asked).toEqual(['spare']);
  });

  test.each(['baseURL', 'apiKey', 'client', 'fetch', 'maxRetries', 'defaultHeaders'])(
    'reject %s, which belongs to the client',
    (option) => {
      const make = () =>
        new CanaryClient({
          apiKey: 'k',
          canary: { name: 'main', upstreams: { main: { [option]: 'x' } } },
        });
      expect(make).toThrow(ConfigError);
      expect(make).toThrow(
        `canary.upstreams.main.${option} should be an option of the client, new CanaryClient({ ${option} }): main is the client itself`,
      );
    },
  );

  test('give a second account at the same address the same dialect', async () => {
    const { ai, providers } = setUp({
      canary: {
        upstreams: { openai: { provider: 'groq' }, second: { apiKey: 'key-of-second' } },
        weights: { second: 1 },
      },
    });
    await ai.chat.completions.create({ ...BODY, store: true });
    expect(providers.sent[0]!.body).not.toHaveProperty('store');
    expect(providers.asked).toEqual(['openai']);
  });
});

/** A client of one relay, in an environment with these variables only. */
function relay(variables: Readonly<Record<string, string>>, canary: CanaryOptions, options: object = {}) {
  const variableNames = ['OPENAI_API_KEY', 'OPENAI_ADMIN_KEY', 'OPENAI_BASE_URL', 'OPENAI_ORG_ID', 'HOLYSHEEP_API_KEY'];
  for (const name of variableNames) vi.stubEnv(name, variables[name]);
  const clock = new ManualClock();
  const providers = new ScriptedProviders(clock);
  const ai = new CanaryClient({
    fetch: providers.fetch,
    ...options,
    canary: { clock, logger: { warn: () => undefined }, ...canary },
  });
  const seen = () => providers.sent.map(({ headers, provider }) => [provider, headers.get('authorization')]);
  return { ai, providers, clock, seen };
}

const HOLYSHEEP = { HOLYSHEEP_API_KEY: 'key-of-holysheep' };

describe('a provider of the client itself', () => {
  const canary: CanaryOptions = {
    name: 'relay',
    upstreams: { relay: { provider: 'holysheep', model: 'deepseek-v3.2' } },
  };

  test('gives it address, key and dialect', async () => {
    const { ai, providers, seen } = relay(
      { ...HOLYSHEEP, OPENAI_API_KEY: 'key-of-openai', OPENAI_ORG_ID: 'org-1' },
      canary,
    );
    expect(ai.baseURL).toBe('https://api.holysheep.ai/v1');
    await ai.chat.completions.create({ model: 'gpt-4.1', messages: [{ role: 'developer', content: 'Hi' }] });
    await ai.models.list();
    await ask(ai.withOptions({ timeout: 5_000 }));
    expect(seen()).toEqual(Array.from({ length: 3 }, () => ['api', 'Bearer key-of-holysheep']));
    expect(providers.sent[0]!.body).toMatchObject({ model: 'deepseek-v3.2', messages: [{ role: 'system' }] });
    expect(providers.sent[0]!.headers.get('openai-organization')).toBeNull();
  });

  test('yields to an address and a key that the client states', async () => {
    const stated = { baseURL: 'https://mine.test/v1', apiKey: 'key-of-mine' };
    const { ai, seen } = relay(HOLYSHEEP, canary, stated);
    await ask(ai);
    await ask(ai.withOptions({ baseURL: 'https://other.test/v1' }));
    expect(seen()).toEqual([
      ['mine', 'Bearer key-of-mine'],
      ['other', 'Bearer key-of-mine'],
    ]);
  });

  test('never gets the key of OpenAI', () => {
    expect(() => relay({ OPENAI_API_KEY: 'key-of-openai' }, canary)).toThrow(
      'apiKey should be set, or HOLYSHEEP_API_KEY set in the environment',
    );
  });
});

describe('stable alone, without any key of OpenAI', () => {
  const canary: CanaryOptions = { upstreams: { relay: { provider: 'holysheep' } }, stable: 'relay' };

  test('serves every kind of call', async () => {
    const { ai, providers, seen } = relay(HOLYSHEEP, canary);
    providers.usually(
      'api',
      json({ id: 'x', object: 'list', data: [], choices: [{ message: { content: 'a' } }], output: [] }),
    );
    await ask(ai);
    await ai.responses.create({ model: 'm', input: 'Hi' });
    await ai.files.list();
    await ai.files.retrieve('file_1');
    await ai.responses.retrieve('resp_1');
    await ai.responses.inputItems.list('resp_1');
    await ask(ai.withOptions({ maxRetries: 0 }));
    expect(seen()).toEqual(Array.from({ length: 7 }, () => ['api', 'Bearer key-of-holysheep']));
    expect(ai.canary.snapshot().upstreams['openai']?.attempts).toBe(0);
  });

  test('rejects a call that is forced onto the client itself', async () => {
    const { ai, clock, providers } = relay(HOLYSHEEP, canary);
    const error = await errorWithin(clock, 0, ask(ai, route({ upstream: 'openai' })));
    expect(error).toMatchObject({ message: expect.stringContaining('Missing credentials') as string });
    expect(providers.sent).toEqual([]);
  });

  test.each([
    ['no stable', { upstreams: { relay: { provider: 'holysheep' } } }],
    ['a weight of the client itself', { ...canary, weights: { openai: 1, relay: 1 } }],
  ] as [string, CanaryOptions][])('needs the key with %s', (_name, options) => {
    expect(() => relay(HOLYSHEEP, options)).toThrow(OpenAI.OpenAIError);
  });
});
