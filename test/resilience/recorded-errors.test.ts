import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FailureKind } from '../../src/domain/attempt.ts';
import { classifyFailure } from '../../src/resilience/failure.ts';
import { sdkErrorFor } from '../support/sdk-errors.ts';

const BODIES = join(process.env['CANARY_DATA'] ?? join(import.meta.dirname, '../../../shared/data'), 'bodies');
const recorded = existsSync(BODIES);
const skipNote = recorded ? '' : ' (skipped: no recorded data, see CANARY_DATA)';

/** The kind, and the wait in ms where the error states one. */
const EXPECTED: Readonly<Record<string, FailureKind | readonly [FailureKind, number]>> = {
  'authored-by-upstream/azure__prompt-content_filter-error-body__edited-cassette__2877.json': 'contentFilter',
  'captured-in-issues/anthropic-via-openai-compat__429__wrapped.json': 'rateLimit',
  'captured-in-issues/anthropic__500__overloaded_as_api_error.json': 'server',
  'captured-in-issues/azure-openai__429__retry_after_seconds.txt': ['rateLimit', 33_000],
  'captured-in-issues/deepseek__400__context_length_without_code.json': 'contextLength',
  'captured-in-issues/deepseek__402__insufficient_balance.txt': 'quota',
  'captured-in-issues/gemini-compat__429__array_body.json': 'rateLimit',
  'captured-in-issues/kimi__429__engine_overloaded_error.json': 'rateLimit',
  'captured-in-issues/openai__200-sse__error_server_is_overloaded.sse': 'server',
  'captured-in-issues/openai__400__context_length_exceeded.json': 'contextLength',
  'captured-in-issues/openai__429__rate_limit_exceeded_tpm_gpt-4o.json': ['rateLimit', 1780],
  'captured-in-issues/openai__429__responses_create_headers_without_ratelimit.json': 'rateLimit',
  'captured-in-issues/openai__429__tpm_gpt-4.1_174ms.txt': ['rateLimit', 174],
  'captured-in-issues/openai__502__cf_bad_gateway.json': 'server',
  'chat-sse/groq__gpt-oss-120b__midstream-error-nousage-nodone-reasoning__939.sse': 'badRequest',
  'errors/anthropic__claude-3-opus-20240229__401-authentication-error__3762.json': 'auth',
  'errors/anthropic__claude-4-5-haiku__404-not-found-error__4359.json': 'modelNotFound',
  'errors/anthropic__claude-opus-4-6__400-invalid-request-error__498.json': 'badRequest',
  'errors/anthropic__claude-sonet-4-5__404-not-found-error__132.json': 'modelNotFound',
  'errors/gemini__x__404-404__100.json': 'modelNotFound',
  'errors/groq__gpt-oss-120b__400-tool-use-failed__933.json': 'badRequest',
  'errors/groq__gpt-oss-120b__400-tool-use-failed__941.json': 'badRequest',
  'errors/groq__llama-3.3-70b-versatlie__404-model-not-found__135.json': 'modelNotFound',
  'errors/openai__gpt-3.5-turbo-0613__404-model-not-found__2467.json': 'modelNotFound',
  'errors/openai__gpt-3.5-turbo-instruct__403-invalid-request-error__3628.json': 'forbidden',
  'errors/openai__gpt-3.5-turbo-instruct__404-invalid-request-error__3571.json': 'modelNotFound',
  'errors/openai__gpt-3.5-turbo__404-invalid-request-error__3613.json': 'modelNotFound',
  'errors/openai__gpt-4o-mini__401-invalid-api-key__4917.json': 'auth',
  'errors/openai__gpt-4o__400-invalid-request-error__1765.json': 'badRequest',
  'errors/openai__gpt-5-nano__400-empty-array__4631.json': 'badRequest',
  'errors/openai__gpt-5-nano__400-unsupported-parameter__4624.json': 'badRequest',
  'errors/openai__text-curie-001__401-invalid-api-key__3896.json': 'auth',
  'errors/openai__this-model-does-not-exist__400-model-not-found__4126.json': 'modelNotFound',
  'errors/openai__x__404-model-not-found__5045.json': 'modelNotFound',
  'errors/openai__x__404-not-found__4933.json': 'badRequest',
  'errors/openrouter__gemini-2.0-flash-exp-free__429-429__1993.json': 'rateLimit',
  'gateways/openrouter__minimax-m2-free__midstream-error-comments-usage-last-withchoices-reasoning-re__2002.sse':
    'badRequest',
};

/** Hand-edited recordings: the body belongs to a 400, the recorded status does not. */
const STATUS_OF_EDITED: Readonly<Record<string, number>> = {
  'authored-by-upstream/azure__prompt-content_filter-error-body__edited-cassette__2877.json': 400,
};

interface Recorded {
  readonly file: string;
  readonly status: number | null;
  readonly sdk: { readonly error: string | null } | null;
}

test.skipIf(!recorded).each(Object.entries(EXPECTED))(`%s is %s${skipNote}`, async (file, expected) => {
  const [kind, retryAfterMs] = typeof expected === 'string' ? [expected, undefined] : expected;
  const failure = classifyFailure(await recordedError(file));
  expect(failure).toMatchObject({ kind, retryAfterMs });
});

test.skipIf(!recorded)(`every recorded error response has its expected kind${skipNote}`, () => {
  const index = JSON.parse(readFileSync(join(BODIES, 'index.json'), 'utf8')) as Recorded[];
  const errors = index.filter(({ status, sdk }) => status !== null && (status >= 400 || (sdk?.error ?? null) !== null));
  expect(errors.map(({ file }) => file).filter((file) => !(file in EXPECTED))).toEqual([]);
  expect(errors.length).toBeGreaterThan(30);
});

/** What the SDK throws when the recorded answer is replayed. */
function recordedError(file: string): Promise<unknown> {
  const metaFile = join(BODIES, file.replace(/\.\w+$/, '.meta.json'));
  const { response } = JSON.parse(readFileSync(metaFile, 'utf8')) as {
    response: { status: number; headers: Record<string, unknown> };
  };
  const headers = Object.entries(response.headers).filter(
    (header): header is [string, string] =>
      typeof header[1] === 'string' && !/^content-(encoding|length)$/i.test(header[0]),
  );
  return sdkErrorFor({
    status: STATUS_OF_EDITED[file] ?? response.status,
    body: readFileSync(join(BODIES, file), 'utf8'),
    headers: Object.fromEntries(headers),
  });
}
