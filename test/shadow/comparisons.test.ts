/** Comparison of the two answers of a mirrored call. */

import { describe, expect, test, vi } from 'vitest';
import {
  CanaryClient,
  type CanaryOptions,
  type CompareResult,
  type ShadowAnswer,
  type ShadowOptions,
} from '../../src/index.ts';
import { runtimeOf } from '../../src/runtime/runtime.ts';
import { ManualClock } from '../../src/testing/index.ts';
import { BODY, STREAM_BODY, ask, drain, within } from '../support/calls.ts';
import { after, chat, failed, response } from '../support/replies.ts';
import { ScriptedProviders } from '../support/scripted-providers.ts';
import type { SetUp } from '../support/set-up.ts';
import { chatStream } from '../support/stream-replies.ts';
import { askAndWait, shadowed } from './support/shadowed.ts';

/** A client whose two upstreams answer with these texts. */
function saying(real: string, shadow: string, options: ShadowOptions = {}): SetUp {
  const world = shadowed(options);
  world.providers.usually('openai', chat(real)).usually('gemini', chat(shadow));
  return world;
}

test('the shadow event has the outcome of the copy and the comparison of the answers', async () => {
  const { ai, clock, providers, events } = shadowed();
  providers.script('openai', after(200, chat('one two three four')));
  providers.script('gemini', after(100, chat('one two', { output: 2 })));
  await within(clock, 200, ask(ai));
  expect(events.of('shadow')).toEqual([
    {
      callId: 1,
      upstream: 'gemini',
      servedBy: 'openai',
      outcome: 'success',
      kind: undefined,
      latencyMs: 100,
      firstChunkMs: undefined,
      costUsd: 0.000036,
      comparison: {
        agreement: (7 / 18 + 2 / 3) / 2,
        aspects: { finishReason: 1, refusal: 1, length: 7 / 18, text: 2 / 3 },
        labels: [],
        latencyRatio: 0.5,
        firstChunkRatio: undefined,
        costRatio: 0.6,
      },
      atMs: clock.now(),
    },
  ]);
});

test('mirrors a stream as a stream, and compares what the caller received', async () => {
  const { ai, clock, providers, events } = shadowed();
  providers.script('openai', chatStream(['one', ' two'], { everyMs: 100 }));
  providers.script('gemini', chatStream(['one', ' two'], { everyMs: 50 }));
  await within(clock, 300, ai.chat.completions.create(STREAM_BODY).then(drain));
  expect(providers.to('gemini')[0]?.body.stream).toBe(true);
  expect(events.of('shadow')).toMatchObject([
    { firstChunkMs: 50, latencyMs: 150, comparison: { agreement: 1, latencyRatio: 0.5, firstChunkRatio: 0.5 } },
  ]);
});

test.each([
  ['body', BODY, chat('one two')],
  ['stream', STREAM_BODY, chatStream(['one', ' two'])],
] as const)('compares the raw %s of a caller', async (_name, body, reply) => {
  const { ai, clock, providers, events } = shadowed();
  providers.script('openai', reply).script('gemini', reply);
  const raw = await within(clock, 0, ai.chat.completions.create(body).asResponse());
  await raw.text();
  await clock.advance(0);
  expect(events.of('shadow')).toMatchObject([{ servedBy: 'openai', comparison: { agreement: 1 } }]);
});

test('compares answers of the Responses API', async () => {
  const { ai, clock, providers, events } = shadowed();
  const output = [{ type: 'message', content: [{ type: 'output_text', text: 'Hello.' }] }];
  providers.script('openai', response('r1', { output })).script('gemini', response('r2', { output: [] }));
  await ai.responses.create({ model: 'm', input: 'Hi' });
  await clock.advance(0);
  expect(events.of('shadow')).toMatchObject([{ comparison: { aspects: { finishReason: 1, text: 0 } } }]);
});

test('compares a stream that its caller reads late once it is read', async () => {
  const { ai, clock, events } = shadowed();
  const stream = await within(clock, 0, ai.chat.completions.create(STREAM_BODY));
  await clock.advance(60_000);
  expect(events.of('shadow')).toEqual([]);
  await drain(stream);
  await clock.advance(0);
  expect(events.of('shadow')).toMatchObject([{ comparison: { agreement: 1 } }]);
});

test('compares nothing if either side has no answer', async () => {
  const world = shadowed({}, { canary: { retry: { attempts: 0 } } });
  world.providers.script('gemini', failed(500));
  await askAndWait(world);
  world.providers.script('openai', failed(400));
  await askAndWait(world).catch(() => undefined);
  await world.clock.advance(0);
  expect(world.events.of('shadow')).toMatchObject([
    { outcome: 'failure', kind: 'server', servedBy: 'openai', comparison: undefined },
    { outcome: 'success', servedBy: undefined, comparison: undefined },
  ]);
});

test('does not compare answers after a fallback to the shadow upstream', async () => {
  const world = shadowed({}, { canary: { fallbacks: ['gemini'] } });
  world.providers.script('openai', failed(500), failed(500), failed(500));
  await within(world.clock, 10_000, ask(world.ai));
  expect(world.events.of('shadow')).toMatchObject([{ servedBy: 'gemini', comparison: undefined }]);
});

describe('a custom `compare`', () => {
  test('sets agreement and labels, and receives both answers with latency and cost', async () => {
    const compare = vi.fn((_call: unknown, _real: ShadowAnswer, _shadow: ShadowAnswer): CompareResult => ({
      score: 0.25,
      labels: ['wrong city', 'x'.repeat(100)],
    }));
    const world = saying('Rome', 'Oslo', { compare });
    await askAndWait(world);
    expect(compare.mock.calls[0]).toMatchObject([
      { surface: 'chat', model: 'gpt-4.1', body: BODY, sideEffects: false },
      { upstream: 'openai', text: 'Rome', costUsd: 0.00006 },
      { upstream: 'gemini', text: 'Oslo' },
    ]);
    expect(world.events.of('shadow')).toMatchObject([
      { comparison: { agreement: 0.25, aspects: { text: 0 }, labels: ['wrong city', 'x'.repeat(64)] } },
    ]);
  });

  test('may call the same client, and its calls are not mirrored', async () => {
    const compare = async (): Promise<CompareResult> => {
      await ask(world.ai);
      return { score: 1 };
    };
    const world: SetUp = saying('Rome', 'Oslo', { compare });
    await askAndWait(world);
    await world.clock.advance(100);
    expect(world.providers.asked).toEqual(['openai', 'gemini', 'openai']);
    await askAndWait(world);
    expect(world.providers.to('gemini')).toHaveLength(2);
  });

  test('may be async, and the caller does not wait for it', async () => {
    const { promise, resolve } = Promise.withResolvers<CompareResult>();
    const world = saying('Rome', 'Oslo', { compare: () => promise });
    await askAndWait(world);
    expect(world.events.of('shadow')).toEqual([]);
    resolve({ score: 1 });
    await world.clock.advance(0);
    expect(world.events.of('shadow')).toMatchObject([{ comparison: { agreement: 1, labels: [] } }]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no judge');
      },
      'compare failed: Error: no judge',
    ],
    ['rejects', () => Promise.reject(new Error('no judge')), 'compare failed: Error: no judge'],
    [
      'returns an invalid score',
      () => ({ score: Number.NaN }),
      'compare failed: RangeError: its score should be between 0 and 1, got NaN',
    ],
  ])('that %s leaves the pair without agreement, and warns once', async (_name, compare, message) => {
    const world = saying('Rome', 'Oslo', { compare });
    await askAndWait(world);
    await askAndWait(world);
    expect(world.events.of('shadow')).toMatchObject([{ comparison: { agreement: null } }, { comparison: {} }]);
    expect(world.events.of('warning')).toMatchObject([{ code: 'shadow', message }]);
  });

  test('that never settles times out after 30 seconds; 4 run at once, 64 wait, and further pairs go uncompared', async () => {
    const compare = vi.fn(() => new Promise<CompareResult>(() => undefined));
    const world = saying('Rome', 'Oslo', { compare });
    for (let index = 0; index < 80; index += 1) await askAndWait(world);
    expect(compare).toHaveBeenCalledTimes(4);
    expect(world.events.of('shadow')).toHaveLength(80 - 4 - 64);
    await world.clock.advance(30_000);
    expect(compare).toHaveBeenCalledTimes(8);
    void world.ai.canary.close();
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('disagreements', () => {
  test('are not kept by default', async () => {
    const world = saying('Rome', 'Oslo');
    await askAndWait(world);
    expect(world.ai.canary.shadow.samples()).toEqual([]);
  });

  test('are kept with the call and both answers, agreements are not', async () => {
    const world = saying('Rome', 'a b c d e f g h', { keepSamples: 5 });
    await askAndWait(world);
    world.providers.usually('gemini', chat('Rome'));
    await askAndWait(world);
    expect(world.ai.canary.shadow.samples()).toMatchObject([
      { callId: 1, call: { body: BODY }, real: { text: 'Rome' }, shadow: { text: 'a b c d e f g h' } },
    ]);
  });

  test('are a uniform sample of bounded size', async () => {
    const world = saying('Rome', 'a b c d e f g h', { keepSamples: 10 });
    for (let index = 0; index < 200; index += 1) await askAndWait(world);
    const ids = world.ai.canary.shadow.samples().map(({ callId }) => callId);
    expect(ids).toHaveLength(10);
    expect(ids.some((id) => id <= 100)).toBe(true);
    expect(ids.some((id) => id > 100)).toBe(true);
  });
});

test('a `shadow` listener that throws does not affect calls, and warns once', async () => {
  const world = saying('Rome', 'Oslo');
  world.ai.canary.on('shadow', () => {
    throw new Error('mine');
  });
  await askAndWait(world);
  await askAndWait(world);
  expect(world.events.of('shadow')).toHaveLength(2);
  expect(world.events.of('warning')).toMatchObject([{ code: 'listener' }]);
});

test('onComparison reports every agreement until it is removed, even beside a listener that throws', async () => {
  const clock = new ManualClock();
  const providers = new ScriptedProviders(clock);
  const options = { apiKey: 'test', baseURL: 'https://openai.test/v1', fetch: providers.fetch };
  const upstreams = { gemini: { baseURL: 'https://gemini.test/v1', apiKey: 'test' } };
  const logger = { warn: () => undefined };
  const canary = { clock, logger, upstreams, shadow: { upstream: 'gemini', share: 1 } };
  const runtime = runtimeOf({ ...options, canary }, undefined);
  const ai = new CanaryClient({ ...options, canary: runtime as CanaryOptions });
  const agreements: number[] = [];
  const runner = runtime.engine.services.shadow;
  runner?.onComparison(() => {
    throw new Error('mine');
  });
  const remove = runner?.onComparison(({ agreement }) => agreements.push(agreement));
  providers.script('gemini', chat(), chat('No.'), failed(500));
  for (let index = 0; index < 3; index += 1) await within(clock, 0, ask(ai));
  expect(agreements).toEqual([1, 0.25]);
  remove?.();
  await within(clock, 0, ask(ai));
  expect(agreements).toHaveLength(2);
});
