/** Requests bypass the SDK's promise only where that changes nothing. */

import { APIPromise, OpenAI } from 'openai';
import { expect, test, vi } from 'vitest';
import { DirectResponse, createSender, type PendingResponse } from '../../../src/upstream/sdk/send.ts';
import type { RequestOptions, ResponseProps } from '../../../src/upstream/sdk/types.ts';

const optionsOf = (id: string): RequestOptions => ({ method: 'get', path: `/models/${id}`, maxRetries: 0 });

const pathOf = (url: string | URL | Request): string => new URL(url instanceof Request ? url.url : url).pathname;

function recording() {
  const paths: string[] = [];
  const fetch = async (url: string | URL | Request): Promise<Response> => {
    const pathname = pathOf(url);
    paths.push(pathname);
    return Response.json({ id: pathname }, { headers: { 'x-request-id': 'r-1' } });
  };
  return { paths, fetch };
}

const clientOf = (fetch: typeof globalThis.fetch, Class: typeof OpenAI = OpenAI): OpenAI =>
  new Class({ apiKey: 'k', baseURL: 'https://api.test', fetch });

/** Sends requests one after the other and reads each answer. */
async function sendAll(client: OpenAI, ids: readonly string[]): Promise<{ sent: PendingResponse[]; read: unknown[] }> {
  const send = createSender(client, client);
  const sent: PendingResponse[] = [];
  const read: unknown[] = [];
  for (const id of ids) {
    const one = send(optionsOf(id), null);
    sent.push(one);
    read.push((await one.parse()).data);
  }
  return { sent, read };
}

const isBare = (sent: readonly PendingResponse[]): boolean[] => sent.map((one) => one instanceof DirectResponse);

test('bypasses the SDK’s promise from the third request on, and sends each request once', async () => {
  const { paths, fetch } = recording();
  const { sent, read } = await sendAll(clientOf(fetch), ['a', 'b', 'c', 'd']);
  expect(isBare(sent)).toEqual([false, false, true, true]);
  expect(paths).toEqual(['/models/a', '/models/b', '/models/c', '/models/d']);
  expect(read).toEqual(paths.map((id) => ({ id })));
  expect(read.map((data) => (data as { _request_id: unknown })._request_id)).toEqual(['r-1', 'r-1', 'r-1', 'r-1']);
});

test('returns the same response, properties and body with and without the SDK’s promise', async () => {
  const { fetch } = recording();
  const { sent } = await sendAll(clientOf(fetch), ['a', 'b']);
  const client = clientOf(fetch);
  const send = createSender(client, client);
  for (const id of ['x', 'y']) await send(optionsOf(id), 0).parse();
  const bare = send(optionsOf('z'), 0);
  expect(bare).toBeInstanceOf(DirectResponse);
  const props = await bare.props!;
  expect(await bare.response()).toBe(props.response);
  expect(await bare.dataOf(props)).toEqual({ id: '/models/z' });
  expect(Object.keys(props).toSorted()).toEqual(Object.keys(await sent[0]!.props!).toSorted());
});

test('leaves no property of the inspection on the client', async () => {
  const client = clientOf(recording().fetch);
  const before = Reflect.ownKeys(client);
  await sendAll(client, ['a', 'b', 'c']);
  expect(Reflect.ownKeys(client)).toEqual(before);
});

class Changing extends OpenAI {
  override request<Rsp>(...[options, retries]: Parameters<OpenAI['request']>): APIPromise<Rsp> {
    const changed = Promise.resolve(options).then((given) => ({ ...given, path: '/changed' }));
    return super.request(changed, retries);
  }
}

class Unwrapping extends OpenAI {
  override request<Rsp>(...args: Parameters<OpenAI['request']>): APIPromise<Rsp> {
    return super.request(...args)._thenUnwrap(() => 'unwrapped' as Rsp);
  }
}

test.each([
  ['changes what is sent', Changing, (paths: readonly string[]) => paths, ['/changed', '/changed', '/changed']],
  ['changes what is read', Unwrapping, (_: unknown, read: unknown) => read, ['unwrapped', 'unwrapped', 'unwrapped']],
])('always calls a request() that %s', async (_name, Class, seenOf, expected) => {
  const { paths, fetch } = recording();
  const { sent, read } = await sendAll(clientOf(fetch, Class), ['a', 'b', 'c']);
  expect(isBare(sent)).toEqual([false, false, false]);
  expect(seenOf(paths, read)).toEqual(expected);
});

test('always calls a request() that does more than to make its request, and only for requests', async () => {
  const called: unknown[] = [];
  class Recording extends OpenAI {
    override request<Rsp>(...[options, retries]: Parameters<OpenAI['request']>): APIPromise<Rsp> {
      called.push((options as RequestOptions).path);
      // Private in the types: makeRequest(), as the SDK's own request() calls it.
      const { makeRequest } = this as unknown as { makeRequest: (...args: unknown[]) => Promise<ResponseProps> };
      return new APIPromise<Rsp>(this, makeRequest.call(this, options, retries, undefined));
    }
  }
  const { fetch, paths } = recording();
  const { sent } = await sendAll(clientOf(fetch, Recording), ['a', 'b', 'c']);
  expect(isBare(sent)).toEqual([false, false, false]);
  expect([called, paths]).toEqual([
    ['/models/a', '/models/b', '/models/c'],
    ['/models/a', '/models/b', '/models/c'],
  ]);
});

/** Not a spy of the test runner, which reads the result of promises. */
function trace(client: OpenAI): RequestOptions[] {
  const original = client.request;
  const traced: RequestOptions[] = [];
  client.request = function <Rsp>(this: OpenAI, ...args: Parameters<OpenAI['request']>): APIPromise<Rsp> {
    traced.push(args[0] as RequestOptions);
    return original.apply(this, args) as APIPromise<Rsp>;
  };
  return traced;
}

test('always calls a request() that only delegates, as tracing does', async () => {
  const client = clientOf(recording().fetch);
  const traced = trace(client);
  const { sent } = await sendAll(client, ['a', 'b', 'c']);
  expect(isBare(sent)).toEqual([false, false, false]);
  expect(traced.map(({ path }) => path)).toEqual(['/models/a', '/models/b', '/models/c']);
});

test('calls a request() that replaces the SDK’s later', async () => {
  const client = clientOf(recording().fetch);
  const send = createSender(client, client);
  for (const id of ['a', 'b', 'c']) await send(optionsOf(id), 0).parse();
  const traced = trace(client);
  for (const id of ['d', 'e', 'f']) await send(optionsOf(id), 0).parse();
  expect(traced.map(({ path }) => path)).toEqual(['/models/d', '/models/e', '/models/f']);
});

test('shows a spy on makeRequest() every request, and only those that are sent', async () => {
  const { paths, fetch } = recording();
  const client = clientOf(fetch);
  const spy = vi.spyOn(client as unknown as { makeRequest: () => unknown }, 'makeRequest');
  await sendAll(client, ['a', 'b', 'c']);
  expect(spy).toHaveBeenCalledTimes(3);
  expect(paths).toEqual(['/models/a', '/models/b', '/models/c']);
});

test('shows a later spy on makeRequest() every request from then on', async () => {
  const client = clientOf(recording().fetch);
  const send = createSender(client, client);
  for (const id of ['a', 'b', 'c']) await send(optionsOf(id), 0).parse();
  const spy = vi.spyOn(client as unknown as { makeRequest: () => unknown }, 'makeRequest');
  await send(optionsOf('d'), 0).parse();
  expect(spy).toHaveBeenCalledTimes(1);
});

test('sends through a frozen client', async () => {
  const client = clientOf(recording().fetch);
  Object.freeze(client);
  const { sent } = await sendAll(client, ['a', 'b', 'c']);
  expect(isBare(sent)).toEqual([false, false, false]);
});

test.each(['a', 'b', 'c'])('rejects with the SDK’s error when request %s fails', async (failing) => {
  const fetch = async (url: string | URL | Request): Promise<Response> =>
    pathOf(url).endsWith(failing) ? Response.json({ error: { message: 'no' } }, { status: 400 }) : Response.json({});
  const client = clientOf(fetch);
  const send = createSender(client, client);
  const outcomes: unknown[] = [];
  for (const id of ['a', 'b', 'c'])
    outcomes.push(
      await send(optionsOf(id), 0)
        .parse()
        .catch((error: unknown) => error),
    );
  expect(outcomes.map((outcome) => outcome instanceof OpenAI.BadRequestError)).toEqual(
    ['a', 'b', 'c'].map((id) => id === failing),
  );
});
