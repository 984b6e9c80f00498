/** `accept` rejects whole answers that are well-formed and useless. */

import type { OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import { route, type AcceptAnswer, type CanaryOptions } from '../../src/index.ts';
import { ask, BODY, drain, errorWithin, STREAM_BODY, watch, within } from '../support/calls.ts';
import { anything, chat, failed, json, response } from '../support/replies.ts';
import { driver, setUpRollout } from '../support/rollout-traffic.ts';
import { setUp, setUpCanary, type SetUp, type SetUpOptions } from '../support/set-up.ts';
import { chatStream, events } from '../support/stream-replies.ts';

/** Rejects the text "Useless." */
const accept = (answer: OpenAI.ChatCompletion): true | string => textOf(answer) !== 'Useless.' || 'useless';

function textOf(answer: OpenAI.ChatCompletion): string | null | undefined {
  return answer.choices[0]?.message.content;
}

/** A canary `gemini` without retries, and stable `openai`. */
function world(canary: CanaryOptions, options: SetUpOptions = {}): SetUp {
  return setUpCanary({ client: { maxRetries: 0 }, canary: { ...canary }, ...options });
}

async function text(set: SetUp, options?: OpenAI.RequestOptions): Promise<unknown> {
  return textOf(await within(set.clock, 60_000, ask(set.ai, options)));
}

describe('a rejected answer', () => {
  test('goes to the next upstream, and counts as a failure with its reason', async () => {
    const set = world({ accept, breaker: { consecutive: 1 } });
    set.providers.script('gemini', chat('Useless.')).script('openai', chat('Useful.'));
    expect(await text(set)).toBe('Useful.');
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
    expect(set.events.of('attempt')).toMatchObject([
      { upstream: 'gemini', outcome: 'failure', kind: 'malformed', rejection: 'useless', delivery: 'dispatched' },
      { upstream: 'openai', outcome: 'success' },
    ]);
    expect(set.events.of('fallback')).toMatchObject([{ from: 'gemini', to: 'openai', reason: 'malformed' }]);
    expect(set.events.of('breaker')).toMatchObject([{ upstream: 'gemini', to: 'open' }]);
    expect(set.ai.canary.snapshot().upstreams['gemini']).toMatchObject({
      calls: 1,
      answered: 0,
      failures: 1,
    });
  });

  test('was paid', async () => {
    const set = world({ accept });
    set.providers.script('gemini', chat('Useless.')).script('openai', chat('Useful.'));
    await text(set);
    expect(set.events.of('call')).toMatchObject([{ outcome: 'success', costUsd: 0.00012 }]);
  });

  test('is retried once where another upstream can serve', async () => {
    const set = world({ accept }, { client: { maxRetries: 2 } });
    set.providers.usually('gemini', chat('Useless.')).script('openai', chat('Useful.'));
    expect(await text(set)).toBe('Useful.');
    expect(set.providers.asked).toEqual(['gemini', 'gemini', 'openai']);
    expect(set.events.of('retry')).toMatchObject([{ upstream: 'gemini', kind: 'malformed' }]);
  });

  test('is retried once where none can', async () => {
    const set = setUp({ canary: { accept }, client: { maxRetries: 5 } });
    set.providers.usually('openai', chat('Useless.'));
    expect(await text(set)).toBe('Useless.');
    expect(set.providers.asked).toEqual(['openai', 'openai']);
    expect(set.events.of('call')).toMatchObject([{ outcome: 'failure', kind: 'malformed' }]);
  });

  test('is replaced by a retry that is accepted', async () => {
    const set = setUp({ canary: { accept } });
    set.providers.script('openai', chat('Useless.'), chat('Useful.'));
    expect(await text(set)).toBe('Useful.');
    expect(set.events.of('call')).toMatchObject([{ outcome: 'success', attempts: 2 }]);
  });

  test('is not asked again by a hedge that has lost', async () => {
    const set = world({ accept, hedge: { after: 100, maxShare: 1 } });
    set.providers.script('gemini', chat('Useless.')).script('openai', chat('Useful.'));
    expect(await text(set)).toBe('Useful.');
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });
});

describe('if no answer is accepted, the caller gets', () => {
  test('the answer of stable', async () => {
    const set = setUp({
      canary: { accept, fallbacks: ['gemini'] },
      upstreams: { gemini: {} },
      client: { maxRetries: 0 },
    });
    set.providers.script('openai', json(useless('Useless.', 'of stable')));
    set.providers.script('gemini', json(useless('Useless.', 'of gemini')));
    expect(await within(set.clock, 0, ask(set.ai))).toMatchObject({ id: 'of stable' });
    expect(set.providers.asked).toEqual(['openai', 'gemini']);
  });

  test.each<[string, SetUpOptions]>([
    ['the error of a fallback', { canary: { accept, fallbacks: ['gemini'] } }],
    ['the deadline', { canary: { accept, fallbacks: ['gemini'], timeouts: { deadline: '5s' } } }],
  ])('an answer and not %s', async (_name, options) => {
    const set = setUp({ upstreams: { gemini: {} }, client: { maxRetries: 0 }, ...options });
    set.providers.script('openai', chat('Useless.')).script('gemini', failed(503));
    if (_name === 'the deadline')
      set.providers.script('gemini', async ({ wait }) => (await wait(Infinity), new Response()));
    expect(await text(set)).toBe('Useless.');
    expect(set.providers.asked).toEqual(['openai', 'gemini']);
    expect(set.events.of('call')).toMatchObject([{ outcome: 'failure', kind: 'malformed' }]);
  });

  test('an answer and not the error of its retry', async () => {
    const set = setUp({ canary: { accept }, client: { maxRetries: 1 } });
    set.providers.script('openai', chat('Useless.'), failed(503));
    expect(await text(set)).toBe('Useless.');
    expect(set.providers.asked).toEqual(['openai', 'openai']);
  });

  test('its abort, if it has aborted', async () => {
    const set = world({ accept }, { client: { maxRetries: 1 } });
    set.providers.usually('gemini', chat('Useless.'));
    const abort = new AbortController();
    const call = watch(ask(set.ai, { signal: abort.signal }));
    await set.clock.advance(100);
    abort.abort();
    await set.clock.advance(0);
    expect(call.now).toMatchObject({ state: 'rejected', error: { message: 'Request was aborted.' } });
  });
});

test('an answer that the provider filtered is given rather than the error of a fallback', async () => {
  const set = setUp({ canary: { fallbacks: { contentFilter: ['gemini'] } }, upstreams: { gemini: {} } });
  const filtered = { index: 0, message: { role: 'assistant', content: '' }, finish_reason: 'content_filter' };
  set.providers.script('openai', json({ choices: [filtered] })).usually('gemini', failed(503));
  const got = await within(set.clock, 60_000, ask(set.ai));
  expect(got.choices[0]?.finish_reason).toBe('content_filter');
  expect(set.providers.asked).toContain('gemini');
  expect(set.events.of('call')).toMatchObject([{ outcome: 'neutral', kind: 'contentFilter' }]);
});

describe('the check sees', () => {
  test('the answer and its call', async () => {
    const seen: unknown[] = [];
    const check: AcceptAnswer = (answer, call) => {
      seen.push([answer, call]);
      return true;
    };
    const set = setUp({ canary: { accept: check } });
    const got = await within(
      set.clock,
      0,
      ask(set.ai, route({ key: 'user-1', task: 'talk', attributes: { beta: true } })),
    );
    expect(seen).toEqual([
      [
        got,
        {
          surface: 'chat',
          model: 'gpt-4.1',
          stream: false,
          key: 'user-1',
          task: 'talk',
          attributes: { beta: true },
          body: BODY,
          upstream: 'openai',
        },
      ],
    ]);
  });

  test('a response with its output_text', async () => {
    const seen: unknown[] = [];
    const check = (answer: OpenAI.Responses.Response): boolean => seen.push(answer.output_text) > 0;
    const set = setUp({ canary: { accept: check } });
    const message = {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Hi.', annotations: [] }],
    };
    set.providers.script('openai', response('resp_1', { output: [message] }));
    const got = await within(set.clock, 0, set.ai.responses.create({ model: 'm', input: 'x' }));
    expect([seen, got.output_text]).toEqual([['Hi.'], 'Hi.']);
  });

  test('a buffered stream as one answer, and the caller its chunks', async () => {
    const seen: unknown[] = [];
    const check = (answer: OpenAI.ChatCompletion): boolean => seen.push(answer) > 0;
    const set = setUp({ canary: { accept: check, stream: 'buffered' } });
    set.providers.script('openai', chatStream(['One', ' two']));
    const { chunks } = await drain(await within(set.clock, 0, set.ai.chat.completions.create(STREAM_BODY)));
    const message = { role: 'assistant', content: 'One two' };
    expect(seen).toMatchObject([{ object: 'chat.completion', choices: [{ message, finish_reason: 'stop' }] }]);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content).join('')).toBe('One two');
  });
});

describe('a buffered stream', () => {
  test.each<[string, (set: SetUp) => Promise<string>]>([
    ['parsed', async ({ ai }) => joined(await ai.chat.completions.create(STREAM_BODY))],
    ['raw', async ({ ai }) => await (await ai.chat.completions.create(STREAM_BODY).asResponse()).text()],
  ])('that is rejected moves on, %s', async (_name, readAs) => {
    const set = world({ accept, stream: 'buffered' });
    set.providers.script('gemini', chatStream(['Useless', '.'])).script('openai', chatStream(['Useful.']));
    expect(await within(set.clock, 60_000, readAs(set))).toContain('Useful.');
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
    expect(set.events.of('attempt')).toMatchObject([
      { outcome: 'failure', rejection: 'useless', usage: { outputTokens: 5 } },
      { outcome: 'success' },
    ]);
  });

  test('that is rejected everywhere is given whole', async () => {
    const set = world({ accept, stream: 'buffered' });
    set.providers.usually('gemini', chatStream(['Useless', '.'])).usually('openai', chatStream(['Useless', '.']));
    expect(await within(set.clock, 60_000, read(set))).toBe('Useless.');
    expect(set.events.of('call')).toMatchObject([{ outcome: 'failure', kind: 'malformed' }]);
  });

  test('that is longer than the buffer is not checked', async () => {
    const set = world({ accept: () => 'never', stream: { mode: 'buffered', maxBufferBytes: 1 } });
    set.providers.script('gemini', chatStream(['Useless', '.']));
    expect(await within(set.clock, 60_000, read(set))).toBe('Useless.');
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success' }]);
  });

  function read({ ai }: SetUp): Promise<string> {
    return ai.chat.completions.create(STREAM_BODY).then(joined);
  }
});

describe('answers that are not checked', () => {
  const never = { accept: () => 'never' } as const;

  test.each<[string, (set: SetUp) => Promise<unknown>]>([
    ['a stream that is not buffered', async ({ ai }) => drain(await ai.chat.completions.create(STREAM_BODY))],
    ['a raw response', ({ ai }) => ai.chat.completions.create(BODY).asResponse()],
    ['a response in the background', ({ ai }) => ai.responses.create({ model: 'm', input: 'x', background: true })],
    ['a list', ({ ai }) => ai.models.list()],
  ])('%s', async (_name, act) => {
    const set = world(never);
    await within(set.clock, 0, act(set));
    expect(set.providers.asked).toHaveLength(1);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success' }]);
  });
});

describe('nonEmpty', () => {
  const message = (fields: object): object => ({ choices: [{ index: 0, message: fields, finish_reason: 'stop' }] });
  const EMPTY: readonly (readonly [string, object])[] = [
    ['no text', message({ role: 'assistant', content: '' })],
    ['white space', message({ role: 'assistant', content: ' \n' })],
    ['null', message({ role: 'assistant', content: null })],
    ['reasoning alone', message({ role: 'assistant', content: '', reasoning_content: 'Hm.' })],
  ];
  const FILLED: readonly (readonly [string, object])[] = [
    [
      'a tool call',
      message({ content: null, tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] }),
    ],
    ['a refusal', message({ content: null, refusal: 'No.' })],
    ['audio', message({ content: null, audio: { data: 'x' } })],
    [
      'one filled choice of two',
      {
        choices: [
          ...(message({ content: '' }) as { choices: object[] }).choices,
          ...(message({ content: 'x' }) as { choices: object[] }).choices,
        ],
      },
    ],
  ];

  test.each(EMPTY)('rejects an answer with %s', async (_name, body) => {
    const set = world({ accept: 'nonEmpty' });
    set.providers.script('gemini', json(body));
    expect(await text(set)).toBe('Hello.');
    expect(set.events.of('attempt')).toMatchObject([{ rejection: 'The answer is empty' }, { outcome: 'success' }]);
  });

  test.each(FILLED)('accepts an answer with %s', async (_name, body) => {
    const set = world({ accept: 'nonEmpty' });
    set.providers.script('gemini', json(body));
    await text(set);
    expect(set.providers.asked).toEqual(['gemini']);
  });

  test('checks responses, legacy completions, embeddings and moderations', async () => {
    const set = world({ accept: 'nonEmpty', fallbacks: ['openai'] });
    set.providers.script('gemini', response('resp_1', { output: [{ type: 'reasoning', summary: [] }] }));
    set.providers.script(
      'openai',
      response('resp_2', { output: [{ type: 'function_call', name: 'f', arguments: '{}' }] }),
    );
    expect(await within(set.clock, 0, set.ai.responses.create({ model: 'm', input: 'x' }))).toMatchObject({
      id: 'resp_2',
    });
    set.providers
      .script('gemini', json({ choices: [{ index: 0, text: '', finish_reason: 'stop' }] }))
      .script('openai', anything());
    expect(await within(set.clock, 0, set.ai.completions.create({ model: 'm', prompt: 'x' }))).toMatchObject({
      id: 'answer-1',
    });
    expect(set.providers.asked).toEqual(['gemini', 'openai', 'gemini', 'openai']);
    await within(set.clock, 0, set.ai.moderations.create({ model: 'm', input: 'x' }));
    await within(set.clock, 0, set.ai.embeddings.create({ model: 'm', input: 'x', encoding_format: 'float' }));
    expect(set.events.of('attempt').slice(4)).toMatchObject([{ outcome: 'success' }, { outcome: 'success' }]);
  });

  test('rejects a buffered stream without content', async () => {
    const set = world({ accept: 'nonEmpty', stream: 'buffered' });
    const stop = { index: 0, delta: { role: 'assistant', content: '' }, finish_reason: 'stop' };
    set.providers.script('gemini', events([{ event: { choices: [stop] } }])).script('openai', chatStream(['Hello.']));
    const stream = await within(set.clock, 0, set.ai.chat.completions.create(STREAM_BODY));
    expect(await joined(stream)).toBe('Hello.');
  });
});

describe('a check that fails accepts the answer, with one warning', () => {
  const throwing = (): never => {
    throw new TypeError('no choices');
  };

  test.each<[string, AcceptAnswer, string]>([
    ['throws', throwing, 'accept threw TypeError: no choices: the answer was accepted'],
    ['rejects', () => Promise.reject(new Error('away')), 'accept threw Error: away: the answer was accepted'],
    [
      'returns nothing',
      (() => undefined) as never,
      'accept returned undefined instead of true or a reason: the answer was accepted',
    ],
    ['never settles', () => new Promise<never>(() => undefined), 'accept took over 30 s: the answer was accepted'],
  ])('where it %s', async (_name, check, message) => {
    const set = world({ accept: check });
    expect([await text(set), await text(set)]).toEqual(['Hello.', 'Hello.']);
    expect(set.providers.asked).toEqual(['gemini', 'gemini']);
    expect(set.events.of('warning')).toMatchObject([{ code: 'accept', message }]);
  });
});

test('an async check may take its time, which is not the upstream’s', async () => {
  const set = world({ accept: () => new Promise((resolve) => set.clock.setTimeout(() => resolve('slow'), 2_000)) });
  set.providers.script('openai', chat('Useful.'));
  const call = watch(ask(set.ai));
  await set.clock.advance(1_999);
  expect(set.providers.asked).toEqual(['gemini']);
  await set.clock.advance(1);
  expect(set.providers.asked).toEqual(['gemini', 'openai']);
  await set.clock.advance(2_000);
  expect(call.now.state).toBe('resolved');
  expect(set.events.of('attempt')).toMatchObject([
    { rejection: 'slow', latencyMs: 0 },
    { rejection: 'slow', latencyMs: 0 },
  ]);
});

test('an async check of a buffered stream leaves its times as they are', async () => {
  const set = setUp({
    canary: {
      stream: 'buffered',
      accept: () => new Promise((resolve) => set.clock.setTimeout(() => resolve(true), 2_000)),
    },
  });
  set.providers.script('openai', chatStream(['One', ' two'], { everyMs: 100 }));
  await drain(await within(set.clock, 5_000, set.ai.chat.completions.create(STREAM_BODY)));
  expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success', firstChunkMs: 100, latencyMs: 300 }]);
});

test('a caller that aborts during an async check gets the answer', async () => {
  const set = world({ accept: () => new Promise<never>(() => undefined) });
  const abort = new AbortController();
  const call = watch(ask(set.ai, { signal: abort.signal }));
  await set.clock.advance(0);
  abort.abort();
  await set.clock.advance(0);
  expect(call.now.state).toBe('resolved');
});

describe('a check of one call', () => {
  test('replaces that of the client', async () => {
    const set = world({ accept: () => 'never' });
    expect(await text(set, route({ accept: () => true }))).toBe('Hello.');
    expect(set.providers.asked).toEqual(['gemini']);
    await set.ai.canary.run({ accept: () => 'not here' }, () => text(set));
    expect(set.events.of('attempt')).toMatchObject([{}, { rejection: 'not here' }, { rejection: 'not here' }]);
  });

  test.each([
    [{ accept: 'nonempty' }, 'route.accept should be \'nonEmpty\' or a function, got "nonempty"'],
    [{ accept: true }, "route.accept should be 'nonEmpty' or a function, got true"],
  ])('is checked: %o', (options, message) => {
    expect(() => route(options as never)).toThrow(message);
  });

  test('belongs in route()', async () => {
    const set = setUp();
    const error = await errorWithin(set.clock, 0, ask(set.ai, { accept: 'nonEmpty' } as never));
    expect(error).toMatchObject({ message: 'options.accept is not a request option: write route({ accept })' });
  });
});

test('the option is checked when the client is built', () => {
  expect(() => setUp({ canary: { accept: 'full' as never } })).toThrow(
    'canary.accept should be \'nonEmpty\' or a function, got "full"',
  );
});

describe('the cache', () => {
  test('keeps no rejected answer', async () => {
    const set = setUp({ canary: { accept, cache: { when: () => true } }, client: { maxRetries: 0 } });
    set.providers.script('openai', chat('Useless.'), chat('Useful.'));
    expect([await text(set), await text(set), await text(set)]).toEqual(['Useless.', 'Useful.', 'Useful.']);
    expect(set.providers.asked).toHaveLength(2);
  });

  test('answers no call that has a check of its own', async () => {
    const set = setUp({ canary: { cache: { when: () => true } }, client: { maxRetries: 0 } });
    await text(set);
    await text(set);
    expect(set.providers.asked).toHaveLength(1);
    await text(set, route({ accept: () => true }));
    expect(set.providers.asked).toHaveLength(2);
  });
});

test('a canary whose answers are rejected is rolled back, while its callers get answers', async () => {
  const set = setUpRollout({ steps: [{ weight: 0.5, hold: '1h' }, { weight: 1 }] }, { accept });
  set.providers.usually('gemini', chat('Useless.')).usually('openai', chat('Useful.'));
  const drive = driver(set);
  await drive({ calls: 1_000, perSecond: 10, until: () => set.ai.canary.rollout.state.phase === 'rolledBack' });
  expect(set.ai.canary.rollout.state.phase).toBe('rolledBack');
  expect(set.events.of('call').every(({ outcome }) => outcome === 'success')).toBe(true);
});

describe('a copy of a call', () => {
  const mirrored = (canary: CanaryOptions = {}): SetUp =>
    setUp({ upstreams: { gemini: {} }, canary: { accept, shadow: { upstream: 'gemini', share: 1 }, ...canary } });

  const copies = (set: SetUp): readonly object[] =>
    set.events.of('attempt').filter(({ reason }) => reason === 'shadow');

  test('fails if its answer is rejected', async () => {
    const set = mirrored();
    set.providers.script('gemini', chat('Useless.'));
    expect(await text(set)).toBe('Hello.');
    await settle(set);
    expect(copies(set)).toMatchObject([{ upstream: 'gemini', outcome: 'failure', rejection: 'useless' }]);
  });

  test('is checked as a stream only where the real stream is checked', async () => {
    for (const stream of ['committed', 'buffered'] as const) {
      const set = mirrored({ stream });
      set.providers.script('gemini', chatStream(['Useless', '.']));
      await drain(await within(set.clock, 0, set.ai.chat.completions.create(STREAM_BODY)));
      await settle(set);
      expect(copies(set)).toMatchObject([{ outcome: stream === 'buffered' ? 'failure' : 'success' }]);
    }
  });
});

/** Copies are sent in a later turn of the event loop. */
async function settle({ clock }: SetUp): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await clock.advance(0);
}

async function joined(stream: AsyncIterable<OpenAI.ChatCompletionChunk>): Promise<string> {
  const { chunks } = await drain(stream);
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
}

function useless(content: string, id: string): object {
  return { id, choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }] };
}
