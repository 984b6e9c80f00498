/** The upstream that a call goes to, and the reason. */

import { expect, test } from 'vitest';
import { CanaryClient, ConfigError, route } from '../../src/index.ts';
import { BODY, ask, errorWithin } from '../support/calls.ts';
import { failed } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';

const SPLIT = { canary: { weights: { gemini: 0.3 } }, upstreams: { gemini: {} } } as const;
const KEYS = Array.from({ length: 200 }, (_, index) => `user-${index}`);

test('explain() predicts the upstreams of 200 keys', async () => {
  const { ai, providers } = setUp(SPLIT);
  const explained = KEYS.map((key) => ai.canary.explain({ key }).upstream);
  for (const key of KEYS) await ask(ai, route({ key }));
  expect(providers.asked).toEqual(explained);
  expect(explained.filter((name) => name === 'gemini').length).toBeGreaterThan(30);
  expect(explained.filter((name) => name === 'gemini').length).toBeLessThan(90);
});

test('explain() takes breakers and pauses into account', async () => {
  const { ai, providers } = setUp({ ...SPLIT, client: { maxRetries: 0 } });
  providers.script('gemini', failed(401));
  await ask(ai, route({ upstream: 'gemini' }));
  providers.sent.length = 0;
  const key = KEYS.find((candidate) => ai.canary.explain({ key: candidate }).assigned === 'gemini')!;
  const explained = ai.canary.explain({ key });
  expect(explained).toMatchObject({
    assigned: 'gemini',
    upstream: 'openai',
    upstreams: ['openai'],
    skipped: [{ upstream: 'gemini', reason: 'auth' }],
  });
  await ask(ai, route({ key }));
  expect(providers.asked).toEqual(['openai']);
});

test('explain() names the upstream that is tried although all are paused', async () => {
  const { ai, clock, providers } = setUp({ ...SPLIT, client: { maxRetries: 0 } });
  providers.script('gemini', failed(429, {}, { 'retry-after': '30' }));
  providers.script('openai', failed(429, {}, { 'retry-after': '20' }));
  await errorWithin(clock, 0, ask(ai, route({ upstream: 'gemini' })));
  const explained = ai.canary.explain({ upstream: 'gemini' });
  providers.sent.length = 0;
  await ask(ai, route({ upstream: 'gemini' }));
  expect(providers.asked).toEqual([explained.upstream]);
});

test('explain() sends nothing and changes no number', () => {
  const { ai, providers, events } = setUp(SPLIT);
  ai.canary.explain({ key: 'u' });
  expect(providers.sent).toEqual([]);
  expect(events.all).toEqual([]);
  expect(ai.canary.snapshot().calls).toBe(0);
});

test('explain() matches segments on the attributes that a call would have', async () => {
  const { ai, providers } = setUp({
    upstreams: { gemini: {} },
    canary: { segments: [{ when: { plan: 'beta', region: 'eu' }, upstream: 'gemini' }] },
  });
  await ai.canary.run({ attributes: { region: 'eu' } }, async () => {
    const explained = ai.canary.explain({ attributes: { plan: 'beta' } });
    await ask(ai, route({ attributes: { plan: 'beta' } }));
    expect([explained.upstream, explained.reason]).toEqual([providers.asked[0], 'segment']);
  });
});

test('keeps a key on one upstream across calls and surfaces', async () => {
  const { ai, providers } = setUp(SPLIT);
  for (const key of KEYS.slice(0, 30)) {
    providers.sent.length = 0;
    await ask(ai, route({ key }));
    await ai.completions.create({ model: 'm', prompt: 'x' }, route({ key }));
    await ai.responses.create({ model: 'm', input: 'y' }, route({ key }));
    expect(new Set(providers.asked).size).toBe(1);
  }
});

test('two clients with the same options agree on every key', () => {
  const [one, other] = [setUp(SPLIT).ai, setUp(SPLIT).ai];
  for (const key of KEYS) expect(other.canary.explain({ key }).upstream).toBe(one.canary.explain({ key }).upstream);
});

test('another salt splits keys differently', () => {
  const one = setUp(SPLIT).ai;
  const other = setUp({ ...SPLIT, canary: { ...SPLIT.canary, salt: 'second' } }).ai;
  const moved = KEYS.filter((key) => one.canary.explain({ key }).upstream !== other.canary.explain({ key }).upstream);
  expect(moved.length).toBeGreaterThan(40);
});

test('draws the bucket of a call without a key at random', async () => {
  const draws = [0.1, 0.9, 0.2];
  const { ai, providers } = setUp({ ...SPLIT, canary: { ...SPLIT.canary, random: () => draws.shift() ?? 0 } });
  for (let call = 0; call < 3; call++) await ai.completions.create({ model: 'm', prompt: 'x' });
  expect(providers.asked).toEqual(['gemini', 'openai', 'gemini']);
});

test('a forced upstream comes before segments and split', async () => {
  const { ai, providers } = setUp({
    upstreams: { gemini: {}, deepseek: {} },
    canary: { segments: [{ when: {}, upstream: 'gemini' }] },
  });
  await ask(ai, route({ upstream: 'deepseek' }));
  await ask(ai, { headers: { 'x-canary-upstream': 'deepseek' } });
  await ai.canary.run({ upstream: 'deepseek' }, () => ask(ai));
  await ask(ai);
  expect(providers.asked).toEqual(['deepseek', 'deepseek', 'deepseek', 'gemini']);
});

test.each([
  ['route()', route({ upstream: 'gemni' })],
  ['the header', { headers: { 'x-canary-upstream': 'gemni' } }],
])('rejects an unknown name in %s with a list of the names, and sends nothing', async (_name, options) => {
  const { ai, clock, providers } = setUp(SPLIT);
  const error = await errorWithin(clock, 0, ask(ai, options));
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({ message: expect.stringMatching(/openai, gemini.*gemni/) });
  expect(providers.sent).toEqual([]);
});

test('the first matching segment comes before the split', async () => {
  const { ai, providers } = setUp({
    upstreams: { gemini: {}, deepseek: {} },
    canary: {
      weights: { openai: 1 },
      segments: [
        { when: { plan: ['beta', 'internal'], region: 'eu' }, upstream: 'gemini' },
        { when: { plan: 'beta' }, upstream: 'deepseek' },
      ],
    },
  });
  await ask(ai, route({ attributes: { plan: 'internal', region: 'eu' } }));
  await ask(ai, route({ attributes: { plan: 'beta', region: 'us' } }));
  await ask(ai, route({ attributes: { plan: 'free', region: 'eu' } }));
  await ask(ai);
  expect(providers.asked).toEqual(['gemini', 'deepseek', 'openai', 'openai']);
});

test('setWeights moves keys only to the upstream that gains weight', async () => {
  const { ai, providers } = setUp({
    upstreams: { gemini: {}, deepseek: {} },
    canary: { weights: { openai: 6, gemini: 2, deepseek: 2 } },
  });
  const where = async (): Promise<string[]> => {
    providers.sent.length = 0;
    for (const key of KEYS) await ask(ai, route({ key }));
    return [...providers.asked];
  };
  const before = await where();
  ai.canary.setWeights({ openai: 4, gemini: 4, deepseek: 2 });
  const after = await where();
  const moved = KEYS.map((_, index) => [before[index], after[index]]).filter(([from, to]) => from !== to);
  expect(moved.length).toBeGreaterThan(15);
  for (const pair of moved) expect(pair).toEqual(['openai', 'gemini']);
  ai.canary.setWeights({ openai: 6, gemini: 2, deepseek: 2 });
  expect(await where()).toEqual(before);
});

test('clones of withOptions() share routing, numbers and events with their origin', async () => {
  const { ai, providers, events } = setUp(SPLIT);
  const clone = ai.withOptions({ timeout: 5_000 });
  expect(clone).toBeInstanceOf(CanaryClient);
  for (const key of KEYS.slice(0, 40)) {
    await ask(clone, route({ key }));
    expect(providers.asked.at(-1)).toBe(ai.canary.explain({ key }).upstream);
  }
  ai.canary.setWeights({ gemini: 1 });
  await ask(clone, route({ key: 'anyone' }));
  expect(providers.asked.at(-1)).toBe('gemini');
  expect(events.of('call')).toHaveLength(41);
  expect(ai.canary.snapshot().calls).toBe(41);
});

test('sends requests that belong to one account through the client itself', async () => {
  const { ai, providers } = setUp({ upstreams: { gemini: {} }, canary: { weights: { gemini: 1 }, stable: 'gemini' } });
  await ai.models.retrieve('gpt-4.1');
  await ai.files.retrieve('file_1');
  await ai.post('/chat/completions/extra', { body: {} });
  await ai.models.list();
  await ask(ai);
  expect(providers.asked).toEqual(['openai', 'openai', 'openai', 'openai', 'gemini']);
});

test('does not fall back with a call that is not portable', async () => {
  const { ai, clock, providers } = setUp({
    upstreams: { gemini: {} },
    canary: { fallbacks: ['gemini'] },
    client: { maxRetries: 0 },
  });
  providers.script('openai', failed(503));
  await errorWithin(clock, 0, ai.files.retrieve('file_1'));
  expect(providers.asked).toEqual(['openai']);
});

test('sends each upstream its own API key only', async () => {
  const { ai, providers } = setUp({
    upstreams: { gemini: {} },
    client: { organization: 'org', project: 'proj', defaultHeaders: { 'x-team': 'a' } },
  });
  await ask(ai, route({ upstream: 'gemini' }));
  await ask(ai);
  const [gemini, openai] = providers.sent;
  expect(gemini!.headers.get('authorization')).toBe('Bearer key-of-gemini');
  expect(openai!.headers.get('authorization')).toBe('Bearer key-of-openai');
  for (const name of ['openai-organization', 'openai-project', 'x-team']) {
    expect(gemini!.headers.has(name)).toBe(false);
    expect(openai!.headers.has(name)).toBe(true);
  }
});

test('sends the model and params of an upstream to that upstream only', async () => {
  const { ai, providers } = setUp({
    upstreams: { gemini: { model: { 'gpt-4.1': 'gemini-2.5-flash' }, params: { seed: 1 } } },
  });
  await ask(ai, route({ upstream: 'gemini' }));
  await ask(ai);
  expect(providers.sent.map(({ body }) => body)).toEqual([{ ...BODY, model: 'gemini-2.5-flash', seed: 1 }, BODY]);
});
