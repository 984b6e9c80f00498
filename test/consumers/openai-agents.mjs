/** OpenAI's agents. @packages @openai/agents zod */

import { Agent, run, setDefaultOpenAIClient, setOpenAIAPI, setTracingDisabled } from '@openai/agents';
import { ai, expectText } from './client.mjs';

setTracingDisabled(true);
setDefaultOpenAIClient(ai);
for (const api of ['chat_completions', 'responses']) {
  setOpenAIAPI(api);
  const result = await run(new Agent({ name: 'Assistant', model: 'gpt-4.1' }), 'Hello?');
  expectText(result.finalOutput);
}
