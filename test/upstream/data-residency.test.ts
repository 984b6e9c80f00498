/** `dataResidency` on an upstream: its calls go to the region, or the client is not built. */

import { expect, test } from 'vitest';
import { CanaryClient, route } from '../../src/index.ts';
import { refusalOf } from '../support/message-of.ts';

test.each([
  ['its own account', { provider: 'openai', apiKey: 'sk-eu' }, 'Bearer sk-eu'],
  ['only its own key', { apiKey: 'sk-eu' }, 'Bearer sk-eu'],
  ['the account of the client', {}, 'Bearer sk-home'],
] as const)('calls of an upstream with %s go to its region', async (_name, own, authorization) => {
  const sent: [host: string, authorization: string | null][] = [];
  const ai = new CanaryClient({
    apiKey: 'sk-home',
    fetch: async (url, init) => {
      sent.push([new URL(url as string).host, new Headers(init?.headers).get('authorization')]);
      return Response.json({ choices: [{ index: 0, message: { content: 'hi' }, finish_reason: 'stop' }] });
    },
    canary: { upstreams: { eu: { ...own, dataResidency: 'eu' } } },
  });
  const body = { model: 'm', messages: [] };
  await ai.chat.completions.create(body, route({ upstream: 'eu' }));
  await ai.chat.completions.create(body);
  expect(sent).toEqual([
    ['eu.api.openai.com', authorization],
    ['api.openai.com', 'Bearer sk-home'],
  ]);
});

test.each([
  [{ provider: 'groq', apiKey: 'k' }, "should not be set for provider 'groq': it is an option of OpenAI's own API"],
  [{ baseURL: 'https://x.test/v1', apiKey: 'k' }, 'should not be set together with baseURL'],
])('%j with a region is refused', (own, rule) => {
  expect(refusalOf({ upstreams: { eu: { ...own, dataResidency: 'eu' } } })).toBe(
    `canary.upstreams.eu.dataResidency ${rule}`,
  );
});

test('an unknown region is refused', () => {
  expect(refusalOf({ upstreams: { eu: { apiKey: 'k', dataResidency: 'mars' } } })).toMatch(
    /^canary\.upstreams\.eu\.dataResidency is refused by the SDK: .*eu, ae/,
  );
});
