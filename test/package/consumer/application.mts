/** A TypeScript application, compiled and never run. `application.cts` is the same application in CommonJS. */

import type { OpenAI } from 'openai';
import { CanaryClient, route } from 'openai-canary';
import * as analysis from 'openai-canary/analysis';
import * as testing from 'openai-canary/testing';

export const client: OpenAI = new CanaryClient({ apiKey: 'x' });

export const canary = new CanaryClient({
  apiKey: 'x',
  canary: { upstreams: { next: { model: 'gpt-next' } }, weights: { openai: 0.9, next: 0.1 } },
});

canary.canary.on('rollback', ({ upstream, reason }) => upstream.toUpperCase() + reason.toUpperCase());
// @ts-expect-error an unknown event: the control is not `any`
canary.canary.on('no such event', () => undefined);

export const answer: Promise<OpenAI.ChatCompletion> = canary.chat.completions.create(
  { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Say hello.' }] },
  route({ key: 'user-1' }),
);

// @ts-expect-error an unknown export: `testing` is not `any`
export const missing = testing.noSuchExport;

export const verdict: 'pass' | 'fail' | 'inconclusive' = analysis.createAnalysis({
  guardrails: { errorRate: {} },
}).verdict;
// @ts-expect-error an unknown export: `analysis` is not `any`
export const missingToo = analysis.noSuchExport;
