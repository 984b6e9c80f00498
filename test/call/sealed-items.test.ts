/** Items that only their maker can read keep a conversation with it. */

import type { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { memoryStore, route, type CanaryOptions } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { within } from '../support/calls.ts';
import { chat, failed, json, type Reply, response } from '../support/replies.ts';
import { events } from '../support/stream-replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

type Item = OpenAI.Responses.ResponseInputItem;

const STATELESS = { model: 'gpt-5', store: false, include: ['reasoning.encrypted_content' as const] };
const reasoning = (maker: string) => ({
  type: 'reasoning',
  id: `rs_${maker}`,
  summary: [],
  encrypted_content: `secret-of-${maker}`,
});

/** Answers with reasoning of its own, and refuses that of another account. */
function account(name: string): Reply {
  return (request) => {
    const { input } = request.body;
    const items = Array.isArray(input) ? (input as { encrypted_content?: string }[]) : [];
    if (items.some(({ encrypted_content: secret }) => secret !== undefined && secret !== `secret-of-${name}`)) {
      const message =
        'The encrypted content gAAA could not be verified. Reason: Encrypted content could not be decrypted.';
      return failed(400, { message, code: 'invalid_encrypted_content' })(request);
    }
    return response('resp_1', { output: [reasoning(name)] })(request);
  };
}

function setUpAccounts(canary: CanaryOptions = {}, upstreams = { second: {} }): SetUp {
  const set = setUp({ upstreams, client: { maxRetries: 0 }, canary });
  set.providers.usually('openai', account('openai')).usually('second', account('second'));
  return set;
}

const nextTurn = (maker: string): Item[] => [
  { role: 'user', content: 'Hi' },
  reasoning(maker) as Item,
  { role: 'user', content: 'And then?' },
];

test('a conversation stays with the account that made its reasoning while the weights move', async () => {
  const { ai, providers } = setUpAccounts();
  const input: Item[] = [{ role: 'user', content: 'Hi' }];
  const { output } = await ai.responses.create({ ...STATELESS, input });
  ai.canary.setWeights({ second: 1 });
  await ai.responses.create({
    ...STATELESS,
    input: [...input, ...(output as Item[]), { role: 'user', content: 'And then?' }],
  });
  await ai.responses.create({ ...STATELESS, input });
  expect(providers.asked).toEqual(['openai', 'openai', 'second']);
});

test('reasoning of an unknown maker goes to the assigned upstream, and after its refusal to the others', async () => {
  const { ai, providers, clock } = setUpAccounts({ weights: { second: 1 } });
  await within(clock, 0, ai.responses.create({ ...STATELESS, input: nextTurn('openai') }));
  expect(providers.asked).toEqual(['second', 'openai']);
  await within(clock, 0, ai.responses.create({ ...STATELESS, input: nextTurn('openai') }));
  expect(providers.asked).toEqual(['second', 'openai', 'openai']);
});

test('the refusal reaches the caller if no account can read the item', async () => {
  const { ai, providers } = setUpAccounts({ weights: { second: 1 } });
  await expect(ai.responses.create({ ...STATELESS, input: nextTurn('third') })).rejects.toMatchObject({
    code: 'invalid_encrypted_content',
  });
  expect(providers.asked).toEqual(['second', 'openai']);
});

test('fallbacks: false and an own list of fallbacks do not keep the item from its maker', async () => {
  const { ai, providers } = setUpAccounts({ weights: { second: 1 }, fallbacks: [] });
  await ai.responses.create({ ...STATELESS, input: nextTurn('openai') }, route({ fallbacks: false }));
  expect(providers.asked).toEqual(['second', 'openai']);
});

test('the reasoning of a stream is known as soon as it arrives', async () => {
  const { ai, providers } = setUpAccounts();
  const body = { id: 'resp_s', object: 'response', model: 'm', output: [] };
  providers.script(
    'openai',
    events([
      { event: { type: 'response.created', response: { ...body, status: 'in_progress' } } },
      { event: { type: 'response.output_item.done', item: reasoning('openai') } },
      { event: { type: 'response.output_text.delta', delta: 'Hi' } },
      { event: { type: 'response.completed', response: { ...body, status: 'completed' } } },
    ]),
  );
  const stream = await ai.responses.create({ ...STATELESS, input: 'Hi', stream: true });
  for await (const event of stream) void event;
  ai.canary.setWeights({ second: 1 });
  await ai.responses.create({ ...STATELESS, input: nextTurn('openai') });
  expect(providers.asked).toEqual(['openai', 'openai']);
});

test('an item that is stored with one account is looked for at the others', async () => {
  const { ai, providers } = setUpAccounts({ weights: { second: 1 } });
  providers.usually('second', failed(404, { message: "Item with id 'rs_1' not found." }));
  await ai.responses.create({ model: 'gpt-5', input: [{ type: 'item_reference', id: 'rs_1' }] });
  expect(providers.asked).toEqual(['second', 'openai']);
});

test('models of one account read one another’s items, so the split decides', async () => {
  const { ai, providers } = setUpAccounts({ upstreams: { mini: { model: 'gpt-5-mini' } } });
  await ai.responses.create({ ...STATELESS, input: 'Hi' });
  ai.canary.setWeights({ mini: 1 });
  await ai.responses.create({ ...STATELESS, input: nextTurn('openai') });
  expect(providers.sent.map(({ body }) => body.model)).toEqual(['gpt-5', 'gpt-5-mini']);
});

test('clients that share a store know the makers of each other’s items', async () => {
  const clock = new ManualClock();
  const canary = { store: memoryStore(), clock };
  const [one, other] = [setUpAccounts(canary), setUpAccounts({ ...canary, weights: { second: 1 } })];
  await one.ai.responses.create({ ...STATELESS, input: 'Hi' });
  await clock.advance(0);
  await within(clock, 0, other.ai.responses.create({ ...STATELESS, input: nextTurn('openai') }));
  expect(other.providers.asked).toEqual(['openai']);
});

const TOOLS: OpenAI.ChatCompletionTool[] = [{ type: 'function', function: { name: 'add' } }];

test.each([
  [
    'Gemini',
    {
      tool_calls: [
        {
          id: 'c',
          type: 'function',
          function: { name: 'add', arguments: '{}' },
          extra_content: { google: { thought_signature: 'sig-1' } },
        },
      ],
    },
  ],
  ['OpenRouter', { reasoning_details: [{ type: 'reasoning.encrypted', data: 'sig-1' }] }],
  ['LiteLLM', { thinking_blocks: [{ type: 'thinking', thinking: 'Hm.', signature: 'sig-1' }] }],
])('a chat with a signature in the form of %s stays with its maker', async (_name, signed) => {
  const { ai, providers } = setUpAccounts();
  const message = { role: 'assistant', content: null, ...signed };
  providers.usually('openai', json({ id: 'a', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] }));
  providers.usually('second', chat());
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hi' }];
  const { choices } = await ai.chat.completions.create({ model: 'm', messages, tools: TOOLS });
  ai.canary.setWeights({ second: 1 });
  await ai.chat.completions.create({ model: 'm', messages: [...messages, choices[0]!.message], tools: TOOLS });
  await ai.chat.completions.create({ model: 'm', messages, tools: TOOLS });
  expect(providers.asked).toEqual(['openai', 'openai', 'second']);
});

test('calls that a maker keeps are no evidence for a rollout', async () => {
  const { ai, events: seen } = setUpAccounts({ rollout: { to: 'second', steps: [{ weight: 0.5, hold: '1h' }] } });
  await ai.responses.create({ ...STATELESS, input: 'Hi' }, route({ upstream: 'openai' }));
  for (let index = 0; index < 20; index += 1) {
    await ai.responses.create({ ...STATELESS, input: nextTurn('openai') }, route({ key: `user-${index}` }));
  }
  expect(
    seen
      .of('attempt')
      .slice(1)
      .every(({ upstream }) => upstream === 'openai'),
  ).toBe(true);
  expect(ai.canary.explain({ key: 'user-1' }).reason).toMatch(/rollout|split/);
});
