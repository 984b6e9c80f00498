/** Function calling: forced, with arguments that fit, and two at once. */

import { fields, isRecord } from '../../domain/json.ts';
import { keepsSchema } from '../../providers/validate-schema.ts';
import type { Asker } from '../ask.ts';
import { type Check, fail, pass, refused, skip, unsupported } from '../check.ts';
import { calledTools, listOf, parsed, type Reply, type StreamRead, user } from '../reply.ts';

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
const FORCED = {
  ...user('What will the weather be in Paris over the next 3 days?'),
  ...TOOLS,
  tool_choice: { type: 'function', function: { name: NAME } },
};

/** Function calling in a stream: the pieces of a call can be put together. */
export const streamedTools: Check = {
  name: 'streamedTools',
  needs: 'tools',
  run: async (ask) => {
    const { refusal, stream } = await ask.chat({ ...FORCED, stream: true });
    if (refusal) return refused(refusal);
    if (!stream || stream.events.length === 0) return skip('no stream came');
    const pieces = piecesOf(stream);
    if (pieces.length === 0) return fail('no function was called in the stream');
    // The SDK's own helpers put pieces together by it.
    if (pieces.some(({ index }) => typeof index !== 'number')) return fail('the pieces of a call have no index');
    const words = pieces.filter(({ index }) => index === 0).map((piece) => fields(piece['function'])['arguments']);
    const given = parsed(words.filter((word) => typeof word === 'string').join(''));
    return isRecord(given)
      ? pass(`${pieces.length} pieces make one call`)
      : fail(`${pieces.length} pieces make no JSON`);
  },
};

function piecesOf({ events }: StreamRead) {
  return events.flatMap(({ chunk }) => {
    const { delta } = fields(listOf(fields(chunk)['choices'])[0]);
    return listOf(fields(delta)['tool_calls']).map(fields);
  });
}
