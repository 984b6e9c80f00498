import { APIConnectionError, APIError, BadRequestError, InternalServerError, OpenAI, RateLimitError } from 'openai';
import { describe, expect, test } from 'vitest';
import { ManualClock, startProvider } from '../../src/testing/index.ts';
import type { OrderedFault, Provider } from '../../src/testing/index.ts';
import { bareClient, drain, messages, until } from './bare-client.ts';

const request = { model: 'm', messages } as const;

function faulty(...faults: OrderedFault[]): Promise<Provider> {
  return startProvider({ answer: 'Twelve characters.', faults: { m: faults } });
}

async function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Reads a stream: its text, the last finish_reason, and the error that it ends with. */
async function streamFrom(provider: Provider) {
  const { chunks, error } = await drain(
    await bareClient(provider).chat.completions.create({ ...request, stream: true }),
  );
  const words = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  return { count: chunks.length, words, finish: chunks.at(-1)?.choices[0]?.finish_reason, error };
}

describe('on the status line', () => {
  test('status: an error with OpenAI’s body and the given headers', async () => {
    await using provider = await faulty({ kind: 'status', status: 429, headers: { 'retry-after': '7' } });
    const error = await failure(bareClient(provider).chat.completions.create(request));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ code: 'rate_limit_exceeded' });
    expect((error as RateLimitError).headers?.get('retry-after')).toBe('7');
  });

  test('status: a given body, object or text, is sent unchanged', async () => {
    await using provider = await faulty(
      { kind: 'status', status: 429, body: { error: { code: 'insufficient_quota' } }, times: 1 },
      { kind: 'status', status: 500, body: '[{"error":{"code":500}}]', times: 1 },
    );
    const ai = bareClient(provider);
    expect(await failure(ai.chat.completions.create(request))).toMatchObject({ code: 'insufficient_quota' });
    expect(String(await failure(ai.chat.completions.create(request)))).toContain('500');
  });

  test('contextLength and contentFilter: 400 with their codes', async () => {
    await using provider = await faulty({ kind: 'contextLength', times: 1 }, { kind: 'contentFilter' });
    const ai = bareClient(provider);
    const errors = [
      await failure(ai.chat.completions.create(request)),
      await failure(ai.chat.completions.create(request)),
    ];
    expect(errors[0]).toBeInstanceOf(BadRequestError);
    expect(errors).toMatchObject([{ code: 'context_length_exceeded' }, { status: 400, code: 'content_filter' }]);
  });

  test('html: a page instead of JSON', async () => {
    await using provider = await faulty({ kind: 'html' });
    const error = await failure(bareClient(provider).chat.completions.create(request));
    expect(error).toBeInstanceOf(InternalServerError);
    expect((error as InternalServerError).headers?.get('content-type')).toBe('text/html');
    expect(String(error)).toContain('<html>');
  });

  test('emptyBody: a 200 with an empty body', async () => {
    await using provider = await faulty({ kind: 'emptyBody' });
    const response = await bareClient(provider).chat.completions.create(request).asResponse();
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

describe('on the connection', () => {
  test('reset: a connection error before any header', async () => {
    await using provider = await faulty({ kind: 'reset' });
    const error = await failure(bareClient(provider).chat.completions.create(request));
    expect(error).toBeInstanceOf(APIConnectionError);
    expect(provider.requests[0]).toMatchObject({ aborted: false, status: undefined });
  });

  test('silence: no answer until the caller aborts', async () => {
    await using provider = await faulty({ kind: 'silence' });
    const caller = new AbortController();
    const call = failure(bareClient(provider).chat.completions.create(request, { signal: caller.signal }));
    await until(() => provider.requests.length === 1);
    expect(provider.requests[0]?.aborted).toBe(false);
    caller.abort();
    expect(await call).toBeInstanceOf(OpenAI.APIUserAbortError);
    await provider.idle();
    expect(provider.requests[0]?.aborted).toBe(true);
  });

  test('cut: the connection breaks after the given number of chunks', async () => {
    await using provider = await faulty({ kind: 'cut', afterChunks: 3 });
    const { count, words, error } = await streamFrom(provider);
    expect([count, words]).toEqual([3, 'Twelve c']);
    expect(error).toBeInstanceOf(TypeError);
    expect(provider.requests[0]?.aborted).toBe(false);
  });

  test('cut after 0 chunks: headers without an event', async () => {
    await using provider = await faulty({ kind: 'cut', afterChunks: 0 });
    expect(await streamFrom(provider)).toMatchObject({ count: 0, error: expect.any(TypeError) });
  });

  test('cut of a JSON answer: the connection breaks in the middle of the body', async () => {
    await using provider = await faulty({ kind: 'cut', afterChunks: 1 });
    const response = await bareClient(provider).chat.completions.create(request).asResponse();
    expect(response.status).toBe(200);
    expect(await failure(response.text())).toBeInstanceOf(TypeError);
  });
});

describe('inside a stream', () => {
  test('endEarly: ends without finish_reason or [DONE], and the SDK sees nothing wrong', async () => {
    await using provider = await faulty({ kind: 'endEarly', afterChunks: 3 });
    expect(await streamFrom(provider)).toEqual({ count: 3, words: 'Twelve c', finish: null, error: undefined });
  });

  test('endEarly beyond the last chunk leaves the stream whole', async () => {
    await using provider = await faulty({ kind: 'endEarly', afterChunks: 100 });
    expect(await streamFrom(provider)).toMatchObject({ words: 'Twelve characters.', finish: 'stop' });
  });

  test('noDone: every chunk, but not [DONE]', async () => {
    await using provider = await faulty({ kind: 'noDone' });
    const stream = bareClient(provider).chat.completions.create({ ...request, stream: true });
    const text = await (await stream.asResponse()).text();
    expect(text).toContain('"finish_reason":"stop"');
    expect(text).not.toContain('[DONE]');
  });

  test('malformedChunk: the chunk is not valid JSON', async () => {
    await using provider = await faulty({ kind: 'malformedChunk', chunk: 2 });
    const { count, error } = await streamFrom(provider);
    expect(count).toBe(2);
    expect(error).toBeInstanceOf(SyntaxError);
  });

  test('errorEvent: an error without a status after the given number of chunks', async () => {
    await using provider = await faulty({ kind: 'errorEvent', afterChunks: 2 });
    const { count, error } = await streamFrom(provider);
    expect(count).toBe(2);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status: undefined, code: 'server_is_overloaded' });
  });

  test('errorEvent beyond the last chunk is sent after [DONE]', async () => {
    await using provider = await faulty({ kind: 'errorEvent', afterChunks: 100 });
    const stream = bareClient(provider).chat.completions.create({ ...request, stream: true });
    expect(await (await stream.asResponse()).text()).toMatch(/\[DONE\]\n\nevent: error\ndata: .*overloaded.*\n\n$/);
  });

  test('errorEvent in a Responses stream', async () => {
    await using provider = await faulty({ kind: 'errorEvent', afterChunks: 2 });
    const stream = await bareClient(provider).responses.create({ model: 'm', input: 'Hello', stream: true });
    const { chunks, error } = await drain(stream);
    expect(chunks).toHaveLength(2);
    expect(error).toMatchObject({ status: undefined, code: 'server_is_overloaded' });
  });

  test('stall: no further chunk until the caller aborts', async () => {
    await using provider = await faulty({ kind: 'stall', afterChunks: 2 });
    const stream = await bareClient(provider).chat.completions.create({ ...request, stream: true });
    let count = 0;
    for await (const _ of stream) {
      count += 1;
      if (count === 2) setImmediate(() => stream.controller.abort());
    }
    await provider.idle();
    expect(count).toBe(2);
    expect(provider.requests[0]?.aborted).toBe(true);
  });

  test('stall and silence with `forMs`, and lateFirstToken: the whole answer, late', async () => {
    const clock = new ManualClock(0);
    await using provider = await startProvider({
      clock,
      faults: {
        m: [
          { kind: 'stall', afterChunks: 2, forMs: 40_000, times: 1 },
          { kind: 'silence', forMs: 50_000, times: 1 },
          { kind: 'lateFirstToken', delayMs: 60_000 },
        ],
      },
    });
    for (const delayMs of [40_000, 50_000, 60_000]) {
      const streaming = streamFrom(provider);
      await until(() => clock.pendingTimers === 1);
      await clock.advance(delayMs - 1);
      expect(clock.pendingTimers).toBe(1);
      await clock.advance(1);
      expect(await streaming).toMatchObject({ words: 'Hello from m.', finish: 'stop', error: undefined });
    }
  });
});

describe('of a JSON answer', () => {
  test('malformedChunk and endEarly: a body that is not valid JSON', async () => {
    await using provider = await faulty(
      { kind: 'malformedChunk', chunk: 3, times: 1 },
      { kind: 'endEarly', afterChunks: 1 },
    );
    const ai = bareClient(provider);
    expect(await failure(ai.chat.completions.create(request))).toBeInstanceOf(SyntaxError);
    expect(await failure(ai.chat.completions.create(request))).toBeInstanceOf(SyntaxError);
  });

  test('errorEvent: an error with status 200', async () => {
    await using provider = await faulty({ kind: 'errorEvent', afterChunks: 1, error: { error: { code: 502 } } });
    const answer: unknown = await bareClient(provider).chat.completions.create(request);
    expect(answer).toMatchObject({ error: { code: 502 } });
  });
});

describe('in turn', () => {
  test('a fault applies `times` times, then the next fault; after the last one requests succeed', async () => {
    await using provider = await faulty(
      { kind: 'status', status: 500, times: 2 },
      { kind: 'status', status: 503, times: 1 },
    );
    const ai = bareClient(provider);
    const statuses: unknown[] = [];
    for (let call = 0; call < 5; call++) {
      const error = await failure(ai.chat.completions.create(request));
      statuses.push(error instanceof APIError ? error.status : 200);
    }
    expect(statuses).toEqual([500, 500, 503, 200, 200]);
  });

  test('a fault applies to its own model; `*` applies to all others', async () => {
    await using provider = await startProvider({
      faults: { slow: { kind: 'status', status: 503 }, '*': { kind: 'status', status: 500 } },
    });
    const ai = bareClient(provider);
    const status = async (model: string) => failure(ai.chat.completions.create({ model, messages }));
    expect(await status('slow')).toMatchObject({ status: 503 });
    expect(await status('other')).toMatchObject({ status: 500 });
  });

  test('a fault without `times` applies to every request, and takes precedence over the error rate', async () => {
    await using provider = await startProvider({ errorRate: 1, faults: { m: { kind: 'status', status: 503 } } });
    const ai = bareClient(provider);
    for (let call = 0; call < 3; call++) {
      expect(await failure(ai.chat.completions.create(request))).toMatchObject({ status: 503 });
    }
  });

  test('an outage lasts from the first request that gets it; then the next fault applies', async () => {
    const clock = new ManualClock(0);
    await using provider = await startProvider({
      clock,
      faults: {
        m: [
          { kind: 'status', status: 503, lastsMs: 60_000 },
          { kind: 'status', status: 500, times: 1 },
        ],
      },
    });
    const ai = bareClient(provider);
    const statuses: unknown[] = [];
    for (const waitMs of [5_000, 59_999, 1, 0]) {
      clock.jump(waitMs);
      const error = await failure(ai.chat.completions.create(request));
      statuses.push(error instanceof APIError ? error.status : 200);
    }
    expect(statuses).toEqual([503, 503, 500, 200]);
  });

  test('a fault with a condition applies to the requests that meet it', async () => {
    await using provider = await faulty({
      kind: 'status',
      status: 400,
      times: 1,
      when: ({ body }) => body.temperature === 0,
    });
    const ai = bareClient(provider);
    expect(await failure(ai.chat.completions.create(request))).toBeUndefined();
    expect(await failure(ai.chat.completions.create({ ...request, temperature: 0 }))).toMatchObject({ status: 400 });
    expect(await failure(ai.chat.completions.create({ ...request, temperature: 0 }))).toBeUndefined();
  });

  test('new faults start with all their `times`', async () => {
    await using provider = await startProvider();
    const ai = bareClient(provider);
    for (let round = 0; round < 2; round++) {
      provider.set({ faults: { m: { kind: 'reset', times: 1 } } });
      expect(await failure(ai.chat.completions.create(request))).toBeInstanceOf(APIConnectionError);
      expect(await failure(ai.chat.completions.create(request))).toBeUndefined();
    }
  });
});
