/** Function calling: forced, with valid arguments, in parallel, and in a stream. */

import { fields, isRecord } from '../../domain/json.ts';
import { loadSchemaValidator } from '../../providers/validate-schema.ts';
import type { ProbeClient } from '../probe-client.ts';
import { type Check, fail, pass, refused, skip, unsupported } from '../check.ts';
import { calledTools, listOf, parsed, type Reply, type StreamRead, user } from '../reply.ts';

export const tools: Check = {
  name: 'tools',
  needs: 'chat',
  run: async (client) => {
    const reply = await force(client);
    if (reply.refusal) return refused(reply.refusal);
    const names = calledTools(reply).map(({ name }) => name);
    if (names.length === 0) return fail('answered with text although a function was forced');
    return names.every((name) => name === NAME) ? pass(`${NAME} was called`) : fail('another function was called');
  },
};

export const toolArguments: Check = {
  name: 'toolArguments',
  needs: 'tools',
  run: async (client) => {
    const reply = await force(client);
    if (reply.refusal) return refused(reply.refusal);
    const [call] = calledTools(reply);
    if (!call) return skip('no function was called');
    const args = typeof call.arguments === 'string' ? parsed(call.arguments) : undefined;
    if (args === undefined) return fail('the arguments are not JSON');
    const keepsSchema = await loadSchemaValidator();
    return keepsSchema(PARAMETERS, args)
      ? pass('the arguments match the strict schema')
      : fail('the arguments do not match the strict schema');
  },
};

export const parallelTools: Check = {
  name: 'parallelTools',
  needs: 'tools',
  run: async (client) => {
    const question = user('What will the weather be in Paris and in Tokyo over the next 3 days?');
    const reply = await client.chat({ ...question, ...TOOLS, tool_choice: 'required', parallel_tool_calls: true });
    if (reply.refusal) return refused(reply.refusal);
    const ids = new Set(calledTools(reply).map(({ id }) => id));
    return ids.size >= 2 ? pass(`${ids.size} parallel calls`) : unsupported(`${ids.size} call for two cities`);
  },
};

function force(client: ProbeClient): Promise<Reply> {
  return client.context.shared('tools', () => client.chat(FORCED));
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

/** A request that forces a tool call. */
const FORCED = {
  ...user('What will the weather be in Paris over the next 3 days?'),
  ...TOOLS,
  tool_choice: { type: 'function', function: { name: NAME } },
};

/** Tool calls in a stream must be mergeable. */
export const streamedTools: Check = {
  name: 'streamedTools',
  needs: 'tools',
  run: async (client) => {
    const { refusal, stream } = await client.chat({ ...FORCED, stream: true });
    if (refusal) return refused(refusal);
    if (!stream || stream.events.length === 0) return skip('no stream arrived');
    const pieces = piecesOf(stream);
    if (pieces.length === 0) return fail('no function was called in the stream');
    // The SDK's helpers merge the pieces by index.
    if (pieces.some(({ index }) => typeof index !== 'number')) return fail('the pieces of a call have no index');
    const fragments = pieces.filter(({ index }) => index === 0).map((piece) => fields(piece['function'])['arguments']);
    const args = parsed(fragments.filter((fragment) => typeof fragment === 'string').join(''));
    return isRecord(args)
      ? pass(`${pieces.length} pieces form one call`)
      : fail(`${pieces.length} pieces do not form JSON`);
  },
};

function piecesOf({ events }: StreamRead) {
  return events.flatMap(({ chunk }) => {
    const { delta } = fields(listOf(fields(chunk)['choices'])[0]);
    return listOf(fields(delta)['tool_calls']).map(fields);
  });
}
