/** `explain` with the body of a call. */

import { expect, test } from 'vitest';
import { CanaryClient } from '../../src/index.ts';
import { setUp } from '../support/set-up.ts';

const ai = new CanaryClient({
  apiKey: 'test',
  canary: {
    upstreams: {
      deepseek: { provider: 'deepseek', apiKey: 'test', model: 'deepseek-chat' },
      blind: { model: 'small', capabilities: { vision: false } },
    },
  },
});

const IMAGE = { type: 'image_url', image_url: { url: 'https://example.test/cat.png' } };

test('lists each change of the upstream’s dialect with its reason', () => {
  const body = { messages: [{ role: 'user', content: 'Hello' }], max_completion_tokens: 100 };
  const { changes } = ai.canary.explain({ upstream: 'deepseek', model: 'gpt-4.1', body });
  expect(changes).toEqual([
    { field: 'max_completion_tokens', change: 'rename', to: 'max_tokens', reason: expect.stringMatching(/./) },
  ]);
});

test('lists no changes without a body or without a dialect', () => {
  expect(ai.canary.explain({ upstream: 'deepseek' }).changes).toEqual([]);
  expect(ai.canary.explain({ body: { max_completion_tokens: 100 } }).changes).toEqual([]);
});

test('skips an upstream that lacks what the body needs', () => {
  const body = { messages: [{ role: 'user', content: [IMAGE] }] };
  ai.canary.setWeights({ blind: 1 });
  expect(ai.canary.explain({ key: 'user-1', body })).toMatchObject({
    assigned: 'blind',
    upstream: 'openai',
    skipped: [{ upstream: 'blind', reason: 'capability' }],
  });
});

test('the key function decides as it does for a call, and sees body and headers', async () => {
  const { ai: routed, providers } = setUp({
    upstreams: { gemini: {} },
    canary: {
      weights: { gemini: 0.5 },
      key: ({ headers, body }) => headers.get('x-tenant') ?? (body as { team?: number }).team,
    },
  });
  for (let tenant = 0; tenant < 20; tenant += 1) {
    const headers = { 'x-tenant': `tenant-${tenant}` };
    await routed.chat.completions.create(
      { model: 'm', messages: [{ role: 'user', content: `q${tenant}` }] },
      { headers },
    );
    expect(routed.canary.explain({ headers }).upstream).toBe(providers.asked.at(-1));
    const body = { team: tenant };
    expect(routed.canary.explain({ body }).bucket).toBe(routed.canary.explain({ key: tenant }).bucket);
  }
  expect(new Set(providers.asked).size).toBe(2);
});

test('the key function cannot change the headers of a call', async () => {
  const key = ({ headers }: { readonly headers: Headers }): undefined => headers.set('x-mine', 'changed') as undefined;
  const { ai: routed, providers } = setUp({ canary: { key } });
  await routed.chat.completions.create({ model: 'm', messages: [] }, { headers: { 'x-mine': 'kept' } });
  expect(providers.sent[0]!.headers.get('x-mine')).toBe('kept');
});
