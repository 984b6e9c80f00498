/** An id is known only to the upstream that created it. */

import { expect, test } from 'vitest';
import { route } from '../../src/index.ts';
import { errorWithin } from '../support/calls.ts';
import { failed, json, response } from '../support/replies.ts';
import { events } from '../support/stream-replies.ts';
import { setUp, type SetUp } from '../support/set-up.ts';

const INPUT = { model: 'gpt-4.1', input: 'Hello' };

function setUpOwner(): SetUp {
  const set = setUp({ upstreams: { gemini: { model: 'gemini-2.5-flash' } }, client: { maxRetries: 0 } });
  set.providers.usually('gemini', response('resp_g')).usually('openai', response('resp_o'));
  return set;
}

/** Creates the response `resp_g` on gemini. */
async function make({ ai, providers }: SetUp): Promise<void> {
  await ai.responses.create(INPUT, route({ upstream: 'gemini' }));
  providers.sent.length = 0;
}

test('sends previous_response_id to the upstream that created the response', async () => {
  const set = setUpOwner();
  await make(set);
  await set.ai.responses.create({ ...INPUT, previous_response_id: 'resp_g' });
  expect(set.providers.asked).toEqual(['gemini']);
  expect(set.providers.sent[0]!.body.model).toBe('gemini-2.5-flash');
});

test('keeps a chain of responses on its first upstream', async () => {
  const set = setUpOwner();
  await make(set);
  set.providers.script('gemini', response('resp_g2'), response('resp_g3'));
  await set.ai.responses.create({ ...INPUT, previous_response_id: 'resp_g' });
  await set.ai.responses.create({ ...INPUT, previous_response_id: 'resp_g2' });
  await set.ai.responses.create({ ...INPUT, previous_response_id: 'resp_g3' });
  expect(set.providers.asked).toEqual(['gemini', 'gemini', 'gemini']);
});

test.each([
  ['retrieve', (set: SetUp) => set.ai.responses.retrieve('resp_g'), 'GET /responses/resp_g'],
  ['cancel', (set: SetUp) => set.ai.responses.cancel('resp_g'), 'POST /responses/resp_g/cancel'],
  ['delete', (set: SetUp) => set.ai.responses.delete('resp_g'), 'DELETE /responses/resp_g'],
  ['inputItems.list', (set: SetUp) => set.ai.responses.inputItems.list('resp_g'), 'GET /responses/resp_g/input_items'],
])('sends %s to the upstream that created the response, with its credentials', async (_name, act, request) => {
  const set = setUpOwner();
  await make(set);
  await act(set);
  expect(set.providers.asked).toEqual(['gemini']);
  const [sent] = set.providers.sent;
  expect(`${sent!.method} ${sent!.path}`).toBe(request);
  expect(sent!.headers.get('authorization')).toBe('Bearer key-of-gemini');
});

test('requests the next page of a list from the same upstream', async () => {
  const set = setUpOwner();
  await make(set);
  const page = (id: string, hasMore: boolean) => json({ object: 'list', data: [{ id }], has_more: hasMore });
  set.providers.script('gemini', page('item_1', true), page('item_2', false));
  const items = [];
  for await (const item of set.ai.responses.inputItems.list('resp_g')) items.push(item.id);
  expect(items).toEqual(['item_1', 'item_2']);
  expect(set.providers.asked).toEqual(['gemini', 'gemini']);
});

test('does not send the credentials of a list request to another provider', async () => {
  const set = setUpOwner();
  await make(set);
  await set.ai.responses.inputItems.list('resp_g', {}, { headers: { authorization: 'Bearer mine' } });
  expect(set.providers.sent[0]!.headers.get('authorization')).toBe('Bearer key-of-gemini');
});

test('sends an unknown id to the assigned upstream', async () => {
  const set = setUp({ upstreams: { gemini: {} }, canary: { weights: { gemini: 1 }, stable: 'gemini' } });
  await set.ai.responses.retrieve('resp_x');
  await set.ai.responses.create({ ...INPUT, previous_response_id: 'resp_x' });
  await set.ai.responses.create({ ...INPUT, conversation: 'conv_x' });
  await set.ai.responses.create({ ...INPUT, conversation: { id: 'conv_x' } });
  expect(set.providers.asked).toEqual(['gemini', 'gemini', 'gemini', 'gemini']);
});

test('route({ upstream }) names the owner of an id', async () => {
  const set = setUpOwner();
  await set.ai.responses.retrieve('resp_x', {}, route({ upstream: 'gemini' }));
  expect(set.providers.asked).toEqual(['gemini']);
});

test.each([
  ['previous_response_id', (set: SetUp) => set.ai.responses.create({ ...INPUT, previous_response_id: 'resp_g' })],
  ['retrieve', (set: SetUp) => set.ai.responses.retrieve('resp_g')],
])('%s does not fall back: another account does not know the id', async (_name, act) => {
  const set = setUpOwner();
  await make(set);
  set.providers.script('gemini', failed(503));
  await errorWithin(set.clock, 0, act(set));
  expect(set.providers.asked).toEqual(['gemini']);
});

test('a response that a fallback created belongs to the fallback', async () => {
  const set = setUpOwner();
  set.providers.script('gemini', failed(503));
  await set.ai.responses.create(INPUT, route({ upstream: 'gemini' }));
  set.providers.sent.length = 0;
  await set.ai.responses.create({ ...INPUT, previous_response_id: 'resp_o' });
  expect(set.providers.asked).toEqual(['openai']);
});

test('remembers the id of a streamed response', async () => {
  const set = setUpOwner();
  const body = { id: 'resp_s', object: 'response', model: 'm', output: [] };
  set.providers.script(
    'gemini',
    events([
      { event: { type: 'response.created', response: { ...body, status: 'in_progress' } } },
      { event: { type: 'response.completed', response: { ...body, status: 'completed' } } },
    ]),
  );
  const stream = await set.ai.responses.create({ ...INPUT, stream: true }, route({ upstream: 'gemini' }));
  for await (const event of stream) void event;
  set.providers.sent.length = 0;
  await set.ai.responses.retrieve('resp_s');
  expect(set.providers.asked).toEqual(['gemini']);
});

/** Content, which hands the stream to its caller. */
const DELTA = { type: 'response.output_text.delta', delta: 'Hel' };

test('knows the id of a streamed response while the stream is running', async () => {
  const set = setUpOwner();
  const body = { id: 'resp_s', object: 'response', model: 'm', output: [], status: 'in_progress' };
  set.providers.script(
    'gemini',
    events([{ event: { type: 'response.created', response: body } }, { event: DELTA }, { waitMs: 60_000 }]),
  );
  const stream = await set.ai.responses.create({ ...INPUT, stream: true }, route({ upstream: 'gemini' }));
  await stream[Symbol.asyncIterator]().next();
  set.providers.sent.length = 0;
  await set.ai.responses.cancel('resp_s');
  expect(set.providers.asked).toEqual(['gemini']);
});
