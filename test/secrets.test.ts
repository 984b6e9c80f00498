/** Every upstream gets only its own credentials, and no output shows a credential. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { OpenAI, type APIError } from 'openai';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CanaryClient, StreamInterruptedError, route, type CanaryEventName, type CanaryOptions } from '../src/index.ts';
import { collectEvents } from '../src/testing/index.ts';
import { BODY, STREAM_BODY, drain } from './support/calls.ts';
import { failed, json, unreachable, type Reply } from './support/replies.ts';
import { chatStream, chunk, events } from './support/stream-replies.ts';
import {
  CALL_OPTIONS,
  ENVIRONMENT,
  OPTIONS,
  USER_KEY,
  ownersIn,
  ownersOf,
  secret,
  secretWorld,
  shown,
} from './support/secret-world.ts';

const OPENAI_VARIABLES = [...Object.keys(ENVIRONMENT), 'OPENAI_BASE_URL', 'OPENAI_LOG'];
beforeEach(() => OPENAI_VARIABLES.forEach((name) => vi.stubEnv(name, undefined)));
afterEach(() => vi.unstubAllEnvs());

type World = ReturnType<typeof secretWorld>;

/** The client's credentials as options, and as environment variables. */
const WORLDS: readonly (readonly [string, (canary?: CanaryOptions) => World])[] = [
  ['options', (canary) => secretWorld(OPTIONS, canary)],
  [
    'the environment',
    (canary) => {
      for (const [name, value] of Object.entries(ENVIRONMENT)) vi.stubEnv(name, value);
      return secretWorld({}, canary);
    },
  ],
];

const UPSTREAMS = ['openai', 'mini', 'gemini', 'groq', 'azure'] as const;
type UpstreamName = (typeof UPSTREAMS)[number];
/** The owner of an upstream's credentials. `mini` uses the client's own connection. */
const ownerOf = (upstream: UpstreamName) => (upstream === 'mini' ? 'openai' : upstream);

const COMPLETION = { id: 'c', object: 'chat.completion', created: 0, model: 'm', choices: [{ message: {} }] };

/**
 * The owners of the secrets that each provider got. Those of a call are ignored at the client's own provider, which
 * may get them.
 */
function seenBy({ providers }: World): readonly string[] {
  return providers.sent.map((request) => {
    const owners = ownersIn(request).filter((owner) => owner !== 'call' || request.provider !== 'openai');
    return `${request.provider} saw ${owners.join(', ')}`;
  });
}

/** The expected result: each provider got only its own secrets. */
function ownOnly({ providers }: World): readonly string[] {
  return providers.asked.map((provider) => `${provider} saw ${provider}`);
}

describe.each(WORLDS)('with credentials from %s', (_name, make) => {
  describe.each(UPSTREAMS)('the upstream %s gets only its own credentials', (upstream) => {
    const forced = { ...CALL_OPTIONS, ...route({ upstream, key: USER_KEY }) };

    test('on every surface', async () => {
      const world = make();
      const { ai, providers } = world;
      await ai.chat.completions.create(BODY, forced);
      await ai.completions.create({ model: 'gpt-4.1', prompt: 'Hi' }, forced);
      await ai.responses.create({ model: 'gpt-4.1', input: 'Hi' }, forced);
      await ai.embeddings.create({ model: 'gpt-4.1', input: 'Hi', encoding_format: 'float' }, forced);
      await ai.moderations.create({ model: 'gpt-4.1', input: 'Hi' }, forced);
      expect(providers.asked).toEqual(Array.from({ length: 5 }, () => ownerOf(upstream)));
      expect(seenBy(world)).toEqual(ownOnly(world));
    });

    test('in streams', async () => {
      const world = make();
      world.providers.usually(ownerOf(upstream), chatStream(['Hel', 'lo']));
      const { chunks } = await drain(await world.ai.chat.completions.create(STREAM_BODY, forced));
      const { data } = await world.ai.chat.completions.create(STREAM_BODY, forced).withResponse();
      expect([chunks.length, (await drain(data)).chunks.length]).toEqual([3, 3]);
      expect(world.providers.sent).toHaveLength(2);
      expect(seenBy(world)).toEqual(ownOnly(world));
    });

    test('in retries', async () => {
      const world = make();
      world.providers.script(ownerOf(upstream), failed(503), unreachable());
      await world.ai.chat.completions.create(BODY, { ...CALL_OPTIONS, ...route({ upstream, fallbacks: false }) });
      expect(world.providers.asked).toEqual(Array.from({ length: 3 }, () => ownerOf(upstream)));
      expect(seenBy(world)).toEqual(ownOnly(world));
    });

    test('with a clone that has other options', async () => {
      const world = make();
      const clone = world.ai.withOptions({ timeout: 5_000, defaultHeaders: OPTIONS.defaultHeaders });
      await clone.chat.completions.create(BODY, forced);
      expect(world.providers.asked).toEqual([ownerOf(upstream)]);
      expect(seenBy(world)).toEqual(ownOnly(world));
    });
  });

  test.each([
    ['openai', 'gemini'],
    ['gemini', 'openai'],
    ['openai', 'groq'],
    ['azure', 'openai'],
    ['gemini', 'azure'],
  ] as const)('a fallback from %s to %s does not pass credentials on', async (from, to) => {
    const world = make({ weights: { [from]: 1 }, fallbacks: [to] });
    world.providers.usually(from, failed(500)).script(to, json(COMPLETION), chatStream(['Hello']));
    await world.ai.chat.completions.create(BODY, CALL_OPTIONS);
    await drain(await world.ai.chat.completions.create(STREAM_BODY, CALL_OPTIONS));
    expect(new Set(world.providers.asked)).toEqual(new Set([from, to]));
    expect(seenBy(world)).toEqual(ownOnly(world));
  });

  test('calls that are not portable go to the client’s own provider', async () => {
    const world = make();
    world.providers.usually('openai', json({ id: 'x', object: 'list', data: [] }));
    await world.ai.models.list();
    await world.ai.files.retrieve('file_1', CALL_OPTIONS);
    await world.ai.post('/custom', { body: { a: 1 }, ...CALL_OPTIONS });
    expect(world.providers.asked).toEqual(['openai', 'openai', 'openai']);
    expect(seenBy(world)).toEqual(ownOnly(world));
  });
});

test.each(UPSTREAMS.filter((upstream) => upstream !== 'openai'))(
  'a shadow %s gets only its own credentials',
  async (upstream) => {
    const world = secretWorld(OPTIONS, { shadow: { upstream, share: 1 } });
    await world.ai.chat.completions.create(BODY, CALL_OPTIONS);
    await drain(await world.ai.chat.completions.create(STREAM_BODY, CALL_OPTIONS));
    await vi.waitFor(() => expect(world.providers.sent).toHaveLength(4));
    expect(seenBy(world)).toEqual(ownOnly(world));
  },
);

test('shadow events contain neither text of an answer nor a key', async () => {
  const { ai, providers } = secretWorld(OPTIONS, { shadow: { upstream: 'gemini', share: 1, keepSamples: 5 } });
  const answer = (text: string, finish_reason: string): Reply =>
    json({ ...COMPLETION, choices: [{ message: { content: text }, finish_reason }] });
  providers.usually('openai', answer(secret('user', 'answer'), 'stop'));
  providers.usually('gemini', answer(secret('user', 'other'), 'length'));
  using listened = listen(ai);
  const messages = [{ role: 'user' as const, content: secret('user', 'question') }];
  await ai.chat.completions.create({ model: 'gpt-4.1', messages }, CALL_OPTIONS);
  await vi.waitFor(() => expect(listened.names).toContain('shadow'), { timeout: 5_000 });
  expect(ai.canary.shadow.samples()).toHaveLength(1);
  expect(ownersOf(shown([listened.published, ai.canary.snapshot(), ai.canary.shadow, ai]))).toEqual([]);
});

test('another account at the address of the client gets no other credentials of it', async () => {
  const { ai, providers } = secretWorld(OPTIONS, { upstreams: { second: { apiKey: secret('gemini', 'api-key') } } });
  await ai.chat.completions.create(BODY, { ...CALL_OPTIONS, ...route({ upstream: 'second' }) });
  expect(providers.asked).toEqual(['openai']);
  expect(ownersIn(providers.sent[0]!)).toEqual(['gemini']);
});

test('harmless headers and query parameters of a call reach every upstream', async () => {
  const { ai, providers } = secretWorld(OPTIONS);
  await ai.chat.completions.create(BODY, { ...CALL_OPTIONS, ...route({ upstream: 'gemini' }) });
  expect(providers.sent[0]?.headers.get('x-mine')).toBe('for everybody');
  expect(providers.sent[0]?.path).toContain('trace=for-everybody');
});

test('credentials of a call reach the client’s own provider', async () => {
  const { ai, providers } = secretWorld(OPTIONS);
  await ai.chat.completions.create(BODY, CALL_OPTIONS);
  const { headers, path } = providers.sent[0]!;
  for (const [name, value] of Object.entries(CALL_OPTIONS.headers)) expect(headers.get(name)).toBe(value);
  expect(path).toContain(secret('call', 'query'));
});

// --- No output shows a secret.

/** The secrets that a provider got and that no output may show. Account names are useful to users, and stay. */
const ECHOED: Readonly<Record<UpstreamName, readonly string[]>> = {
  openai: [secret('openai', 'api-key'), secret('openai', 'helicone'), secret('openai', 'cookie')],
  mini: [secret('openai', 'api-key'), secret('openai', 'helicone'), secret('openai', 'query')],
  gemini: [secret('gemini', 'api-key'), secret('gemini', 'query')],
  groq: [secret('groq', 'token')],
  azure: [secret('azure', 'api-key')],
};

/** The ways in which a provider can repeat a secret in a response. */
const ECHOES: readonly (readonly [string, (echoed: string) => Reply])[] = [
  ['the message of an error', (echoed) => failed(401, { message: `Incorrect API key provided: ${echoed}.` })],
  ['every field of an error', (echoed) => failed(401, { message: echoed, code: echoed, param: echoed, type: echoed })],
  [
    'the depth of an error',
    (echoed) => failed(401, { details: [{ metadata: { headers: { authorization: echoed } } }] }),
  ],
  ['an error that is a string', (echoed) => json({ error: `Bad key ${echoed}` }, { status: 401 })],
  ['an error in a list', (echoed) => json([{ error: { code: 401, message: echoed } }], { status: 401 })],
  ['a body of another form', (echoed) => json({ detail: { key: echoed } }, { status: 401 })],
  ['a text', (echoed) => () => new Response(`Bad key ${echoed}`, { status: 401 })],
  ['a page', (echoed) => () => new Response(`<html><pre>Cannot POST /?key=${echoed}</pre></html>`, { status: 404 })],
  ['an error in a stream', (echoed) => events([{ event: { error: { message: echoed, code: echoed } } }])],
  [
    'an error in the middle of a stream',
    (echoed) => (request) =>
      events([{ event: chunk(request, { delta: { content: 'Hel' } }) }, { event: { error: { message: echoed } } }])(
        request,
      ),
  ],
  ['an error of the network', (echoed) => () => Promise.reject(withStack(new TypeError(`fetch failed for ${echoed}`)))],
  [
    'the cause of an error of the network',
    (echoed) => () => Promise.reject(new TypeError('fetch failed', { cause: new Error(`proxy refused ${echoed}`) })),
  ],
];

/** Reads the stack, because some runtimes create it only when it is first read. */
function withStack(error: Error): Error {
  void error.stack;
  return error;
}

describe.each(UPSTREAMS)('a secret that %s repeats', (upstream) => {
  test.each(ECHOES)('in %s is redacted', async (place, echo) => {
    const { ai, providers, logged } = secretWorld(OPTIONS);
    using listened = listen(ai);
    providers.usually(ownerOf(upstream), echo(ECHOED[upstream].join(' and ')));
    const options = { ...route({ upstream, key: USER_KEY, fallbacks: false }), maxRetries: 1 };
    const body = place.includes('stream') ? STREAM_BODY : BODY;
    const error = await errorOf(ai.chat.completions.create(body, options));
    const original = error instanceof StreamInterruptedError ? error.cause : error;
    expect(original).toBeInstanceOf(OpenAI.APIError);
    expect(shown(error)).toContain('[redacted]');
    for (const it of [error, listened.published, ...everythingOf(ai)]) expect(ownersOf(shown(it))).toEqual([]);
    // At the level debug the SDK itself logs responses, but it does not know the key of a user.
    expect(logged.flatMap((line) => ownersOf(shown(line)))).not.toContain('user');
  });
});

test('a secret that a call brings is redacted', async () => {
  const { ai, providers } = secretWorld(OPTIONS);
  const secrets = ['bearer', 'cookie', 'x-api-key', 'helicone', 'virtual-key', 'query'].map((name) =>
    secret('call', name),
  );
  providers.usually('openai', failed(401, { message: `We know you: ${secrets.join(', ')}` }));
  const error = await errorOf(ai.chat.completions.create(BODY, CALL_OPTIONS));
  expect((error as APIError).message).toBe(`401 We know you: ${secrets.map(() => '[redacted]').join(', ')}`);
  expect(ownersOf(shown(error))).toEqual([]);
});

test('a secret repeated on a call that is not portable, or on a list, is redacted', async () => {
  const { ai, providers } = secretWorld(OPTIONS);
  providers.usually('openai', failed(401, { message: `Incorrect API key provided: ${OPTIONS.apiKey}.` }));
  for (const call of [ai.files.retrieve('file_1'), ai.models.list(), ai.files.list({}, CALL_OPTIONS)]) {
    const error = await errorOf(call);
    expect(error).toMatchObject({ message: '401 Incorrect API key provided: [redacted].' });
    expect(ownersOf(shown(error))).toEqual([]);
  }
});

test('a secret in the base URL is redacted', async () => {
  const password = secret('openai', 'password');
  const { ai, providers } = secretWorld({ ...OPTIONS, baseURL: `https://me:${password}@openai.test/v1` });
  providers.usually('openai', () =>
    Promise.reject(new TypeError(`https://me:${password}@openai.test has credentials`)),
  );
  const error = await errorOf(ai.chat.completions.create(BODY, { maxRetries: 0 }));
  expect(shown(error)).toContain('https://me:[redacted]@openai.test');
  expect(ownersOf(shown(error))).toEqual([]);
});

test('each key returned by a function is redacted in its own call', async () => {
  let given = 0;
  const { ai, providers } = secretWorld(OPTIONS, {
    upstreams: {
      groq: { baseURL: 'https://groq.test/v1', apiKey: async () => secret('groq', `token-${(given += 1)}`) },
    },
  });
  const refuse: Reply = () => {
    // By now the client has the key of the later call.
    const [, key = ''] = providers.to('groq')[0]!.headers.get('authorization')!.split(' ');
    return failed(401, { message: key })({ body: {}, signal: undefined, wait: () => Promise.resolve() });
  };
  providers.script(
    'groq',
    async () => (await ask(ai), refuse({ body: {}, signal: undefined, wait: () => Promise.resolve() })),
  );
  expect(await errorOf(ask(ai))).toMatchObject({ message: '401 [redacted]' });
});

describe('a short key', () => {
  const messageOf = async (apiKey: string, message: string): Promise<unknown> => {
    const { ai, providers } = secretWorld({ ...OPTIONS, apiKey });
    providers.usually('openai', failed(401, { message }));
    return ((await errorOf(ai.chat.completions.create(BODY))) as APIError).message;
  };

  test('is redacted as a whole word, but not inside a word', async () => {
    expect(await messageOf('test', 'No key "test": ask the latest testers, or re-test.')).toBe(
      '401 No key "[redacted]": ask the latest testers, or re-test.',
    );
  });

  test('of three letters is not redacted', async () => {
    expect(await messageOf('key', 'Wrong key key.')).toBe('401 Wrong key key.');
  });

  test('of eight letters is redacted anywhere', async () => {
    expect(await messageOf('password', 'Wrong passwords.')).toBe('401 Wrong [redacted]s.');
  });

  test('does not leave the rest of a longer secret visible', async () => {
    const { ai, providers } = secretWorld({ ...OPTIONS, apiKey: 'my-secret' });
    providers.usually('openai', failed(401, { message: 'Wrong my-secret-of-the-gateway.' }));
    const headers = { 'x-gateway-key': 'my-secret-of-the-gateway' };
    expect(await errorOf(ai.chat.completions.create(BODY, { headers }))).toMatchObject({
      message: '401 Wrong [redacted].',
    });
  });

  test('with special characters is redacted literally and URL-encoded', async () => {
    expect(await messageOf('a+b/c.d$e=', 'Wrong a+b/c.d$e= in ?key=a%2Bb%2Fc.d%24e%3D, not a+b/cxd$e=.')).toBe(
      '401 Wrong [redacted] in ?key=[redacted], not a+b/cxd$e=.',
    );
  });
});

test('a key that is not a valid header is not shown in the error', async () => {
  const apiKey = `${secret('groq', 'token')}\nrest`;
  const { ai } = secretWorld(OPTIONS, {
    upstreams: { groq: { baseURL: 'https://groq.test/v1', apiKey: async () => apiKey } },
  });
  const error = await errorOf(ai.chat.completions.create(BODY, route({ upstream: 'groq', fallbacks: false })));
  expect(error).toBeInstanceOf(TypeError);
  expect(ownersOf(shown(error))).toEqual([]);
});

describe('without a canary option', () => {
  test('an error is the same as with the SDK alone', async () => {
    const { providers } = secretWorld(OPTIONS);
    providers.usually('openai', failed(401, { message: `Incorrect API key provided: ${OPTIONS.apiKey}.` }));
    const options = { ...OPTIONS, baseURL: 'https://openai.test/v1', fetch: providers.fetch };
    const error = await errorOf(new CanaryClient(options).chat.completions.create(BODY));
    expect((error as APIError).message).toBe(`401 Incorrect API key provided: ${OPTIONS.apiKey}.`);
  });

  test('the client still shows no secret', () => {
    for (const it of everythingOf(new CanaryClient(OPTIONS))) expect(ownersOf(shown(it))).toEqual([]);
  });
});

describe('calls that succeed', () => {
  test.each(UPSTREAMS)('on %s show neither a secret nor the key of a user', async (upstream) => {
    const { ai, providers, logged } = secretWorld(OPTIONS);
    using listened = listen(ai);
    const answers = await ai.canary.run({ key: USER_KEY, attributes: { plan: 'pro' } }, () =>
      Promise.all([
        ai.chat.completions.create(BODY, route({ upstream, key: USER_KEY })),
        ai.responses.create(
          { model: 'm', input: 'Hi' },
          { headers: { 'x-canary-key': USER_KEY }, ...route({ upstream }) },
        ),
        ai.chat.completions.create(BODY, { headers: { 'X-Canary-Key': USER_KEY, 'x-canary-upstream': upstream } }),
      ]),
    );
    providers.usually(ownerOf(upstream), chatStream(['Hello']));
    const stream = await ai.chat.completions.create(STREAM_BODY, route({ upstream, key: USER_KEY }));
    await drain(stream);
    expect(listened.published.length).toBeGreaterThan(4);
    expect(logged.length).toBeGreaterThan(4);
    for (const it of [answers, stream, listened.published, ...everythingOf(ai)])
      expect(ownersOf(shown(it))).toEqual([]);
    // The SDK logs account names, and headers whose names do not suggest a secret.
    const words = logged
      .map((line) => shown(line))
      .join('\n')
      .replaceAll(/canary-of-\w+-(organization|project|helicone|custom-header|gateway|team)-/g, '');
    expect(ownersOf(words)).toEqual([]);
  });
});

test('options that route a call do not show its key', () => {
  const options = route({ key: USER_KEY, task: 'summary' });
  expect(ownersOf(shown({ ...options, __metadata: { ...options.__metadata } }))).toEqual([]);
});

test('a client shows its base URL without the secrets in it', () => {
  const ai = new CanaryClient({
    apiKey: 'key',
    baseURL: `https://me:${secret('openai', 'password')}@relay.test/v1?key=${secret('openai', 'query')}`,
  });
  for (const it of everythingOf(ai)) expect(ownersOf(shown(it))).toEqual([]);
  expect(shown(ai)).toContain('relay.test/v1');
});

// --- The result of a call with its own credentials does not count for the credentials of the upstream.

describe('a call that brings its own credentials', () => {
  const OWN = { headers: { Authorization: 'Bearer of-a-customer' }, maxRetries: 0 };

  test('and is rejected gets no fallback, and counts against no upstream', async () => {
    const { ai, providers } = secretWorld(OPTIONS, { stable: 'gemini', weights: { openai: 1 } });
    using listened = listen(ai);
    providers.script('openai', failed(401));
    expect(await errorOf(ai.chat.completions.create(BODY, OWN))).toMatchObject({ status: 401 });
    await ai.chat.completions.create(BODY);
    expect(providers.asked).toEqual(['openai', 'openai']);
    expect(ai.canary.snapshot().upstreams.openai).toMatchObject({ neutral: 1, failures: 0, pausedUntilMs: null });
    expect(listened.names).not.toContain('alert');
  });

  test.each([
    [402, 'quota'],
    [429, 'rateLimit'],
  ])('and gets a %d does not pause the upstream for other calls', async (status) => {
    const { ai, providers } = secretWorld(OPTIONS, { stable: 'gemini', weights: { openai: 1 } });
    using listened = listen(ai);
    providers.script('openai', failed(status));
    await ai.chat.completions.create(BODY, OWN);
    await ai.chat.completions.create(BODY);
    expect(providers.asked).toEqual(['openai', 'gemini', 'openai']);
    expect(ai.canary.snapshot().upstreams.openai?.pausedUntilMs).toBeNull();
    expect(listened.names).not.toContain('rateLimit');
    expect(listened.names).not.toContain('alert');
  });

  test('does not end a pause when it succeeds', async () => {
    const { ai, providers } = secretWorld(OPTIONS, { weights: { openai: 1 } });
    providers.script('openai', failed(401));
    await errorOf(ai.chat.completions.create(BODY));
    await ai.chat.completions.create(BODY, OWN);
    expect(ai.canary.snapshot().upstreams.openai?.pausedUntilMs).not.toBeNull();
    await ai.chat.completions.create(BODY);
    expect(ai.canary.snapshot().upstreams.openai?.pausedUntilMs).toBeNull();
  });

  test('does not pass them to another upstream, which is paused as usual', async () => {
    const { ai, providers } = secretWorld(OPTIONS, { weights: { gemini: 1 } });
    providers.script('gemini', failed(401));
    await ai.chat.completions.create(BODY, OWN);
    expect(providers.asked).toEqual(['gemini', 'openai']);
    expect(ai.canary.snapshot().upstreams.gemini?.pausedUntilMs).not.toBeNull();
  });

  test('includes one that names another organization, but not one with a trace header', async () => {
    const pausedAfter = async (headers: Record<string, string>): Promise<boolean> => {
      const { ai, providers } = secretWorld(OPTIONS);
      providers.script('openai', failed(401));
      await errorOf(ai.chat.completions.create(BODY, { headers }));
      return ai.canary.snapshot().upstreams.openai?.pausedUntilMs !== null;
    };
    expect(await pausedAfter({ 'openai-organization': 'org-2' })).toBe(false);
    expect(await pausedAfter({ 'x-trace-id': 'trace-1' })).toBe(true);
  });
});

function ask(ai: CanaryClient): Promise<unknown> {
  return ai.chat.completions.create(BODY, { ...route({ upstream: 'groq', fallbacks: false }), maxRetries: 0 });
}

/** The error of a call, or of its stream. */
async function errorOf(call: PromiseLike<unknown>): Promise<unknown> {
  try {
    const answer = await call;
    const { error } = await drain(answer as AsyncIterable<unknown>);
    return error;
  } catch (error) {
    return error;
  }
}

/** Everything printable of a client and its control. */
function everythingOf(ai: CanaryClient): readonly unknown[] {
  const { canary } = ai;
  const explained = canary.explain({ key: USER_KEY });
  return [
    ai,
    canary,
    ai.chat,
    ai.chat.completions,
    canary.snapshot(),
    canary.history,
    explained,
    canary.costs(),
    { ai },
  ];
}

/** Collects the events of a client and the messages on the diagnostics channels. */
function listen(ai: CanaryClient): Disposable & { readonly published: unknown[]; readonly names: readonly string[] } {
  const collected = collectEvents(ai, EVENTS);
  const published: unknown[] = [];
  const publish = (payload: unknown): void => void published.push(payload);
  EVENTS.forEach((name) => subscribe(`openai-canary:${name}`, publish));
  return {
    get published() {
      return [...published, ...collected.all];
    },
    get names() {
      return collected.all.map(({ name }) => name);
    },
    [Symbol.dispose]: () => {
      EVENTS.forEach((name) => unsubscribe(`openai-canary:${name}`, publish));
      collected[Symbol.dispose]();
    },
  };
}

const EVENTS: readonly CanaryEventName[] = [
  'call',
  'attempt',
  'retry',
  'fallback',
  'breaker',
  'rateLimit',
  'shadow',
  'alert',
  'rollback',
  'warning',
];
