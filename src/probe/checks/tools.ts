/** Function calling: forced, with arguments that fit, and two at once. */

import { keepsSchema } from '../../providers/validate-schema.ts';
import type { Asker } from '../ask.ts';
import { fail, pass, refused, skip, unsupported, type Check } from '../check.ts';
import { calledTools, user } from '../read-chat.ts';
import { parsed } from '../read-stream.ts';
import type { Reply } from '../reply.ts';

export const tools: Check = {
  name: 'tools',
  needs: 'chat',
  run: async (ask) => {
    const reply = await force(ask);
    if (reply.refusal) return refused(reply.refusal);
    const names = calledTools(reply).map(({ name }) => name);
    if (names.length === 0) return fail('answered in words where a function was forced');
    return names.every((name) => name === NAME) ? pass(`${NAME} was called`) : fail('another function was called');
  },
};

export const toolArguments: Check = {
  name: 'toolArguments',
  needs: 'tools',
  run: async (ask) => {
    const reply = await force(ask);
    if (reply.refusal) return refused(reply.refusal);
    const [call] = calledTools(reply);
    if (!call) return skip('no function was called');
    const given = typeof call.arguments === 'string' ? parsed(call.arguments) : undefined;
    if (given === undefined) return fail('the arguments are no JSON');
    return keepsSchema(PARAMETERS, given)
      ? pass('the arguments fit the strict schema')
      : fail('the arguments do not fit the strict schema');
  },
};

export const parallelTools: Check = {
  name: 'parallelTools',
  needs: 'tools',
  run: async (ask) => {
    const question = user('What will the weather be in Paris and in Tokyo over the next 3 days?');
    const reply = await ask.chat({ ...question, ...TOOLS, tool_choice: 'required', parallel_tool_calls: true });
    if (reply.refusal) return refused(reply.refusal);
    const ids = new Set(calledTools(reply).map(({ id }) => id));
    return ids.size >= 2 ? pass(`${ids.size} calls at once`) : unsupported(`${ids.size} call for two cities`);
  },
};

function force(ask: Asker): Promise<Reply> {
  return ask.probing.shared('tools', () => ask.chat(FORCED));
}

const NAME = 'get_weather';

const PARAMETERS = {
  type: 'object',
  properties: { city: { type: 'string', enum: ['Paris', 'Tokyo'] }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};

const TOOLS = {
  tools: [
    {
      type: 'function',
      function: { name: NAME, description: 'Forecasts the weather of one city.', strict: true, parameters: PARAMETERS },
    },
  ],
};

/** A question whose answer must be a call. */
export const FORCED = {
  ...user('What will the weather be in Paris over the next 3 days?'),
  ...TOOLS,
  tool_choice: { type: 'function', function: { name: NAME } },
};
