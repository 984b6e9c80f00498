/** Mistakes in options that the SDK, or JavaScript, would pass over in silence. */

import { expect, test, vi } from 'vitest';
import { CanaryClient, route } from '../../src/index.ts';
import { BODY, ask } from '../support/calls.ts';
import { clientWith, messageOf, refusalOf } from '../support/message-of.ts';
import { setUp } from '../support/set-up.ts';

/** `route()` as JavaScript can call it. */
const untypedRoute = route as (options: unknown) => ReturnType<typeof route>;

test.each([
  ['user-42', 'route should be an object of routing options, got a string: write { key }'],
  [42, 'route should be an object of routing options, got 42: write { key }'],
  [undefined, 'route should be an object of routing options, got undefined'],
  [['user-42'], 'route should be an object of routing options, got a list'],
  [{ user: 'u' }, 'route.user is not an option; did you mean key?'],
  [{ userId: 'u' }, 'route.userId is not an option; did you mean key?'],
  [{ keys: 'u' }, 'route.keys is not an option; did you mean key?'],
  [{ upstraem: 'b' }, 'route.upstraem is not an option; did you mean upstream?'],
  [{ model: 'b' }, 'route.model is not an option; did you mean upstream?'],
  [{ tags: {} }, 'route.tags is not an option; did you mean attributes?'],
  [{ whatever: 1 }, 'route.whatever is not an option'],
  [{ toString: 1 }, 'route.toString is not an option'],
  [{ timeout: 5 }, 'route.timeout is a request option: write { ...route({ … }), timeout }'],
  [{ key: { id: 7 } }, 'route.key should be a string, a number or a bigint, got an object'],
  [{ key: true }, 'route.key should be a string, a number or a bigint, got true'],
  [{ upstream: '' }, 'route.upstream should be the name of an upstream, got ""'],
  [{ task: 7 }, 'route.task should be the name of a task, got 7'],
  [{ attributes: ['beta'] }, 'route.attributes should be an object of attributes, got a list'],
  [
    { attributes: { plan: { name: 'pro' } } },
    'route.attributes.plan should be a string, a number or a boolean, got an object',
  ],
  [{ maxCostUsd: -1 }, 'route.maxCostUsd should be a non-negative number, got -1'],
  [{ shadow: 0.1 }, 'route.shadow should be true or false, got 0.1'],
  [{ stream: true }, 'route.stream should be one of committed, buffered, got true'],
  [
    { fallbacks: ['b'] },
    'route.fallbacks should be true or false, got a list: the order of fallbacks is the option canary.fallbacks of the client',
  ],
])('route(%j) is refused', (options, message) => {
  expect(messageOf(() => untypedRoute(options))).toBe(message);
});

test('run() is checked like route()', () => {
  const run = (options: object) => messageOf(() => clientWith({}).canary.run(options, () => 0));
  expect(run({ user: 'u' })).toBe('run.user is not an option; did you mean key?');
  expect(run({ timeout: 5 })).toBe('run.timeout is an option of a single call');
});

test('explain() is checked like route()', () => {
  const untyped = clientWith({}).canary as unknown as { explain: (options: object) => unknown };
  expect(messageOf(() => untyped.explain({ user: 'u' }))).toBe('explain.user is not an option; did you mean key?');
});

test('no key, no attribute and undefined values are no mistakes', () => {
  for (const none of ['', null, undefined, Number.NaN]) expect(() => untypedRoute({ key: none })).not.toThrow();
  expect(() => untypedRoute({ attributes: { plan: undefined, tier: null }, task: undefined })).not.toThrow();
});

test('routing options among the request options are refused before anything is sent', async () => {
  const { ai, providers } = setUp({ upstreams: { gemini: {} } });
  for (const name of ['key', 'upstream', 'task', 'attributes', 'maxCostUsd', 'fallbacks', 'shadow']) {
    await expect(ask(ai, { [name]: 'x' })).rejects.toThrow(
      `options.${name} is not a request option: write route({ ${name} })`,
    );
  }
  expect(providers.sent).toEqual([]);
});

test('an unknown upstream of a call is refused with the near name', async () => {
  const { ai } = setUp({ upstreams: { gemini: {} } });
  await expect(ai.chat.completions.create(BODY, route({ upstream: 'gemni' }))).rejects.toThrow(
    'route.upstream should be one of openai, gemini, got "gemni"; did you mean gemini?',
  );
});

test.each([
  [{ upstreams: {} }, 'upstreams is not an option of the client: write canary: { upstreams }'],
  [{ weights: { b: 0.1 } }, 'weights is not an option of the client: write canary: { weights }'],
  [{ canry: {} }, 'canry is not an option of the client; did you mean canary?'],
])('the client options %j are refused', (options, message) => {
  expect(messageOf(() => new CanaryClient({ apiKey: 'k', ...options }))).toBe(message);
});

test('the options of the SDK and of its subclasses stay allowed at the top level', () => {
  const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const options = { apiKey: 'k', logger, organization: 'o', deployment: 'd' };
  expect(() => new CanaryClient(options)).not.toThrow();
});

test.each(['on', 'once', 'off'] as const)('%s() refuses an unknown event with the near name', (method) => {
  const untyped = clientWith({}).canary as unknown as Record<string, (name: string, listener: () => void) => void>;
  expect(messageOf(() => untyped[method]!('rolback', () => undefined))).toMatch(
    new RegExp(`^canary\\.${method} should be one of call, .*, got "rolback"; did you mean rollback\\?$`),
  );
});

test.each([
  ['canary.json', 'canary.store should be a store, got a string: write fileStore("canary.json")'],
  [
    'redis://:secret@localhost',
    'canary.store should be a store, got a string: write redisStore(client) with a client of that address',
  ],
])('the store %j is refused with the function that makes one', (store, message) => {
  expect(refusalOf({ store })).toBe(message);
});

test('a key function that returns a promise is reported, and the call goes on', async () => {
  const { ai, events } = setUp({ canary: { key: (async () => 'user-1') as never } });
  await ask(ai);
  expect(events.of('warning').map(({ message }) => message)).toContain(
    'The key function returned a promise, which cannot be a key',
  );
});

test('one key with most of the traffic is reported once, without showing it', async () => {
  const { ai, events } = setUp({ upstreams: { gemini: {} }, canary: { weights: { gemini: 0.3 } } });
  for (let call = 0; call < 250; call += 1) {
    await ask(ai, route({ key: call % 3 === 0 ? `user-${call}` : 'anonymous' }));
  }
  const messages = events.of('warning').filter(({ code }) => code === 'keyShare');
  expect(messages.map(({ message }) => message)).toEqual([
    'One key has 66 % of the latest calls (from route({ key })): they all go to one upstream, whatever the weights are. ' +
      'Give each user or conversation a key of its own, or none',
  ]);
});

test('one key is not reported while all calls go to stable, nor among many keys', async () => {
  const alone = setUp({ upstreams: { gemini: {} } });
  const many = setUp({ upstreams: { gemini: {} }, canary: { weights: { gemini: 0.3 } } });
  for (let call = 0; call < 200; call += 1) {
    await ask(alone.ai, route({ key: 'anonymous' }));
    await ask(many.ai, route({ key: call % 2 === 0 ? 'anonymous' : `user-${call}` }));
  }
  for (const { events } of [alone, many]) {
    expect(events.of('warning').filter(({ code }) => code === 'keyShare')).toEqual([]);
  }
});
