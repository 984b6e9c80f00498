/** What the client adds to a stream never harms it: next to the SDK alone, with default options. */

import { APIError, OpenAI } from 'openai';
import { describe, expect, test } from 'vitest';
import { CanaryClient, StreamInterruptedError, presets } from '../../src/index.ts';
import { BODY, STREAM_BODY, drain, watch, within } from '../support/calls.ts';
import { OVERLOADED, RESET, ROLE, STOP, USAGE_STEP, say, textOf } from '../support/chat-steps.ts';
import type { Reply } from '../support/replies.ts';
import { chatStream, events } from '../support/stream-replies.ts';
import { setUp, setUpCanary, type SetUp } from '../support/set-up.ts';

const open = ({ ai }: SetUp) => ai.chat.completions.create(STREAM_BODY);
const read = async (set: SetUp) => drain(await open(set));

describe('stream_options that the upstream refuses', () => {
  const optionsOf = ({ body }: { readonly body: Readonly<Record<string, unknown>> }) => body['stream_options'];
  const refusing =
    (status: number, error: object): Reply =>
    (request) =>
      optionsOf(request) === undefined
        ? chatStream(['Bonjour'])(request)
        : Response.json(error, { status, headers: { 'content-type': 'application/json' } });
  const REFUSALS: readonly (readonly [string, number, object])[] = [
    ['OpenAI', 400, { error: { message: "property 'stream_options' is unsupported", type: 'invalid_request_error' } }],
    ['a param', 400, { error: { message: 'Unsupported field.', param: 'stream_options.include_usage' } }],
    ['FastAPI', 422, { detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'], msg: 'Extra inputs' }] }],
    ['text', 422, { error: 'unknown field: include_usage' }],
  ];

  test.each(REFUSALS)(
    'are removed at once after a refusal of the form of %s, and not sent again',
    async (_form, ...refusal) => {
      const set = setUp({ client: { maxRetries: 0 } });
      const bodies: unknown[] = [];
      set.providers.usually('openai', (request) => {
        bodies.push(optionsOf(request));
        return refusing(...refusal)(request);
      });
      for (let call = 0; call < 2; call++) {
        const { chunks, error } = await within(set.clock, 0, read(set));
        expect([textOf(chunks), error]).toEqual(['Bonjour', undefined]);
      }
      expect(bodies).toEqual([{ include_usage: true }, undefined, undefined]);
      expect(set.events.of('attempt')).toMatchObject([
        { outcome: 'success', index: 0 },
        { outcome: 'success', index: 0 },
      ]);
      expect(set.events.of('retry')).toEqual([]);
    },
  );

  test('are removed on another upstream, too', async () => {
    const set = setUpCanary();
    set.providers.usually('gemini', refusing(...(REFUSALS[0]!.slice(1) as [number, object])));
    expect(textOf((await within(set.clock, 0, read(set))).chunks)).toBe('Bonjour');
    expect(set.providers.asked).toEqual(['gemini', 'gemini']);
  });

  test('that the caller sent are the caller’s to change', async () => {
    const set = setUp({ client: { maxRetries: 0 } });
    set.providers.usually('openai', refusing(400, { error: { message: 'stream_options' } }));
    const call = set.ai.chat.completions.create({ ...STREAM_BODY, stream_options: { include_usage: true } });
    await expect(call).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    expect(set.providers.asked).toEqual(['openai']);
  });

  test('include_usage: false of the caller is kept', async () => {
    const set = setUp();
    let sent: unknown;
    set.providers.usually('openai', (request) => {
      sent = optionsOf(request);
      return chatStream(['Hi'])(request);
    });
    await drain(await set.ai.chat.completions.create({ ...STREAM_BODY, stream_options: { include_usage: false } }));
    expect(sent).toEqual({ include_usage: false });
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success', usageEstimated: true }]);
  });
});

describe('events before the first sign of an answer', () => {
  test('pass at once without another upstream', async () => {
    const set = setUp();
    set.providers.usually('openai', events([ROLE, { waitMs: 60_000 }, say('Hi'), STOP]));
    const stream = await within(set.clock, 0, open(set));
    const first = await within(set.clock, 0, stream[Symbol.asyncIterator]().next());
    expect(first.value).toMatchObject({ choices: [{ delta: { role: 'assistant' } }] });
  });

  test('are held back while another upstream could take over', async () => {
    const set = setUpCanary();
    set.providers.usually('gemini', events([ROLE, { waitMs: 60_000 }, say('Hi'), STOP]));
    const call = watch(open(set));
    await set.clock.advance(59_999);
    expect(call.now.state).toBe('pending');
    await set.clock.advance(1);
    expect(call.now.state).toBe('resolved');
  });

  test('of the last upstream left pass at once', async () => {
    const set = setUpCanary({ client: { maxRetries: 0 } });
    set.providers.usually('gemini', events([RESET], { done: false }));
    set.providers.usually('openai', events([ROLE, { waitMs: 60_000 }, say('Hi'), STOP]));
    await within(set.clock, 0, open(set));
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });

  test('a stream of comments only is handed over', async () => {
    const set = setUp();
    const encoder = new TextEncoder();
    set.providers.usually('openai', () => {
      const parts = [': one\n\n', ': two\n\n'];
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const part = parts.shift();
          if (part) controller.enqueue(encoder.encode(part));
          else return new Promise<void>(() => undefined);
          return undefined;
        },
      });
      return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
    });
    await within(set.clock, 0, open(set));
    expect(set.providers.asked).toEqual(['openai']);
  });
});

describe('a background response', () => {
  const created = { event: { type: 'response.created', response: { id: 'resp_1', status: 'queued' } } };
  const input = { model: 'm', input: 'x', background: true, stream: true } as const;

  test('passes its first event at once, and is not posted again after a break', async () => {
    const set = setUpCanary({ canary: { stream: 'buffered' } });
    set.providers.usually('gemini', events([created, { waitMs: 60_000 }, RESET], { done: false }));
    const stream = await within(set.clock, 0, set.ai.responses.create(input));
    const { chunks, error } = await within(set.clock, 60_000, drain(stream));
    expect(chunks).toMatchObject([{ type: 'response.created' }]);
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(set.providers.asked).toEqual(['gemini']);
  });

  test.each(['alone', 'with another upstream'])(
    '%s may be silent for longer than the limits of presets.failover',
    async (where) => {
      const text = { event: { type: 'response.output_text.delta', delta: 'Done.' } };
      const completed = { event: { type: 'response.completed', response: { id: 'resp_1', status: 'completed' } } };
      const steps = [created, { waitMs: 50_000 }, text, { waitMs: 50_000 }, completed];
      const set = where === 'alone' ? setUp({ canary: presets.failover }) : setUpCanary({ canary: presets.failover });
      const name = where === 'alone' ? 'openai' : 'gemini';
      set.providers.usually(name, events(steps, { done: false }));
      const { chunks, error } = await within(set.clock, 100_000, set.ai.responses.create(input).then(drain));
      expect([chunks.length, error]).toEqual([3, undefined]);
      expect(set.providers.asked).toEqual([name]);
      expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success' }]);
    },
  );
});

describe('an error in the middle of a stream', () => {
  test('is an APIError that keeps what the provider and the response say', async () => {
    const set = setUp();
    const reply = events([
      say('Hel'),
      { event: { error: { code: 'overloaded', type: 'server', param: 'x', message: 'Busy.' } } },
    ]);
    set.providers.usually('openai', async (request) => {
      const response = await reply(request);
      response.headers.set('x-request-id', 'req_7');
      return response;
    });
    const { error } = await read(set);
    const bare = new OpenAI({ apiKey: 'k', baseURL: 'https://openai.test/v1', fetch: set.providers.fetch });
    const { error: alone } = await drain(await bare.chat.completions.create(STREAM_BODY));
    const { code, status, requestID, type, param, error: said } = alone as APIError;
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({
      providerCode: code,
      status,
      requestID,
      type,
      param,
      error: said,
      partialText: 'Hel',
    });
    expect(error).toMatchObject({ code: 'STREAM_INTERRUPTED', requestID: 'req_7', providerCode: 'overloaded' });
  });

  test('that comes first is retried, as it reached no caller', async () => {
    const set = setUp({ canary: { retry: { minDelay: 0, maxDelay: 0 } } });
    set.providers.script('openai', events([OVERLOADED]), chatStream(['Hello.']));
    expect(textOf((await within(set.clock, 0, read(set))).chunks)).toBe('Hello.');
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'failure' }, { outcome: 'success' }]);
  });
});

describe('a plain call that is answered with a stream', () => {
  const streamed = events([ROLE, say('Hi'), STOP, USAGE_STEP]);

  test('gives the text that the SDK gives, is asked once, and its usage counts', async () => {
    const set = setUp();
    set.providers.usually('openai', streamed);
    const bare = new OpenAI({ apiKey: 'k', baseURL: 'https://openai.test/v1', fetch: set.providers.fetch });
    const answer = await within(set.clock, 0, set.ai.chat.completions.create(BODY));
    expect(answer).toBe(await bare.chat.completions.create(BODY));
    expect(set.providers.asked).toEqual(['openai', 'openai']);
    expect(set.events.of('attempt')).toMatchObject([
      { outcome: 'failure', kind: 'malformed', usage: { inputTokens: 10, outputTokens: 5 }, usageEstimated: false },
    ]);
  });

  test('is answered by another upstream, once', async () => {
    const set = setUpCanary();
    set.providers.usually('gemini', streamed);
    expect((await within(set.clock, 0, set.ai.chat.completions.create(BODY))).choices[0]?.message.content).toBe(
      'Hello.',
    );
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });
});

test('an event of 16 MB is read in linear time, parsed and raw', async () => {
  const content = 'x'.repeat(16 * 2 ** 20);
  const text = new TextEncoder().encode(
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\ndata: [DONE]\n\n`,
  );
  const fetch = async (): Promise<Response> => {
    let at = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= text.length) return controller.close();
        controller.enqueue(text.subarray(at, at + 16_384));
        at += 16_384;
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };
  const raw = async (client: OpenAI): Promise<number> =>
    (await (await client.chat.completions.create(STREAM_BODY).asResponse()).arrayBuffer()).byteLength;
  const parsed = async (client: OpenAI): Promise<number> =>
    textOf((await drain(await client.chat.completions.create(STREAM_BODY))).chunks).length;
  const settings = { apiKey: 'k', fetch };
  const [bare, ours] = [
    new OpenAI(settings),
    new CanaryClient({ ...settings, canary: { logger: { warn: () => undefined } } }),
  ];
  for (const [read16MB, length] of [
    [parsed, content.length],
    [raw, text.length],
  ] as const) {
    const startMs = performance.now();
    expect(await read16MB(bare)).toBe(length);
    const middleMs = performance.now();
    expect(await read16MB(ours)).toBe(length);
    // In quadratic time it would take minutes.
    expect(performance.now() - middleMs).toBeLessThan(10 * (middleMs - startMs) + 3_000);
  }
}, 60_000);
