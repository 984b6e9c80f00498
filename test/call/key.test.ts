/** The key of a call, by precedence. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { BODY, ask } from '../support/calls.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

/** A client whose split sends `a-key` and `b-key` to different upstreams. */
function setUpTelling(key?: (call: { body: unknown }) => string | undefined): SetUp & { a: string; b: string } {
  const set = setUp({ upstreams: { gemini: {} }, canary: { weights: { gemini: 1, openai: 1 }, key } });
  const named = (upstream: string): string => {
    for (let index = 0; ; index++) {
      if (set.ai.canary.explain({ key: `k${index}` }).upstream === upstream) return `k${index}`;
    }
  };
  return { ...set, a: named('gemini'), b: named('openai') };
}

/** Every place of a key, by descending precedence. */
const PLACES = [
  'route',
  'context',
  'header',
  'option',
  'safety_identifier',
  'prompt_cache_key',
  'user',
  'conversation',
];

/** Makes a call with `strong` in one place and `weak` in all places after it. Returns the upstream. */
async function askWith(place: number, strong: string, weak: string, set: SetUp, optionKeys: Map<string, string>) {
  const at = (name: string): string | undefined => {
    const index = PLACES.indexOf(name);
    return index === place ? strong : index > place ? weak : undefined;
  };
  const header = at('header');
  const option = at('option');
  optionKeys.clear();
  if (option !== undefined) optionKeys.set('key', option);
  const body = {
    model: 'm',
    messages: [{ role: 'user' as const, content: 'opening' }],
    ...Object.fromEntries(
      ['safety_identifier', 'prompt_cache_key', 'user'].flatMap((name) =>
        at(name) === undefined ? [] : [[name, at(name)]],
      ),
    ),
  };
  set.providers.sent.length = 0;
  await set.ai.canary.run({ key: at('context') }, () =>
    set.ai.chat.completions.create(body, {
      ...route({ key: at('route') }),
      ...(header === undefined ? {} : { headers: { 'x-canary-key': header } }),
    }),
  );
  return set.providers.asked[0];
}

test.each(PLACES.slice(0, -1).map((name, index) => [name, PLACES[index + 1]!, index] as const))(
  'the key in %s wins over the key in %s and below',
  async (_name, _next, place) => {
    const optionKeys = new Map<string, string>();
    const set = setUpTelling(() => optionKeys.get('key'));
    expect(await askWith(place, set.a, set.b, set, optionKeys)).toBe('gemini');
    expect(await askWith(place, set.b, set.a, set, optionKeys)).toBe('openai');
  },
);

test('keeps all turns of a conversation on one upstream without any other key', async () => {
  const set = setUpTelling();
  for (let conversation = 0; conversation < 20; conversation++) {
    const opening = { role: 'user' as const, content: `Question ${conversation}` };
    const reply = { role: 'assistant' as const, content: 'Answer' };
    set.providers.sent.length = 0;
    await set.ai.chat.completions.create({ model: 'm', messages: [opening] });
    await set.ai.chat.completions.create({ model: 'm', messages: [opening, reply, { role: 'user', content: 'More' }] });
    expect(new Set(set.providers.asked).size).toBe(1);
  }
});

test('spreads conversations over the upstreams', async () => {
  const { ai, providers } = setUpTelling();
  for (let index = 0; index < 40; index++) {
    await ai.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: `Question ${index}` }] });
  }
  const share = providers.asked.filter((name) => name === 'gemini').length;
  expect(share).toBeGreaterThan(8);
  expect(share).toBeLessThan(32);
});

test('passes surface, model, task, attributes, headers and the body to the key function', async () => {
  const seen: unknown[] = [];
  const { ai } = setUp({ canary: { key: (call) => void seen.push(call) } });
  await ask(ai, route({ task: 'triage', attributes: { plan: 'beta' } }));
  expect(seen).toEqual([
    {
      surface: 'chat',
      model: 'gpt-4.1',
      task: 'triage',
      attributes: { plan: 'beta' },
      headers: expect.any(Headers),
      body: BODY,
    },
  ]);
  expect((seen[0] as { body: unknown }).body).toBe(BODY);
});

test('does not call the key function for a call with a key', async () => {
  let asked = 0;
  const { ai } = setUp({ canary: { key: () => `${(asked += 1)}` } });
  await ask(ai, route({ key: 'u' }));
  expect(asked).toBe(0);
});

test('ignores a key function that throws, and warns once', async () => {
  const { ai, events } = setUp({
    canary: {
      key: () => {
        throw new Error('No session.');
      },
    },
  });
  await ask(ai);
  await ask(ai);
  expect(events.of('warning')).toMatchObject([{ code: 'key', message: expect.stringContaining('No session.') }]);
});

test('emits no key in any event', async () => {
  const { ai, events } = setUp();
  await ask(ai, { ...route({ key: 'secret-user' }), headers: { 'x-canary-key': 'secret-user' } });
  expect(JSON.stringify(events.all)).not.toContain('secret-user');
});
