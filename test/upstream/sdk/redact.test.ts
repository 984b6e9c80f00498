/** Keys that providers echo do not come out of errors. */

import { inspect } from 'node:util';
import { APIConnectionError, type APIError } from 'openai';
import { expect, test } from 'vitest';
import { redact } from '../../../src/upstream/sdk/secrets.ts';
import { errorResponse, sdkErrorFor } from '../../support/sdk-errors.ts';

const KEY = 'sk-proj-1234567890';

/** Everything that an error shows to a log. */
function shownBy(error: unknown): string {
  return [String(error), (error as Error).stack, inspect(error, { depth: 8 }), JSON.stringify(error)].join('\n');
}

test('a key is taken out of message, stack and body', async () => {
  const error = await errorResponse(401, { message: `Incorrect API key: ${KEY}.`, details: [{ key: KEY }] });
  expect(shownBy(error)).toContain(KEY);
  redact(error, [KEY]);
  expect(shownBy(error)).not.toContain(KEY);
  expect((error as APIError).message).toBe('401 Incorrect API key: [redacted].');
});

test('what else the error says stays', async () => {
  const error = await errorResponse(401, { message: `Bad key ${KEY}`, code: 'invalid_api_key', param: null });
  redact(error, [KEY]);
  expect(error).toMatchObject({
    status: 401,
    code: 'invalid_api_key',
    param: null,
    error: { code: 'invalid_api_key' },
  });
});

test('several secrets are taken out, each wherever it stands', async () => {
  const error = await errorResponse(401, { message: `${KEY} and admin-key-12345 and ${KEY}` });
  redact(error, [KEY, 'admin-key-12345', null, undefined]);
  expect((error as APIError).message).toBe('401 [redacted] and [redacted] and [redacted]');
});

test('a secret within a text body is taken out as well', async () => {
  const error = await sdkErrorFor({ status: 401, body: `Wrong key ${KEY}` });
  redact(error, [KEY]);
  expect(shownBy(error)).not.toContain(KEY);
});

test('without secrets nothing is changed', async () => {
  const error = await errorResponse(400, { message: 'The model is null.' });
  const before = shownBy(error);
  redact(error, [null, undefined, '']);
  expect(shownBy(error)).toBe(before);
});

test('the letters of a short placeholder key are not taken out of words', async () => {
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

test('the cause of a connection error does not show the key either', () => {
  const error = new APIConnectionError({ cause: new Error(`Invalid header value: Bearer ${KEY}`) });
  redact(error, [KEY]);
  expect(shownBy(error)).not.toContain(KEY);
});
