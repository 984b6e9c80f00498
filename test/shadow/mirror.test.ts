/** Which calls are mirrored, and how copies are sent and counted. */

import type { OpenAI } from 'openai';
import { expect, test, vi } from 'vitest';
import { route, type CanaryOptions } from '../../src/index.ts';
import { BODY, ask } from '../support/calls.ts';
import { chat, failed, response } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';
import { askAndWait, shadowed } from './support/shadowed.ts';

const KEYS = Array.from({ length: 400 }, (_, index) => `user-${index}`);

/** The keys whose calls are mirrored. */
async function mirroredKeys(share: number, canary: CanaryOptions = {}): Promise<readonly string[]> {
  const { ai, clock, providers } = shadowed({ share }, { canary });
  for (const key of KEYS) {
    await ai.chat.completions.create({ ...BODY, user: key }, route({ key }));
    await clock.advance(0);
  }
  return providers.to('gemini').map(({ body }) => String(body.user));
}

test('a mirrored call is answered by its own upstream, and its copy names the model of the shadow', async () => {
  const world = shadowed({}, { upstreams: { gemini: { model: 'gemini-2.5-flash' } } });
  const { providers } = world;
  providers.script('gemini', chat('From the shadow.'));
  const answer = await askAndWait(world);
  expect(answer.choices[0]?.message.content).toBe('Hello.');
  expect(providers.asked).toEqual(['openai', 'gemini']);
  expect(providers.sent.map(({ body }) => body.model)).toEqual(['gpt-4.1', 'gemini-2.5-flash']);
});

test('mirrors the given share of keys, and raising it only adds keys', async () => {
  const few = await mirroredKeys(0.1);
  const more = await mirroredKeys(0.3);
  expect(few.length / KEYS.length).toBeGreaterThan(0.05);
  expect(few.length / KEYS.length).toBeLessThan(0.16);
  expect(more.length / KEYS.length).toBeGreaterThan(0.23);
  expect(more).toEqual(expect.arrayContaining([...few]));
});

test('mirrors other keys than the split moves first', async () => {
  const { ai } = setUp({ upstreams: { gemini: {} }, canary: { weights: { gemini: 0.1 } } });
  const moved = KEYS.filter((key) => ai.canary.explain({ key }).upstream === 'gemini');
  const both = (await mirroredKeys(0.1)).filter((key) => moved.includes(key));
  expect(both.length).toBeLessThan(moved.length / 2);
});

test('mirrors a random share of calls without a key', async () => {
  const { ai, clock, providers } = shadowed({ share: 0.25 });
  for (let index = 0; index < 400; index += 1) {
    await ai.embeddings.create({ model: 'm', input: 'Hello' });
    await clock.advance(0);
  }
  expect(providers.to('gemini').length / 400).toBeCloseTo(0.25, 1);
});

test('the share can be changed at run time', async () => {
  const world = shadowed({ share: 0 });
  const { ai, providers } = world;
  await askAndWait(world);
  expect(providers.asked).toEqual(['openai']);
  ai.canary.shadow.setShare('gemini', 1);
  await askAndWait(world);
  expect(ai.canary.shadow.share('gemini')).toBe(1);
  expect(providers.asked).toEqual(['openai', 'openai', 'gemini']);
});

test('setShare requires the shadow option, a known upstream and a share between 0 and 1', () => {
  const { ai } = setUp({ upstreams: { gemini: {} } });
  expect(() => ai.canary.shadow.setShare('gemini', 0.1)).toThrow(
    'canary.shadow should be set, at least to {}, before a share can be set',
  );
  expect(() => ai.canary.shadow.setShare('gemni', 0.1)).toThrow('did you mean gemini?');
  expect(() => ai.canary.shadow.setShare('gemini', 2)).toThrow('shadow.share should be between 0 and 1, got 2');
});

const NOT_MIRRORED: Record<string, (ai: OpenAI) => Promise<unknown>> = {
  'that says route({ shadow: false })': (ai) => ask(ai, route({ shadow: false })),
  'that forces its upstream': (ai) => ask(ai, route({ upstream: 'openai' })),
  'that continues a response': (ai) =>
    ai.responses.create({ model: 'm', input: 'And?', previous_response_id: 'resp_1' }),
  'that stores its answer': (ai) => ai.chat.completions.create({ ...BODY, store: true }),
  'in the background': (ai) => ai.responses.create({ model: 'm', input: 'Hello', background: true }),
  'with a tool of the provider': (ai) =>
    ai.responses.create({ model: 'm', input: 'Hello', tools: [{ type: 'web_search' }] }),
  'with an MCP server': (ai) =>
    ai.responses.create({
      model: 'm',
      input: 'Hello',
      tools: [{ type: 'mcp', server_label: 'crm', server_url: 'https://crm.test' }],
    }),
  'that searches the web': (ai) => ai.chat.completions.create({ ...BODY, web_search_options: {} }),
  'with a stored prompt': (ai) => ai.responses.create({ model: 'm', prompt: { id: 'pmpt_1' } }),
  'that belongs to an account': (ai) => ai.models.retrieve('gpt-4.1'),
};

test.each(Object.entries(NOT_MIRRORED))('a call %s is not mirrored', async (_name, call) => {
  const { ai, clock, providers } = shadowed();
  await call(ai);
  await clock.advance(0);
  expect(providers.asked).toEqual(['openai']);
});

test('mirrors a call with function tools, since the tool calls of a copy are not executed', async () => {
  const { ai, clock, providers } = shadowed();
  const tools = [{ type: 'function' as const, function: { name: 'pay', parameters: {} } }];
  await ai.chat.completions.create({ ...BODY, tools });
  await clock.advance(0);
  expect(providers.asked).toEqual(['openai', 'gemini']);
});

test('does not mirror a call that the shadow upstream serves itself', async () => {
  const world = shadowed({}, { canary: { weights: { gemini: 1 } } });
  await askAndWait(world);
  expect(world.providers.asked).toEqual(['gemini']);
});

test('does not mirror embeddings to another model, since their vectors are not comparable', async () => {
  const { ai, clock, providers } = shadowed({}, { upstreams: { gemini: { model: 'gemini-2.5-flash' } } });
  await ai.embeddings.create({ model: 'm', input: 'Hello' });
  await clock.advance(0);
  expect(providers.asked).toEqual(['openai']);
});

test('`when` overrides the default, and receives whether the call has side effects', async () => {
  const when = vi.fn(({ task }: { task: string | undefined }) => task === 'faq');
  const { ai, clock, providers } = shadowed({ when });
  await ai.chat.completions.create({ ...BODY, store: true }, route({ task: 'faq' }));
  await ai.chat.completions.create(BODY, route({ task: 'chat' }));
  await clock.advance(0);
  expect(providers.to('gemini')).toHaveLength(1);
  expect(when.mock.calls).toMatchObject([[{ task: 'faq', sideEffects: true }], [{ task: 'chat', sideEffects: false }]]);
});

test('does not mirror a call if `when` throws, and warns once', async () => {
  const world = shadowed({
    when: () => {
      throw new Error('no idea');
    },
  });
  await askAndWait(world);
  await askAndWait(world);
  expect(world.providers.asked).toEqual(['openai', 'openai']);
  expect(world.events.of('warning')).toMatchObject([{ code: 'shadow', message: 'shadow.when failed: Error: no idea' }]);
});

test('does not mirror a call if `when` returns a promise, and handles its rejection', async () => {
  const when = (() => Promise.reject(new Error('no database'))) as unknown as () => boolean;
  const world = shadowed({ when });
  await askAndWait(world);
  expect(world.providers.asked).toEqual(['openai']);
  expect(world.events.of('warning')).toMatchObject([
    { code: 'shadow', message: expect.stringMatching(/true or false/) },
  ]);
});

test('copies the body when the call is made: messages appended later do not reach the shadow', async () => {
  const { ai, clock, providers } = shadowed({ maxConcurrency: 1 });
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'One?' }];
  const { choices } = await ai.chat.completions.create({ model: 'gpt-4.1', messages });
  if (choices[0]) messages.push(choices[0].message);
  await clock.advance(0);
  expect(providers.to('gemini')[0]?.body.messages).toEqual([{ role: 'user', content: 'One?' }]);
});

test('sets store: false on the copy of a Responses API call', async () => {
  const { ai, clock, providers } = shadowed();
  providers.usually('openai', response('resp_1')).usually('gemini', response('resp_2'));
  await ai.responses.create({ model: 'm', input: 'Hello' });
  await clock.advance(0);
  expect(providers.sent.map(({ body }) => body.store)).toEqual([undefined, false]);
});

test('removes the idempotency key from the copy', async () => {
  const world = shadowed({}, { upstreams: { gemini: {} } });
  await askAndWait(world, { headers: { 'Idempotency-Key': 'pay-once', 'x-mine': '1' } });
  expect(world.providers.sent.map(({ headers }) => headers.get('idempotency-key'))).toEqual(['pay-once', null]);
  expect(world.providers.to('gemini')[0]?.headers.get('x-mine')).toBe('1');
});

test('counts a copy in ledger and costs, but not in windows or call events', async () => {
  const world = shadowed();
  const { ai, clock, events } = world;
  const promise = ai.chat.completions.create(BODY);
  await promise;
  await clock.advance(0);
  expect(events.of('attempt').map(({ upstream, reason }) => `${upstream}: ${reason}`)).toEqual([
    'openai: first',
    'gemini: shadow',
  ]);
  expect(ai.canary.last(promise)?.attempts.map(({ reason }) => reason)).toEqual(['first', 'shadow']);
  expect(events.of('call')).toMatchObject([{ attempts: 1, costUsd: 0.00006 }]);
  expect(ai.canary.costs().total).toMatchObject({ costUsd: 0.00012, savingsUsd: -0.00006 });
  expect(ai.canary.snapshot().upstreams.gemini).toMatchObject({ calls: 0, attempts: 0, costUsd: 0 });
  expect(ai.canary.snapshot()).toMatchObject({ calls: 1, successes: 1 });
});

test.each([500, 429, 401, 402])(
  'a shadow that answers %i opens no breaker, pauses no real call and fires no alert',
  async (status) => {
    const world = shadowed({}, { canary: { breaker: { consecutive: 2 } } });
    const { ai, providers, events } = world;
    providers.usually('gemini', failed(status, {}, { 'retry-after': '60' }));
    for (let index = 0; index < 3; index += 1) await askAndWait(world);
    providers.usually('gemini', chat());
    expect(ai.canary.snapshot().upstreams.gemini).toMatchObject({ breaker: { state: 'closed' }, pausedUntilMs: null });
    expect([...events.of('breaker'), ...events.of('rateLimit'), ...events.of('alert')]).toEqual([]);
    await ask(ai, route({ upstream: 'gemini' }));
    expect(providers.asked.at(-1)).toBe('gemini');
  },
);

test('sends no copies to a rate-limited shadow until its retry-after has passed', async () => {
  const world = shadowed();
  const { ai, clock, providers } = world;
  providers.script('gemini', failed(429, {}, { 'retry-after': '60' }));
  await askAndWait(world);
  await askAndWait(world);
  expect(providers.to('gemini')).toHaveLength(1);
  expect(ai.canary.snapshot().shadow?.gemini?.dropped).toEqual({ full: 0, budget: 0, unavailable: 1 });
  await clock.advance(60_000);
  await askAndWait(world);
  expect(providers.to('gemini')).toHaveLength(2);
});

test('sends no copies to an upstream that is paused for real calls', async () => {
  const world = shadowed();
  const { ai, providers } = world;
  providers.script('gemini', failed(429, {}, { 'retry-after': '60' }));
  await ask(ai, { ...route({ upstream: 'gemini', fallbacks: false }), maxRetries: 0 }).catch(() => undefined);
  await askAndWait(world);
  expect(providers.asked.at(-1)).toBe('openai');
});

test('does not retry a copy', async () => {
  const world = shadowed();
  world.providers.usually('gemini', failed(503));
  await askAndWait(world);
  await world.clock.advance(60_000);
  expect(world.providers.to('gemini')).toHaveLength(1);
  expect(world.providers.to('gemini')[0]?.headers.get('x-stainless-retry-count')).toBe('0');
});
