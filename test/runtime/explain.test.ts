/** What `explain` says of a body. */

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

test('every change that the dialect of the upstream asks for is listed, with its reason', () => {
  const body = { messages: [{ role: 'user', content: 'Hello' }], max_completion_tokens: 100 };
  const { changes } = ai.canary.explain({ upstream: 'deepseek', model: 'gpt-4.1', body });
  expect(changes).toEqual([
    { field: 'max_completion_tokens', change: 'rename', to: 'max_tokens', reason: expect.stringMatching(/./) },
  ]);
});

test('without a body, or for an upstream without a dialect, nothing changes', () => {
  expect(ai.canary.explain({ upstream: 'deepseek' }).changes).toEqual([]);
  expect(ai.canary.explain({ body: { max_completion_tokens: 100 } }).changes).toEqual([]);
});

test('what the body needs is heeded', () => {
  const body = { messages: [{ role: 'user', content: [IMAGE] }] };
  ai.canary.setWeights({ blind: 1 });
  expect(ai.canary.explain({ key: 'user-1', body })).toMatchObject({
    assigned: 'blind',
    upstream: 'openai',
    skipped: [{ upstream: 'blind', reason: 'capability' }],
  });
});
