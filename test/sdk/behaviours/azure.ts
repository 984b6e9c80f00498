/** Our class based on the Azure client, which has the model in its path and another kind of credentials. */

import { AzureOpenAI } from 'openai';
import type { Behaviour } from '../support/behaviour.ts';
import { isNoAzureClient } from '../support/differences.ts';
import { CHAT, EMBEDDINGS, RESPONSE, completion, failure } from '../support/replies.ts';
import type { Replies } from '../support/server.ts';

const AZURE_OPTIONS = {
  baseURL: undefined,
  endpoint: 'https://azure.test',
  apiKey: 'azure-0123456789',
  apiVersion: '2025-01-01',
};

const replies: Replies = ({ url }) => {
  if (url.includes('/embeddings')) return EMBEDDINGS;
  return url.includes('/responses') ? { body: RESPONSE } : completion();
};

const calls =
  (more: object = {}): Behaviour['run'] =>
  async ({ classOf, create }) => {
    const client = create({ ...AZURE_OPTIONS, ...more }, classOf(AzureOpenAI));
    return [
      client instanceof AzureOpenAI,
      await client.chat.completions.create(CHAT),
      await client.embeddings.create({ model: 'embed-ü', input: 'a' }),
      await client.responses.create({ model: 'gpt-4.1', input: 'a' }),
      await client.models.list(),
      await client.get('/deployments'),
    ];
  };

const BEHAVIOURS: readonly Behaviour[] = [
  { name: 'the model in the path, the key in a header', replies, run: calls() },
  { name: 'a deployment for all calls', replies, run: calls({ deployment: 'mine' }) },
  {
    name: 'an Entra token',
    replies,
    run: calls({ apiKey: undefined, azureADTokenProvider: async () => 'token' }),
  },
  {
    name: 'variables of the environment',
    replies,
    env: { AZURE_OPENAI_API_KEY: 'azure-from-environment', OPENAI_API_VERSION: '2024-10-21' },
    run: calls({ apiKey: undefined, apiVersion: undefined }),
  },
  { name: 'no version', run: calls({ apiVersion: undefined }) },
  { name: 'an address and an endpoint', run: calls({ baseURL: 'https://azure.test/openai' }) },
  { name: 'a call that fails', replies: [failure(429)], run: calls() },
  {
    name: 'a clone',
    replies,
    run: async ({ classOf, create }) => {
      const clone = create(AZURE_OPTIONS, classOf(AzureOpenAI)).withOptions({ timeout: 1_000, ...AZURE_OPTIONS });
      return [clone.timeout, await clone.chat.completions.create(CHAT)];
    },
  },
  {
    name: 'a stream',
    replies: [
      {
        body: [
          'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":"stop"}]}\n\n',
          'data: [DONE]\n\n',
        ],
      },
    ],
    run: ({ classOf, create }) => {
      const client = create(AZURE_OPTIONS, classOf(AzureOpenAI));
      return client.chat.completions.stream(CHAT).finalChatCompletion();
    },
  },
];

export const AZURE: readonly Behaviour[] = BEHAVIOURS.map((behaviour) => ({
  ...behaviour,
  differs: { elsewhere: [isNoAzureClient] },
}));
