/** `runTools()`: several consecutive calls with tool calls between them. */

import type { Behaviour } from '../support/behaviour.ts';
import { chunksOf } from '../support/chunks-of.ts';
import { record } from '../support/record.ts';
import { CHAT, CHUNKS, completion, delta, failure, sse, toolCall } from '../support/replies.ts';
import { weatherTool } from '../support/weather-tool.ts';

const turns = [toolCall('weather', '{"city":"Zürich"}'), completion({ content: 'Rain.' })];
const withTool = (tool: (args: { city: string }) => unknown) => ({
  ...CHAT,
  tools: [
    {
      type: 'function' as const,
      function: { ...weatherTool.function, function: tool, parse: JSON.parse as (text: string) => { city: string } },
    },
  ],
});
const run =
  (tool: (args: { city: string }) => unknown): Behaviour['run'] =>
  async ({ client }) => {
    const runner = client.chat.completions.runTools(withTool(tool) as never);
    const told = record(runner, ['message', 'functionToolCall', 'functionToolCallResult', 'finalContent']);
    const content: unknown = await runner.finalContent().catch((error: unknown) => error);
    return [content, runner.messages, runner.allChatCompletions(), told];
  };

export const RUN_TOOLS: readonly Behaviour[] = [
  { name: 'runTools with a tool that works', replies: turns, run: run(({ city }) => `${city}: rain`) },
  { name: 'runTools with an asynchronous tool', replies: turns, run: run(async ({ city }) => ({ city })) },
  {
    name: 'runTools with a tool that throws',
    replies: turns,
    run: run(() => {
      throw new Error('no weather');
    }),
  },
  {
    name: 'runTools with a call of an unknown tool',
    replies: [toolCall('other', '{}'), ...turns.slice(1)],
    run: run(() => 'a'),
  },
  {
    name: 'runTools with arguments that are not JSON',
    replies: [toolCall('weather', '{'), ...turns.slice(1)],
    run: run(() => 'a'),
  },
  {
    name: 'runTools that fails in its second turn',
    replies: [...turns.slice(0, 1), failure(400)],
    run: run(() => 'a'),
  },
  {
    name: 'runTools on streams',
    replies: (_, index) =>
      index === 0
        ? sse([
            delta({
              role: 'assistant',
              tool_calls: [
                { index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"a"}' } },
              ],
            }),
            delta({}, 'tool_calls'),
          ])
        : sse(CHUNKS),
    run: async ({ client }) => {
      const runner = client.chat.completions.runTools({ ...withTool(() => 'rain'), stream: true } as never);
      return [await chunksOf(runner as never), runner.messages];
    },
  },
];
