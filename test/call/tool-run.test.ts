/** All turns of one `runTools` stay on one upstream. */

import { expect, test } from 'vitest';
import { json, type Reply } from '../support/replies.ts';
import { failed } from '../support/replies.ts';
import { setUpCanary, type SetUp } from '../support/set-up.ts';

const TOOL = {
  type: 'function',
  function: {
    name: 'now',
    description: 'The time.',
    parameters: { type: 'object', properties: {} },
    parse: JSON.parse,
    function: () => 'noon',
  },
} as const;

/** An answer that calls the tool. */
const calls: Reply = json({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 0,
  model: 'gpt-4.1',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}' } }],
      },
      finish_reason: 'tool_calls',
      logprobs: null,
    },
  ],
});

async function runTools({ ai, clock }: SetUp, betweenTurns: () => void): Promise<void> {
  const runner = ai.chat.completions.runTools({
    model: 'gpt-4.1',
    messages: [{ role: 'user', content: 'What time is it?' }],
    tools: [{ ...TOOL, function: { ...TOOL.function, function: () => (betweenTurns(), 'noon') } }],
  });
  const done = runner.finalContent();
  await clock.advance(1_000);
  expect(await done).toBe('Hello.');
}

test('keeps a run on its upstream when the weights change between two turns', async () => {
  const world = setUpCanary();
  world.providers.script('gemini', calls);
  await runTools(world, () => world.ai.canary.setWeights({ openai: 1 }));
  expect(world.providers.asked).toEqual(['gemini', 'gemini']);
});

test('a fallback that served one turn serves the next turn', async () => {
  const world = setUpCanary({ canary: { retry: { attempts: 1, minDelay: 0 } } });
  world.providers.script('gemini', failed(503));
  world.providers.script('openai', calls);
  await runTools(world, () => undefined);
  expect(world.providers.asked).toEqual(['gemini', 'openai', 'openai']);
});

test('another run may go to another upstream', async () => {
  const world = setUpCanary();
  world.providers.script('gemini', calls);
  await runTools(world, () => world.ai.canary.setWeights({ openai: 1 }));
  world.providers.script('openai', calls);
  await runTools(world, () => undefined);
  expect(world.providers.asked).toEqual(['gemini', 'gemini', 'openai', 'openai']);
});
