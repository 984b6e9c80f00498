/** The garbage of a call dies young: objects in the old generation stay until the next full collection. */

import { expect, test } from 'vitest';
import { runModule } from '../support/child-process.ts';

/** Bytes per call that survive collections of the young generation, for our client and for the bare SDK. */
async function outliving(stream: boolean): Promise<{ readonly bare: number; readonly ours: number }> {
  const printed = await runModule(
    `
    const { CanaryClient } = await import(LIBRARY);
    const { OpenAI } = await import('openai');
    const chunk = (delta, finish_reason = null) => 'data: ' + JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] }) + '\\n\\n';
    const streamed = chunk({ role: 'assistant', content: '' }) + chunk({ content: 'Hi' }) + chunk({}, 'stop') + 'data: [DONE]\\n\\n';
    const whole = JSON.stringify({ choices: [{ index: 0, message: { content: 'Hi' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
    const type = ${stream} ? 'text/event-stream' : 'application/json';
    const options = { apiKey: 'key', fetch: async () => new Response(${stream} ? streamed : whole, { headers: { 'content-type': type } }) };
    const body = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: ${stream} };
    const CALLS = 400;
    const call = async (client) => {
      const answer = await client.chat.completions.create(body);
      if (${stream}) for await (const chunk of answer) void chunk;
    };
    const outlive = async (client) => {
      for (let calls = 0; calls < 600; calls += 1) await call(client);
      const rounds = [];
      for (let round = 0; round < 5; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        gc();
        const before = process.memoryUsage().heapUsed;
        for (let calls = 0; calls < CALLS; calls += 1) await call(client);
        await new Promise((resolve) => setImmediate(resolve));
        gc({ type: 'minor' });
        gc({ type: 'minor' });
        rounds.push((process.memoryUsage().heapUsed - before) / CALLS);
      }
      return rounds.toSorted((a, b) => a - b)[2];
    };
    const bare = await outlive(new OpenAI(options));
    const ours = await outlive(new CanaryClient({ ...options, canary: { limits: { openai: { rpm: 1e9 } } } }));
    console.log(JSON.stringify({ bare, ours }));
    process.exit();
  `,
    ['--expose-gc', '--max-semi-space-size=64'],
  );
  return JSON.parse(printed) as { bare: number; ours: number };
}

test.each([
  ['a call', false],
  ['a stream', true],
] as const)('%s leaves at most 2.5 kB more than with the bare SDK', async (_what, stream) => {
  const { bare, ours } = await outliving(stream);
  expect(ours - bare).toBeLessThan(2_500);
});
