/** The Vercel AI SDK, by its `fetch` option. @packages ai @ai-sdk/openai zod */

import { createOpenAI } from '@ai-sdk/openai';
import { generateText, streamText } from 'ai';
import { ai, expectText } from './client.mjs';

const openai = createOpenAI({ apiKey: 'unused', fetch: ai.canary.fetch({ key: 'user-42' }) });
for (const model of [openai.chat('gpt-4.1'), openai.responses('gpt-4.1')]) {
  const { text } = await generateText({ model, prompt: 'Hello?' });
  expectText(text);
  let streamed = '';
  for await (const part of streamText({ model, prompt: 'Hello?' }).textStream) streamed += part;
  expectText(streamed);
}
