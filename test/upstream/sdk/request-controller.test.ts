/** Exposes the controller of a request in flight. */

import { OpenAI, type ClientOptions } from 'openai';
import { expect, test } from 'vitest';
import { isX509, markControlled, showControllers } from '../../../src/upstream/sdk/request-controller.ts';

interface Prepared {
  readonly shown: AbortController[];
  readonly sent: RequestInit[];
  readonly client: OpenAI;
}

/** A client whose requests are never answered, and marked if `marks` says so. */
function prepare({ marks = true, ...options }: ClientOptions & { marks?: boolean } = {}): Prepared {
  const shown: AbortController[] = [];
  const sent: RequestInit[] = [];
  class Marking extends OpenAI {
    protected override async prepareRequest(request: RequestInit): Promise<void> {
      if (marks) markControlled(request, { controlledBy: (controller) => void shown.push(controller) });
    }
  }
  const fetch = (_url: unknown, init: RequestInit = {}): Promise<Response> => {
    sent.push(init);
    return new Promise((_resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('Aborted.', 'AbortError')));
    });
  };
  const client = new Marking({ apiKey: 'test', maxRetries: 0, fetch, ...options });
  return { shown, sent, client };
}

const ask = (client: OpenAI) => client.chat.completions.create({ model: 'm', messages: [] });

test('exposes the controller of a marked request before its headers arrive', async () => {
  const { client, shown } = prepare();
  expect(showControllers(client)).toBe(true);
  const answer = ask(client);
  const failed = answer.catch((error: unknown) => error);
  await expect.poll(() => shown.length).toBe(1);
  shown[0]?.abort();
  expect(await failed).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
});

test('passes no trace of the mark to fetch', async () => {
  const { client, shown, sent } = prepare();
  showControllers(client);
  ask(client).catch(() => undefined);
  await expect.poll(() => sent.length).toBe(1);
  expect(Object.getOwnPropertySymbols(sent[0])).toEqual([]);
  expect(Object.keys(client)).not.toContain('fetchWithAuth');
  shown[0]?.abort();
});

test('sends a request without a mark unchanged', async () => {
  const { client, shown, sent } = prepare({ marks: false });
  showControllers(client);
  const controller = new AbortController();
  const answer = client.chat.completions.create({ model: 'm', messages: [] }, { signal: controller.signal });
  const failed = answer.catch((error: unknown) => error);
  await expect.poll(() => sent.length).toBe(1);
  controller.abort();
  expect(await failed).toBeInstanceOf(OpenAI.APIUserAbortError);
  expect(shown).toEqual([]);
});

test('does not hook a client with a certificate, which rejects hooks', () => {
  const { client } = prepare();
  Object.assign(client, { _options: { x509Transport: {} } });
  expect(showControllers(client)).toBe(false);
  expect(Object.hasOwn(client, 'fetchWithAuth')).toBe(false);
  expect([isX509({ credential: {} }), isX509({ apiKey: 'a' })]).toEqual([true, false]);
});

test('does not hook an SDK without fetchWithAuth', () => {
  const { client } = prepare();
  Object.assign(client, { fetchWithAuth: undefined });
  expect(showControllers(client)).toBe(false);
});
