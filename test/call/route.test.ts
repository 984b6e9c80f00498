/** Routing options of one call, and of all calls within a function. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { BODY, STREAM_BODY, ask, drain, within } from '../support/calls.ts';
import { after, chat } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';

const UPSTREAMS = { upstreams: { gemini: {}, deepseek: {} } };

test('run() routes the calls within it, but no call after it', async () => {
  const { ai, providers } = setUp(UPSTREAMS);
  await ai.canary.run({ upstream: 'gemini' }, async () => {
    await ask(ai);
    await Promise.resolve();
    await ask(ai);
  });
  await ask(ai);
  expect(providers.asked).toEqual(['gemini', 'gemini', 'openai']);
});

test('run() returns the result of its callback', () => {
  const { ai } = setUp();
  expect(ai.canary.run({}, () => 7)).toBe(7);
});

test('run() routes a call that is made within it and awaited after it', async () => {
  const { ai, providers } = setUp(UPSTREAMS);
  const call = ai.canary.run({ upstream: 'gemini' }, () => ai.chat.completions.create(BODY));
  await call;
  expect(providers.asked).toEqual(['gemini']);
});

test('the options of a call win over those of run()', async () => {
  const { ai, providers } = setUp(UPSTREAMS);
  await ai.canary.run({ upstream: 'gemini' }, () => ask(ai, route({ upstream: 'deepseek' })));
  expect(providers.asked).toEqual(['deepseek']);
});

test('options of nested run()s are merged; the inner options win', async () => {
  const { ai, providers, events } = setUp(UPSTREAMS);
  await ai.canary.run({ upstream: 'gemini', task: 'outer' }, async () => {
    await ai.canary.run({ task: 'inner' }, () => ask(ai));
    await ai.canary.run({ upstream: 'deepseek' }, () => ask(ai));
    await ask(ai);
  });
  expect(providers.asked).toEqual(['gemini', 'deepseek', 'gemini']);
  expect(events.of('call').map(({ task }) => task)).toEqual(['inner', 'outer', 'outer']);
});

test('undefined options of an inner run() do not override the outer options', async () => {
  const { ai, providers } = setUp(UPSTREAMS);
  await ai.canary.run({ upstream: 'gemini' }, () => ai.canary.run({ upstream: undefined }, () => ask(ai)));
  expect(providers.asked).toEqual(['gemini']);
});

test('merges the attributes of nested run()s and of the call', async () => {
  const when = { plan: 'beta', region: 'eu', tier: 1 };
  const { ai, providers } = setUp({ ...UPSTREAMS, canary: { segments: [{ when, upstream: 'gemini' }] } });
  await ai.canary.run({ attributes: { plan: 'beta', region: 'us' } }, () =>
    ai.canary.run({ attributes: { region: 'eu' } }, () => ask(ai, route({ attributes: { tier: 1 } }))),
  );
  expect(providers.asked).toEqual(['gemini']);
});

test('concurrent runs do not affect one another', async () => {
  const { ai, clock, providers } = setUp(UPSTREAMS);
  const conversation = (upstream: string) =>
    ai.canary.run({ upstream }, async () => {
      for (let turn = 0; turn < 5; turn++) {
        await ai.chat.completions.create({ model: upstream, messages: [] });
        await Promise.resolve();
      }
    });
  for (const name of ['openai', 'gemini', 'deepseek']) providers.usually(name, after(10, chat()));
  await within(clock, 100, Promise.all(['openai', 'gemini', 'deepseek'].map(conversation)));
  expect(providers.sent).toHaveLength(15);
  for (const { provider, body } of providers.sent) expect(provider).toBe(body.model);
});

test('explain() uses the options of the surrounding run()', () => {
  const { ai } = setUp(UPSTREAMS);
  expect(ai.canary.run({ upstream: 'gemini' }, () => ai.canary.explain())).toMatchObject({
    upstream: 'gemini',
    reason: 'forced',
  });
});

test('route() can be combined with other request options', async () => {
  const { ai, providers } = setUp(UPSTREAMS);
  await ask(ai, { ...route({ upstream: 'gemini' }), headers: { 'x-mine': '1' } });
  expect(providers.sent[0]!.headers.get('x-mine')).toBe('1');
  expect(providers.asked).toEqual(['gemini']);
});

test('route() works for streams and the SDK’s helpers', async () => {
  const { ai, providers } = setUp(UPSTREAMS);
  const gemini = route({ upstream: 'gemini' });
  await ai.chat.completions.create(STREAM_BODY, gemini).then(drain);
  await ai.chat.completions.parse(BODY, gemini);
  expect(providers.asked).toEqual(['gemini', 'gemini']);
});

test('sends nothing of route() to the provider', async () => {
  const { ai, providers } = setUp();
  await ask(ai, route({ key: 'secret-key', task: 'secret-task', attributes: { plan: 'secret-plan' } }));
  const [sent] = providers.sent;
  expect(JSON.stringify([sent!.rawBody, [...sent!.headers], sent!.path])).not.toContain('secret');
});
