/** `explain` with the body of a call. */

import { expect, test } from 'vitest';
import { CanaryClient } from '../../src/index.ts';

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
