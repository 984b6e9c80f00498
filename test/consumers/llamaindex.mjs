/** LlamaIndex. @packages @llamaindex/openai @llamaindex/core @llamaindex/env */

import { OpenAI } from '@llamaindex/openai';
import { ai, body, expectText } from './client.mjs';

const llm = new OpenAI({ model: 'gpt-4.1', session: ai });
const answer = await llm.chat({ messages: body.messages });
expectText(answer.message.content);
let streamed = '';
for await (const { delta } of await llm.chat({ messages: body.messages, stream: true })) streamed += delta;
expectText(streamed);
