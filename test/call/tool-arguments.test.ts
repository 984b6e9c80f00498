/** Tool calls whose arguments are not JSON are passed on and counted. */

import { expect, test } from 'vitest';
import { BODY, STREAM_BODY, ask } from '../support/calls.ts';
import { json } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';
import { chunk, events } from '../support/stream-replies.ts';

const answerWith = (text: string) =>
  json({
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
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'now', arguments: text } }],
        },
        finish_reason: 'tool_calls',
        logprobs: null,
      },
    ],
  });

const piece = (text: string) =>
  chunk({ body: BODY as never }, { delta: { tool_calls: [{ index: 0, function: { arguments: text } }] } });

test('passes on broken tool arguments unchanged and counts them', async () => {
  const { ai, providers, events: emitted } = setUp();
  providers.script('openai', answerWith('{"zone": '), answerWith('{"zone": "UTC"}'));
  const broken = await ask(ai);
  await ask(ai);
  expect(broken.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { arguments: '{"zone": ' } });
  expect(emitted.of('attempt')).toMatchObject([
    { outcome: 'success', brokenToolArguments: true },
    { outcome: 'success', brokenToolArguments: false },
  ]);
  expect(ai.canary.snapshot().upstreams.openai?.brokenToolCalls).toBe(1);
  expect(providers.asked).toHaveLength(2);
});

test.for([
  ['{"zone"', ' oops', true],
  ['{"zone"', ': "UTC"}', false],
] as const)('checks the arguments of a stream when they are complete: %s%s', async ([first, second, isBroken]) => {
  const { ai, providers, events: emitted } = setUp();
  const end = chunk({ body: BODY as never }, { delta: {}, finish_reason: 'tool_calls' });
  providers.script('openai', events([{ event: piece(first) }, { event: piece(second) }, { event: end }]));
  let seen = '';
  for await (const { choices } of await ai.chat.completions.create(STREAM_BODY)) {
    seen += choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? '';
  }
  expect(seen).toBe(first + second);
  expect(emitted.of('attempt')).toMatchObject([{ outcome: 'success', brokenToolArguments: isBroken }]);
});
