/** Ids of responses that this client has not seen: made before a restart, or through another process. */

import { describe, expect, test } from 'vitest';
import { NotFoundError } from 'openai';
import { memoryStore, route, type CanaryOptions, type Store } from '../../src/index.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { errorWithin, within } from '../support/calls.ts';
import { failed, json, type Reply, response, unreachable } from '../support/replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

const INPUT = { model: 'gpt-5', input: 'Hello' };
const NOT_FOUND = failed(404, { message: "Response with id 'resp_x' not found." });
const PREVIOUS_NOT_FOUND = failed(400, {
  message: "Previous response with id 'resp_x' not found.",
  param: 'previous_response_id',
  code: 'previous_response_not_found',
});
const CONVERSATION_NOT_FOUND = failed(404, { message: "Conversation with id 'conv_x' not found." });

/** Three accounts, of which only `owner` knows the id. Every call is assigned to `openai`. */
function threeAccounts(owner: string, refusal: Reply, canary: CanaryOptions = {}): SetUp {
  const set = setUp({ upstreams: { second: {}, third: {} }, client: { maxRetries: 0 }, canary });
  for (const name of ['openai', 'second', 'third']) set.providers.usually(name, refusal);
  set.providers.usually(owner, response('resp_x'));
  return set;
}

const REQUESTS: readonly [string, Reply, (set: SetUp) => Promise<unknown>][] = [
  ['retrieve', NOT_FOUND, ({ ai }) => ai.responses.retrieve('resp_x')],
  ['cancel', NOT_FOUND, ({ ai }) => ai.responses.cancel('resp_x')],
  ['delete', NOT_FOUND, ({ ai }) => ai.responses.delete('resp_x')],
  [
    'previous_response_id',
    PREVIOUS_NOT_FOUND,
    ({ ai }) => ai.responses.create({ ...INPUT, previous_response_id: 'resp_x' }),
  ],
  ['conversation', CONVERSATION_NOT_FOUND, ({ ai }) => ai.responses.create({ ...INPUT, conversation: 'conv_x' })],
];

test.each(REQUESTS)(
  '%s asks the upstreams in turn, and the owner at once from then on',
  async (_name, refusal, act) => {
    const set = threeAccounts('third', refusal);
    await within(set.clock, 0, act(set));
    expect(set.providers.asked).toEqual(['openai', 'second', 'third']);
    await within(set.clock, 0, act(set));
    expect(set.providers.asked.slice(3)).toEqual(['third']);
  },
);

test.each(REQUESTS)(
  '%s rejects with the error of the assigned upstream if none knows the id',
  async (_name, refusal, act) => {
    const set = threeAccounts('none', refusal);
    set.providers.usually('third', failed(401));
    const error = await errorWithin(set.clock, 0, act(set));
    expect(error).toMatchObject({ error: await bodyOf(refusal) });
    expect(set.providers.asked).toEqual(['openai', 'second', 'third']);
  },
);

async function bodyOf(reply: Reply): Promise<unknown> {
  const answer = await reply({ body: {}, signal: undefined, wait: () => Promise.resolve() });
  return ((await answer.json()) as { error: unknown }).error;
}

test('an upstream that does not serve the endpoint is passed over', async () => {
  const set = threeAccounts('third', NOT_FOUND);
  set.providers.usually('second', failed(405));
  await within(set.clock, 0, set.ai.responses.retrieve('resp_x'));
  expect(set.providers.asked).toEqual(['openai', 'second', 'third']);
});

test('the search goes on past an upstream that is down', async () => {
  const set = threeAccounts('third', PREVIOUS_NOT_FOUND);
  set.providers.usually('openai', unreachable());
  await within(set.clock, 0, set.ai.responses.create({ ...INPUT, previous_response_id: 'resp_x' }));
  expect(set.providers.asked).toEqual(['openai', 'second', 'third']);
});

test('an upstream that is down may be the owner, so the caller gets its error', async () => {
  const set = threeAccounts('none', NOT_FOUND);
  set.providers.usually('openai', failed(503));
  expect(await errorWithin(set.clock, 0, set.ai.responses.retrieve('resp_x'))).toMatchObject({ status: 503 });
});

test('the known owner of a deleted response is not doubted', async () => {
  const set = threeAccounts('openai', NOT_FOUND);
  await within(set.clock, 0, set.ai.responses.retrieve('resp_x'));
  set.providers.usually('openai', NOT_FOUND);
  expect(await errorWithin(set.clock, 0, set.ai.responses.retrieve('resp_x'))).toBeInstanceOf(NotFoundError);
  expect(set.providers.asked).toEqual(['openai', 'openai']);
});

test('a forced upstream is the only one that is asked', async () => {
  const set = threeAccounts('third', NOT_FOUND);
  await errorWithin(set.clock, 0, set.ai.responses.retrieve('resp_x', {}, route({ upstream: 'second' })));
  expect(set.providers.asked).toEqual(['second']);
});

test('a refusal of the caller’s own mistake is not taken for an unknown id', async () => {
  const set = threeAccounts('third', failed(400, { message: 'Unknown parameter: tols.', code: 'unknown_parameter' }));
  await errorWithin(set.clock, 0, set.ai.responses.create({ ...INPUT, previous_response_id: 'resp_x' }));
  expect(set.providers.asked).toEqual(['openai']);
});

test('a list of input items comes from the owner, with its later pages', async () => {
  const set = threeAccounts('none', NOT_FOUND);
  const page = (id: string, hasMore: boolean) => json({ object: 'list', data: [{ id }], has_more: hasMore });
  set.providers.script('third', page('item_1', true), page('item_2', false));
  const items: (string | undefined)[] = [];
  for await (const item of set.ai.responses.inputItems.list('resp_x')) items.push(item.id);
  expect(items).toEqual(['item_1', 'item_2']);
  expect(set.providers.asked).toEqual(['openai', 'second', 'third', 'third']);
  expect(set.providers.sent[3]!.headers.get('authorization')).toBe('Bearer key-of-third');
});

test('a list that no upstream knows rejects with the error of the client itself', async () => {
  const set = threeAccounts('none', failed(404));
  set.providers.usually('openai', NOT_FOUND);
  const list = set.ai.responses.inputItems.list('resp_x');
  expect(await errorWithin(set.clock, 0, list)).toMatchObject({ message: expect.stringContaining('resp_x') as string });
});

describe('clients that share a store', () => {
  /** Two clients of one configuration. `second` gets the calls that name it. */
  function twoClients(store: Store, clock = new ManualClock()): { one: SetUp; other: SetUp; clock: ManualClock } {
    const make = (): SetUp => {
      const set = setUp({ upstreams: { second: {} }, client: { maxRetries: 0 }, canary: { store, clock } });
      set.providers.usually('openai', NOT_FOUND).usually('second', response('resp_x'));
      return set;
    };
    return { one: make(), other: make(), clock };
  }

  test('know the owners of each other’s ids', async () => {
    const { one, other, clock } = twoClients(memoryStore());
    await one.ai.responses.create(INPUT, route({ upstream: 'second' }));
    await clock.advance(0);
    await within(clock, 0, other.ai.responses.retrieve('resp_x'));
    expect(other.providers.asked).toEqual(['second']);
    await within(clock, 0, other.ai.responses.create({ ...INPUT, previous_response_id: 'resp_x' }));
    expect(other.providers.asked).toEqual(['second', 'second']);
  });

  test('keep no id in the store in readable form', async () => {
    const kept: string[] = [];
    const store = memoryStore();
    const spied = {
      ...store,
      remember: async (texts: Record<string, string>, forMs: number) => {
        kept.push(JSON.stringify(texts));
        await store.remember?.(texts, forMs);
      },
    };
    const { one, clock } = twoClients(spied);
    await one.ai.responses.create(INPUT, route({ upstream: 'second' }));
    await clock.advance(0);
    expect(kept).toHaveLength(1);
    expect(kept[0]).not.toContain('resp_x');
  });

  test('write in batches, at most one a second, and the rest at the end', async () => {
    const store = memoryStore();
    let writes = 0;
    const counted: Store = {
      ...store,
      remember: async (texts, forMs) => {
        writes += 1;
        await store.remember?.(texts, forMs);
      },
    };
    const { one, clock } = twoClients(counted);
    for (let index = 0; index < 50; index += 1) {
      one.providers.script('second', response(`resp_${index}`));
      await one.ai.responses.create(INPUT, route({ upstream: 'second' }));
    }
    await clock.advance(1_000);
    expect(writes).toBe(2);
    one.providers.script('second', response('resp_last'));
    await one.ai.responses.create(INPUT, route({ upstream: 'second' }));
    await one.ai[Symbol.asyncDispose]();
    expect(writes).toBe(3);
  });

  test.each([
    ['does not answer', () => new Promise<never>(() => undefined)],
    ['rejects', () => Promise.reject(new Error('ECONNREFUSED'))],
  ])('find the owner by asking if the store %s, and wait for it at most 250 ms, once', async (_name, recall) => {
    const { other, clock } = twoClients({ ...memoryStore(), recall, remember: recall });
    await within(clock, 250, other.ai.responses.retrieve('resp_x'));
    other.providers.usually('second', response('resp_y'));
    await within(clock, 0, other.ai.responses.retrieve('resp_y'));
    expect(other.providers.asked).toEqual(['openai', 'second', 'openai', 'second']);
    expect(other.events.of('warning').map(({ code }) => code)).toEqual(['store']);
  });

  test('work with a store that keeps no owners', async () => {
    const { remember: _remember, recall: _recall, ...store } = memoryStore();
    const { other, clock } = twoClients(store);
    await within(clock, 0, other.ai.responses.retrieve('resp_x'));
    expect(other.providers.asked).toEqual(['openai', 'second']);
  });

  test('ask in turn for an owner that is no longer configured', async () => {
    const store = memoryStore();
    const { one, clock } = twoClients(store);
    await one.ai.responses.create(INPUT, route({ upstream: 'second' }));
    await clock.advance(0);
    const later = setUp({ upstreams: { third: {} }, canary: { store, clock } });
    later.providers.usually('openai', NOT_FOUND).usually('third', response('resp_x'));
    await within(clock, 0, later.ai.responses.retrieve('resp_x'));
    expect(later.providers.asked).toEqual(['openai', 'third']);
  });
});
