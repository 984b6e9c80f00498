/** Environment variables. */

import type { Behaviour } from '../support/behaviour.ts';
import { inheritsNone, needsNoKey } from '../support/differences.ts';
import { CHAT, completion } from '../support/replies.ts';

const replies = [completion()];
const fromEnvironment = { apiKey: undefined, baseURL: undefined };
const env = { OPENAI_API_KEY: 'sk-from-environment' };
const chatAndModel: Behaviour['run'] = async ({ client }) => [
  await client.chat.completions.create(CHAT),
  await client.models.retrieve('gpt-4.1'),
];

export const ENVIRONMENT: readonly Behaviour[] = [
  { name: 'OPENAI_API_KEY', replies, env, options: { apiKey: undefined }, run: chatAndModel },
  {
    name: 'OPENAI_BASE_URL',
    replies,
    env: { OPENAI_BASE_URL: 'https://home.test/v1' },
    options: { baseURL: undefined },
    run: chatAndModel,
  },
  {
    name: 'no base URL',
    replies,
    options: { baseURL: undefined },
    run: ({ client }) => client.models.retrieve('a'),
  },
  {
    name: 'OPENAI_ORG_ID and OPENAI_PROJECT_ID',
    replies,
    env: { OPENAI_ORG_ID: 'org-a', OPENAI_PROJECT_ID: 'proj-a' },
    run: chatAndModel,
  },
  {
    name: 'OPENAI_CUSTOM_HEADERS',
    replies,
    env: { OPENAI_CUSTOM_HEADERS: 'X-Team: blue\nX-Other: a: b' },
    run: chatAndModel,
    differs: { elsewhere: [inheritsNone('x-team', 'x-other')] },
  },
  {
    name: 'no key at all',
    options: fromEnvironment,
    run: ({ create }) => create(),
    differs: { elsewhere: [needsNoKey] },
  },
  {
    name: 'the User-Agent of a client',
    options: { ...fromEnvironment, organization: 'org-b', project: null, timeout: 5_000, maxRetries: 7 },
    env: { ...env, OPENAI_BASE_URL: 'https://env.test/v1', OPENAI_WEBHOOK_SECRET: 'whsec_a' },
    run: ({ client }) => {
      const { apiKey, baseURL, organization, project, webhookSecret, timeout, maxRetries, logLevel } = client;
      return { apiKey, baseURL, organization, project, webhookSecret, timeout, maxRetries, logLevel };
    },
  },
];
