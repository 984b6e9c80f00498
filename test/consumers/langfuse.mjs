/** Langfuse's wrapper. @packages @langfuse/openai @opentelemetry/api */

import { observeOpenAI } from '@langfuse/openai';
import { ai, body, expectText, textOf } from './client.mjs';

// Its results are plain promises, so they have no `withResponse`, as with the SDK's own client.
const client = observeOpenAI(ai);
const answer = await client.chat.completions.create(body);
expectText(answer.choices[0].message.content);
expectText(await textOf(await client.chat.completions.create({ ...body, stream: true })));
