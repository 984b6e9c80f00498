/** Changes to a request just before it is sent. */

import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { applyMark, markOptions } from '../../../src/upstream/sdk/request-mark.ts';
import type { RequestOptions } from '../../../src/upstream/sdk/types.ts';

const URL = 'https://openai.test/v1/chat/completions';
const optionsOf = (fields: Partial<RequestOptions> = {}): RequestOptions => ({
  method: 'post',
  path: '/chat/completions',
  ...fields,
});

test('patches the encoded body of a marked request', () => {
  const options = optionsOf();
  markOptions(options, { set: { model: 'other' }, remove: ['seed'] });
  const request = { headers: new Headers(), body: '{"model":"m","seed":1,"n":2}' };
  applyMark(request, { url: URL, options }, undefined);
  expect(JSON.parse(request.body)).toEqual({ model: 'other', n: 2 });
});

test('leaves a request without a mark unchanged', () => {
  const request = { headers: new Headers({ 'x-mine': '1' }), body: '{"model":"m"}' };
  applyMark(request, { url: URL, options: optionsOf() }, undefined);
  expect(request.body).toBe('{"model":"m"}');
  expect([...request.headers]).toEqual([['x-mine', '1']]);
});

test.for([
  ['the call', { 'x-mine': '1' }, undefined],
  ['the client', undefined, { 'x-mine': '1' }],
] as const)('removes routing headers from the headers of %s', ([, ofCall, ofClient]) => {
  const request = { headers: new Headers({ 'X-Canary-Key': 'u', 'x-canary-upstream': 'g', 'x-mine': '1' }) };
  const options = optionsOf(ofCall ? { headers: ofCall } : {});
  applyMark(request, { url: URL, options }, ofClient);
  expect([...request.headers]).toEqual([['x-mine', '1']]);
});

test('leaves a body that is not text unchanged', () => {
  const options = optionsOf();
  markOptions(options, { set: { model: 'other' }, remove: [] });
  const body = new FormData();
  const request = { headers: new Headers(), body };
  applyMark(request, { url: URL, options }, undefined);
  expect(request.body).toBe(body);
});

test('keeps other metadata and does not change the caller’s object', () => {
  const metadata = Object.freeze({ helperMethod: 'runTools' });
  const options = optionsOf({ __metadata: metadata });
  markOptions(options, { set: { model: 'other' }, remove: [] });
  expect(options.__metadata).toMatchObject({ helperMethod: 'runTools' });
  expect(Reflect.ownKeys(metadata)).toEqual(['helperMethod']);
});

test('survives the copy of the options that the SDK makes to retry with new credentials', () => {
  const options = optionsOf();
  markOptions(options, { set: { model: 'other' }, remove: [] });
  const request = { headers: new Headers(), body: '{"model":"m"}' };
  const replayed = { ...options, __metadata: { ...options.__metadata, workloadIdentityTokenRefreshed: true } };
  applyMark(request, { url: URL, options: replayed }, undefined);
  expect(request.body).toBe('{"model":"other"}');
});

test('shows no header in logged metadata', () => {
  const options = optionsOf({ headers: { authorization: 'Bearer sk-secret-key' } });
  markOptions(options, undefined);
  expect(inspect(options.__metadata, { depth: 8, showHidden: true })).not.toContain('sk-secret-key');
});

test('keeps the headers of the call after an attempt, but not those that were sent', () => {
  const options = optionsOf({ headers: { authorization: 'Bearer of-the-call' } });
  const mark = markOptions(options, undefined);
  const headers = new Headers({ authorization: 'Bearer of-the-call', cookie: 'added-by-the-client' });
  applyMark({ headers }, { url: URL, options }, undefined);
  expect(mark.secrets).toContain('added-by-the-client');
  mark.forget();
  expect(mark.secrets).toContain('of-the-call');
  expect(mark.secrets).not.toContain('added-by-the-client');
});
