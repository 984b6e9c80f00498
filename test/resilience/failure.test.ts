import * as sdk from 'openai';
import * as oldestSdk from 'openai-oldest';
import { describe, expect, test } from 'vitest';
import type { FailureKind } from '../../src/domain/attempt.ts';
import { BreakerOpenError, DeadlineError } from '../../src/domain/errors.ts';
import { ABORTED, TRUNCATED, classifyFailure, type Failure } from '../../src/resilience/failure.ts';
import { errorInStream, errorResponse, sdkErrorFor } from '../support/sdk-errors.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

/** An example error for each kind. */
const EXAMPLES: Readonly<Partial<Record<FailureKind, () => Promise<unknown>>>> = {
  rateLimit: () => errorResponse(429, { code: 'rate_limit_exceeded' }),
  quota: () => errorResponse(429, { code: 'insufficient_quota' }),
  auth: () => errorResponse(401, { code: 'invalid_api_key' }),
  forbidden: () => sdkErrorFor({ status: 403, body: '<html>Sorry, you have been blocked</html>' }),
  timeout: () => errorResponse(408),
  connection: () => Promise.resolve(new sdk.APIConnectionError({ message: undefined })),
  server: () => errorResponse(500),
  malformed: () => sdkErrorFor({ status: 200, body: 'data: {"id":\n\n' }),
  contextLength: () => errorResponse(400, { code: 'context_length_exceeded' }),
  contentFilter: () => errorResponse(400, { code: 'content_filter' }),
  modelNotFound: () => errorResponse(404, { code: 'model_not_found' }),
  conflict: () => errorResponse(409),
  badRequest: () => errorResponse(400, { code: 'unsupported_parameter' }),
};

const exampleOf = async (kind: FailureKind): Promise<Failure> =>
  kind === 'truncated' ? TRUNCATED : classifyFailure(await EXAMPLES[kind]?.(), { nowMs: NOW_MS });

describe('the rule of a failure kind', () => {
  test.each<[FailureKind, Failure['outcome'], Failure['outcome'], boolean, boolean, boolean]>([
    // kind, outcome, outcome for the breaker, retry before a fallback, retry where no other can serve, fall back
    ['connection', 'failure', 'failure', true, true, true],
    ['server', 'failure', 'failure', true, true, true],
    ['timeout', 'failure', 'failure', true, true, true],
    ['malformed', 'failure', 'failure', true, true, true],
    ['truncated', 'failure', 'failure', true, true, true],
    ['rateLimit', 'failure', 'neutral', false, true, true],
    // The example is a 429, which the SDK retries.
    ['quota', 'failure', 'neutral', false, true, true],
    ['auth', 'failure', 'neutral', false, false, true],
    ['forbidden', 'neutral', 'neutral', false, false, true],
    ['modelNotFound', 'neutral', 'neutral', false, false, true],
    ['contextLength', 'neutral', 'neutral', false, false, true],
    ['contentFilter', 'neutral', 'neutral', false, false, true],
    ['conflict', 'neutral', 'neutral', true, true, false],
    ['badRequest', 'neutral', 'neutral', false, false, false],
  ])(
    '%s: %s, for the breaker %s, retry: %s, retry alone: %s, fall back: %s',
    async (kind, outcome, breakerOutcome, retrySame, retryAlone, tryNext) => {
      const rule = { kind, outcome, breakerOutcome, retrySame, retryAlone, tryNext };
      expect(await exampleOf(kind)).toMatchObject(rule);
    },
  );
});

test('a quota under 402, which the SDK does not retry, is not retried alone', async () => {
  const failure = classifyFailure(await sdkErrorFor({ status: 402, body: '' }));
  expect(failure).toMatchObject({ kind: 'quota', retrySame: false, retryAlone: false });
});

describe('status codes', () => {
  test.each<[number, FailureKind]>([
    [400, 'badRequest'],
    [401, 'auth'],
    [402, 'quota'],
    [403, 'forbidden'],
    [404, 'modelNotFound'],
    [408, 'timeout'],
    [409, 'conflict'],
    [413, 'badRequest'],
    [418, 'badRequest'],
    [422, 'badRequest'],
    [429, 'rateLimit'],
    [500, 'server'],
    [502, 'server'],
    [503, 'server'],
    [504, 'server'],
    [520, 'server'],
    [529, 'server'],
  ])('%d with an empty body is %s', async (status, kind) => {
    const failure = classifyFailure(await sdkErrorFor({ status, body: '' }));
    expect(failure).toMatchObject({ kind, status, phase: undefined });
  });

  test.each([
    '<html><title>Attention Required!</title><body>Your account may not have permission</body></html>',
    'Access denied: check your API key',
    '',
  ])('a 403 that is not JSON is forbidden, whatever it says: %j', async (body) => {
    expect(classifyFailure(await sdkErrorFor({ status: 403, body })).kind).toBe('forbidden');
  });

  test('an HTML page of a proxy is classified by its status', async () => {
    const body = '<html><body>502 Bad Gateway</body></html>';
    expect(classifyFailure(await sdkErrorFor({ status: 502, body })).kind).toBe('server');
  });
});

describe('codes and messages that are more specific than the status', () => {
  test.each<[number, string, unknown, FailureKind]>([
    [429, 'OpenAI', { type: 'insufficient_quota', code: 'insufficient_quota' }, 'quota'],
    [429, 'OpenAI, by type', { type: 'insufficient_quota', code: null }, 'quota'],
    [429, 'OpenAI through a relay', 'You exceeded your current quota, please check your plan', 'quota'],
    [400, 'OpenAI', { code: 'billing_hard_limit_reached' }, 'quota'],
    [429, 'Kimi', { type: 'exceeded_current_quota_error', message: 'insufficient balance' }, 'quota'],
    [403, 'new-api', { code: 'insufficient_user_quota' }, 'quota'],
    [402, 'DeepSeek', { message: 'Insufficient Balance' }, 'quota'],
    [400, 'Anthropic', { message: 'Your credit balance is too low to access the API.' }, 'quota'],
    [429, 'Gemini', { message: 'You exceeded your current quota.', status: 'RESOURCE_EXHAUSTED' }, 'rateLimit'],
    [
      429,
      'a limit that names a wait',
      { message: 'You exceeded your current quota. Please retry in 20s.' },
      'rateLimit',
    ],
    [413, 'Groq', { code: 'rate_limit_exceeded', type: 'tokens' }, 'rateLimit'],
    [404, 'OpenAI', { code: null, param: 'model', message: 'This is not a chat model' }, 'modelNotFound'],
    [404, 'Azure', { code: 'DeploymentNotFound' }, 'modelNotFound'],
    [400, 'OpenAI’s responses', { code: 'model_not_found', param: 'model' }, 'modelNotFound'],
    [403, 'OpenAI, a project without access', { code: 'model_not_found' }, 'modelNotFound'],
    [503, 'new-api', { code: 'model_not_found' }, 'modelNotFound'],
    [503, 'new-api', { message: 'No available channel for model gpt-x under group default' }, 'modelNotFound'],
    [503, 'one-api', { message: '当前分组 default 下对于模型 gpt-x 无可用渠道' }, 'modelNotFound'],
    [404, 'another resource that is missing', { code: 'not_found', param: 'completion_id' }, 'badRequest'],
    [400, 'DeepSeek', { message: "This model's maximum context length is 131072 tokens." }, 'contextLength'],
    [400, 'Anthropic', { message: 'prompt is too long: 210000 tokens > 200000 maximum' }, 'contextLength'],
    [400, 'Kimi', { message: 'Your request exceeded model token limit : 8192' }, 'contextLength'],
    [413, 'anyone', { code: 'context_length_exceeded' }, 'contextLength'],
    [400, 'Azure', { code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } }, 'contentFilter'],
    [
      400,
      'Azure, inner code only',
      { code: '400', message: 'no', innererror: { code: 'ResponsibleAIPolicyViolation' } },
      'contentFilter',
    ],
    [400, 'OpenAI', { code: 'content_policy_violation' }, 'contentFilter'],
    [400, 'DeepSeek', { message: 'Content Exists Risk', type: 'invalid_request_error' }, 'contentFilter'],
    [403, 'OpenRouter', { message: 'The model requires moderation and your input was flagged' }, 'contentFilter'],
    [400, 'Gemini', { message: 'API key not valid. Please pass a valid API key.' }, 'auth'],
    [
      400,
      'OpenRouter, quoting its provider',
      { message: 'Provider returned error', metadata: { raw: 'maximum context length is 4096' } },
      'contextLength',
    ],
    [
      500,
      'a server that quotes something',
      { message: 'maximum context length, content_filter, rate_limit_error' },
      'server',
    ],
    [403, 'Anthropic', { type: 'permission_error', message: 'Your API key does not have permission' }, 'auth'],
    [403, 'Google', { status: 'PERMISSION_DENIED', message: 'Generative Language API has not been used' }, 'auth'],
    [403, 'OpenAI', { message: 'You must be a member of an organization to use the API' }, 'auth'],
    [403, 'a relay', 'This account has been suspended', 'auth'],
    [403, 'Groq', { code: 'model_permission_blocked_project', type: 'permissions_error' }, 'modelNotFound'],
    [403, 'new-api', { message: 'This token has no access to model gpt-x' }, 'modelNotFound'],
    [403, 'OpenAI, one model', { message: 'You are not allowed to generate embeddings from this model' }, 'forbidden'],
    [403, 'OpenAI, a country', { code: 'unsupported_country_region_territory' }, 'forbidden'],
    [403, 'a gateway', { message: 'Forbidden' }, 'forbidden'],
    [403, 'a policy', 'Request blocked by policy', 'forbidden'],
    [429, 'a rate limit that quotes something', { message: 'maximum context length, content_filter' }, 'rateLimit'],
  ])('%d of %s: %j is %s', async (status, _who, body, kind) => {
    expect(classifyFailure(await errorResponse(status, body)).kind).toBe(kind);
  });

  test('reads a body in an array, as Gemini sends it', async () => {
    const body = JSON.stringify([{ error: { code: 400, message: 'API key not valid.', status: 'INVALID_ARGUMENT' } }]);
    expect(classifyFailure(await sdkErrorFor({ status: 400, body })).kind).toBe('auth');
  });

  test('reads a body without the error envelope', async () => {
    const body = JSON.stringify({ object: 'error', code: 'context_length_exceeded', message: 'too long' });
    expect(classifyFailure(await sdkErrorFor({ status: 400, body })).kind).toBe('contextLength');
  });
});

describe('an error inside a stream', () => {
  test.each<[unknown, FailureKind]>([
    [{ code: 'server_is_overloaded', type: 'service_unavailable_error' }, 'server'],
    [{ type: 'overloaded_error' }, 'server'],
    [{ type: 'server_error', code: null }, 'server'],
    [{ message: 'something odd' }, 'server'],
    ['a plain string', 'server'],
    [{ code: 'rate_limit_exceeded' }, 'rateLimit'],
    [{ type: 'invalid_request_error', code: 'rate_limit_error' }, 'rateLimit'],
    [{ message: 'Too Many Requests' }, 'rateLimit'],
    [{ code: 429, message: 'Provider returned error' }, 'rateLimit'],
    [{ code: 502, message: 'Provider disconnected' }, 'server'],
    [{ code: 502, message: 'Provider returned error', metadata: { raw: 'content_filter' } }, 'server'],
    [{ code: '401' }, 'auth'],
    [{ code: 400, message: 'Token limit reached' }, 'badRequest'],
    [{ code: 'odd', status_code: 401 }, 'auth'],
    [{ code: 'tool_use_failed', type: 'invalid_request_error' }, 'badRequest'],
    [{ code: 'image_too_large', message: 'The image is too large' }, 'badRequest'],
    [{ code: 'invalid_prompt', message: 'flagged as potentially violating our usage policy' }, 'contentFilter'],
    [{ code: 'content_filter' }, 'contentFilter'],
    [{ code: 'context_length_exceeded' }, 'contextLength'],
    [{ code: 'insufficient_quota' }, 'quota'],
    [{ code: 'model_not_found' }, 'modelNotFound'],
    [{ type: 'authentication_error' }, 'auth'],
    [{ type: 'permission_error' }, 'auth'],
  ])('%j is %s, without a status', async (body, kind) => {
    expect(classifyFailure(await errorInStream(body))).toMatchObject({ kind, status: undefined });
  });

  test('ignores headers, which were sent before the error happened', async () => {
    const headers = { 'retry-after': '30', 'x-ratelimit-reset-tokens': '60s', 'x-should-retry': 'false' };
    const failure = classifyFailure(await errorInStream({ code: 'rate_limit_exceeded' }, headers));
    expect(failure).toMatchObject({ retryAfterMs: undefined, shouldRetry: undefined, retryAlone: true });
    expect(classifyFailure(await errorInStream({ type: 'server_error' }, headers)).retryAfterMs).toBeUndefined();
  });

  test('reads the wait from its message', async () => {
    const body = { code: 'rate_limit_exceeded', message: 'Please try again in 174ms.' };
    expect(classifyFailure(await errorInStream(body)).retryAfterMs).toBe(174);
  });

  test('a failed response is classified by its error, thrown or not', () => {
    const error = { code: 'server_is_overloaded', message: 'Our servers are currently overloaded.' };
    expect(classifyFailure(new sdk.APIError(undefined, error, undefined, undefined)).kind).toBe('server');
  });
});

describe('time-outs', () => {
  test('does not retry a silent upstream, and falls back', () => {
    expect(classifyFailure(new sdk.APIConnectionTimeoutError())).toMatchObject({
      kind: 'timeout',
      phase: 'headers',
      outcome: 'failure',
      breakerOutcome: 'failure',
      retrySame: false,
      tryNext: true,
    });
  });

  test.each(['headers', 'firstChunk', 'idle'] as const)('our own time-out is classified by its phase: %s', (phase) => {
    const failure = classifyFailure(new sdk.APIUserAbortError(), { phase });
    expect(failure).toMatchObject({ kind: 'timeout', phase, retrySame: false, tryNext: true });
  });

  test('does not fall back after the deadline of the call', () => {
    const failure = classifyFailure(new DeadlineError(1000));
    expect(failure).toMatchObject({ kind: 'timeout', phase: 'deadline', outcome: 'failure' });
    expect(failure).toMatchObject({ retrySame: false, tryNext: false });
  });
});

describe('an abort by the caller', () => {
  test.each([
    ['the SDK’s error', new sdk.APIUserAbortError()],
    ['a bare abort', new DOMException('This operation was aborted', 'AbortError')],
  ])('%s is not a failure and is not retried', (_name, error) => {
    expect(classifyFailure(error)).toBe(ABORTED);
    expect(ABORTED).toMatchObject({ outcome: 'aborted', breakerOutcome: 'aborted', kind: undefined });
    expect(ABORTED).toMatchObject({ retrySame: false, tryNext: false });
  });

  test('any error counts as aborted when the caller’s signal is aborted', () => {
    const failure = classifyFailure(new TypeError('terminated'), { signal: AbortSignal.abort(), phase: 'idle' });
    expect(failure).toBe(ABORTED);
  });

  test('a signal that is not aborted changes nothing', () => {
    const { signal } = new AbortController();
    expect(classifyFailure(new TypeError('terminated'), { signal }).kind).toBe('connection');
  });
});

describe('errors from below the SDK', () => {
  const coded = (code: string, cause?: unknown) => Object.assign(new Error('failed', { cause }), { code });

  test.each<[string, unknown, FailureKind, Failure['phase']]>([
    ['a body that was cut', new TypeError('terminated', { cause: coded('UND_ERR_SOCKET') }), 'connection', undefined],
    ['a body that was cut, without a cause', new TypeError('terminated'), 'connection', undefined],
    ['a fetch that failed', new TypeError('fetch failed'), 'connection', undefined],
    ['a reset connection', coded('ECONNRESET'), 'connection', undefined],
    ['a body that stalled', new TypeError('terminated', { cause: coded('UND_ERR_BODY_TIMEOUT') }), 'timeout', 'idle'],
    [
      'a body that cannot be decompressed',
      new TypeError('terminated', { cause: coded('Z_DATA_ERROR') }),
      'malformed',
      undefined,
    ],
    ['invalid JSON', new SyntaxError('Unexpected token'), 'malformed', undefined],
    ['an expired signal of fetch', new DOMException('The operation timed out', 'TimeoutError'), 'timeout', 'headers'],
  ])('%s', (_name, error, kind, phase) => {
    expect(classifyFailure(error)).toMatchObject({
      kind,
      phase,
      outcome: 'failure',
      breakerOutcome: 'failure',
      tryNext: true,
    });
  });
});

describe('an error that is not from an upstream', () => {
  const failedToken = async () => {
    const apiKey = () => Promise.reject(Object.assign(new Error('vault is down'), { code: 'ECONNREFUSED' }));
    const client = new sdk.OpenAI({ apiKey, maxRetries: 0 });
    return client.models.list().then(
      () => undefined,
      (error: unknown) => error,
    );
  };

  test.each<[string, () => unknown]>([
    ['a mistake in the caller’s code', () => new TypeError('x is not a function')],
    ['a missing file', () => Object.assign(new Error('no such file'), { code: 'ENOENT' })],
    ['a token that could not be fetched', failedToken],
    ['one of our own errors', () => new BreakerOpenError('openai', NOW_MS)],
    ['a parser’s error', () => new sdk.OpenAIError('Could not parse response content')],
    ['a string', () => 'oops'],
    ['undefined', () => undefined],
    ['an object without a prototype', () => Object.create(null) as unknown],
  ])('%s is neutral and does not fall back', async (_name, make) => {
    expect(classifyFailure(await make())).toEqual({
      outcome: 'neutral',
      breakerOutcome: 'neutral',
      kind: undefined,
      status: undefined,
      phase: undefined,
      retryAfterMs: undefined,
      retrySame: false,
      retryAlone: false,
      tryNext: false,
      shouldRetry: undefined,
    });
  });
});

describe('x-should-retry', () => {
  test('false prevents a retry, but not a fallback', async () => {
    const failure = classifyFailure(await errorResponse(500, {}, { 'x-should-retry': 'false' }));
    expect(failure).toMatchObject({ shouldRetry: false, retrySame: false, tryNext: true });
  });

  test('true allows a retry', async () => {
    const failure = classifyFailure(await errorResponse(409, {}, { 'x-should-retry': 'true' }));
    expect(failure).toMatchObject({ kind: 'conflict', shouldRetry: true, retrySame: true, tryNext: false });
  });

  test.each(['', 'maybe'])('%j is ignored', async (value) => {
    const failure = classifyFailure(await errorResponse(500, {}, { 'x-should-retry': value }));
    expect(failure).toMatchObject({ shouldRetry: undefined, retrySame: true });
  });
});

describe('the wait that an upstream asks for', () => {
  test('a rate limit waits by retry-after, message or reset, in this order', async () => {
    const message = 'Please try again in 2s.';
    const headers = { 'x-ratelimit-reset-requests': '5s' };
    const waits = [
      await errorResponse(429, { message }, { ...headers, 'retry-after': '1' }),
      await errorResponse(429, { message }, headers),
      await errorResponse(429, {}, headers),
    ].map((error) => classifyFailure(error).retryAfterMs);
    expect(waits).toEqual([1000, 2000, 5000]);
  });

  test('a server error waits by retry-after only, since every response has resets of limits', async () => {
    const headers = { 'x-ratelimit-reset-requests': '120ms' };
    expect(classifyFailure(await errorResponse(503, {}, headers)).retryAfterMs).toBeUndefined();
    expect(classifyFailure(await errorResponse(503, {}, { 'retry-after': '3' })).retryAfterMs).toBe(3000);
  });

  test('a date counts from nowMs', async () => {
    const error = await errorResponse(429, {}, { 'retry-after': new Date(NOW_MS + 4000).toUTCString() });
    expect(classifyFailure(error, { nowMs: NOW_MS }).retryAfterMs).toBe(4000);
    expect(classifyFailure(error).retryAfterMs).toBeUndefined();
  });
});

describe('another copy of the SDK', () => {
  /** An API error whose class a bundler has renamed. */
  const renamed = (status: number, error: { readonly code: string }) => {
    class A extends Error {}
    return Object.assign(new A(`${status}`), { status, error, ...error, headers: new Headers(), requestID: null });
  };

  const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });

  test.each<[string, unknown, Partial<Failure>]>([
    ['an abort', new oldestSdk.APIUserAbortError(), { outcome: 'aborted' }],
    ['a time-out', new oldestSdk.APIConnectionTimeoutError(), { kind: 'timeout', phase: 'headers' }],
    ['a lost connection', new oldestSdk.APIConnectionError({ message: 'x' }), { kind: 'connection' }],
    ['a status', new oldestSdk.InternalServerError(503, {}, 'x', new Headers()), { kind: 'server', status: 503 }],
    [
      'an error in a stream',
      new oldestSdk.APIError(undefined, { code: 'rate_limit_exceeded' }, 'x', undefined),
      { kind: 'rateLimit' },
    ],
    [
      'a token that could not be fetched',
      new oldestSdk.OpenAIError('x', { cause: reset }),
      { outcome: 'neutral', kind: undefined },
    ],
    ['a renamed class', renamed(429, { code: 'insufficient_quota' }), { kind: 'quota', status: 429 }],
  ])('throws errors that are recognised: %s', (_name, error, expected) => {
    expect(error).not.toBeInstanceOf(sdk.OpenAIError);
    expect(classifyFailure(error)).toMatchObject(expected);
  });
});

test('credentials refused by the client’s own identity provider are an auth failure', () => {
  const error = new sdk.OAuthError(400, { error: 'invalid_grant' }, new Headers());
  expect(classifyFailure(error)).toMatchObject({ kind: 'auth', status: 400 });
});
