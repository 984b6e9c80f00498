/** Errors do not show keys that providers echo. */

import { inspect } from 'node:util';
import { APIConnectionError, type APIError } from 'openai';
import { expect, test } from 'vitest';
import { redact } from '../../../src/upstream/sdk/secrets.ts';
import { errorResponse, sdkErrorFor } from '../../support/sdk-errors.ts';

const KEY = 'sk-proj-1234567890';

/** Everything that a log shows of an error. */
function shownBy(error: unknown): string {
  return [String(error), (error as Error).stack, inspect(error, { depth: 8 }), JSON.stringify(error)].join('\n');
}

test('removes a key from message, stack and body', async () => {
  const error = await errorResponse(401, { message: `Incorrect API key: ${KEY}.`, details: [{ key: KEY }] });
  expect(shownBy(error)).toContain(KEY);
  redact(error, [KEY]);
  expect(shownBy(error)).not.toContain(KEY);
  expect((error as APIError).message).toBe('401 Incorrect API key: [redacted].');
});

test('keeps the rest of the error', async () => {
  const error = await errorResponse(401, { message: `Bad key ${KEY}`, code: 'invalid_api_key', param: null });
  redact(error, [KEY]);
  expect(error).toMatchObject({
    status: 401,
    code: 'invalid_api_key',
    param: null,
    error: { code: 'invalid_api_key' },
  });
});

test('removes several secrets everywhere', async () => {
  const error = await errorResponse(401, { message: `${KEY} and admin-key-12345 and ${KEY}` });
  redact(error, [KEY, 'admin-key-12345', null, undefined]);
  expect((error as APIError).message).toBe('401 [redacted] and [redacted] and [redacted]');
});

test('removes a secret from a text body', async () => {
  const error = await sdkErrorFor({ status: 401, body: `Wrong key ${KEY}` });
  redact(error, [KEY]);
  expect(shownBy(error)).not.toContain(KEY);
});

test('changes nothing without secrets', async () => {
  const error = await errorResponse(400, { message: 'The model is null.' });
  const before = shownBy(error);
  redact(error, [null, undefined, '']);
  expect(shownBy(error)).toBe(before);
});

test('does not remove a short placeholder key from within words', async () => {
  const error = await errorResponse(400, { message: 'The latest test of a tested thing.' });
  redact(error, ['test']);
  expect((error as APIError).message).toContain('latest');
  expect((error as APIError).message).toContain('tested');
});

test.each([undefined, null, 'text', 7, {}, new Error('plain'), new DOMException('x', 'AbortError')])(
  '%s is left alone',
  (error) => {
    expect(() => redact(error, [KEY])).not.toThrow();
  },
);

test('removes a key from the cause of a connection error', () => {
  const error = new APIConnectionError({ cause: new Error(`Invalid header value: Bearer ${KEY}`) });
  redact(error, [KEY]);
  expect(shownBy(error)).not.toContain(KEY);
});
