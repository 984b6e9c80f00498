/** Observes the bytes of a stream, and detects its `[DONE]` however the bytes are cut. */

import { describe, expect, test } from 'vitest';
import { BodyWatch } from '../../../src/upstream/stream/body-watch.ts';

/** The stream in pieces of `size` bytes. */
function inPieces(text: string, size: number): Response {
  const bytes = new TextEncoder().encode(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.slice(at * size, (at + 1) * size),
  );
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece) controller.enqueue(piece);
      else controller.close();
    },
  });
  return new Response(body, { status: 201, headers: { 'x-request-id': 'r' } });
}

describe.each([1, 2, 5, 13, 1_000])('in pieces of %i bytes', (size) => {
  test.each([
    'data: [DONE]',
    'data: {"ü":1}\n\ndata: [DONE]\n\n',
    'data: {}\r\n\r\ndata:[DONE]',
    ': hi\rdata: [DONE]\r',
  ])('detects it once in %j', async (text) => {
    const { watch, seen, read } = watched(text, size);
    expect(await read()).toBe(text);
    expect([watch.watches, watch.doneSeen, seen.done]).toEqual([true, true, 1]);
    expect(seen.pieces).toBe(Math.ceil(new TextEncoder().encode(text).length / size));
  });

  test('detects it for a reader that iterates', async () => {
    const { watch, response } = watched('data: {}\n\ndata: [DONE]\n\n', size);
    for await (const piece of response.body!) void piece;
    expect(watch.doneSeen).toBe(true);
  });

  test.each(['', 'data: {"content":"\\ndata: [DONE]"}\n\n', 'data: [DON', 'event: [DONE]\n\n'])(
    'does not detect it in %j',
    async (text) => {
      const { watch, read } = watched(text, size);
      expect(await read()).toBe(text);
      expect(watch.doneSeen).toBe(false);
    },
  );
});

test('reports a reader that asks again, once bytes were read', async () => {
  const { watch, response } = watched(': hi\n\ndata: {}\n\n', 6);
  let asked = false;
  const hungry = watch.hungry().then(() => (asked = true));
  const reader = response.body!.getReader();
  await reader.read();
  expect(asked).toBe(false);
  await reader.read();
  await hungry;
  expect(asked).toBe(true);
});

test('reads nothing ahead, and passes cancellation on', async () => {
  for (const iterates of [false, true]) {
    let [pulled, cancelled] = [0, false];
    const source = {
      pull: (controller: ReadableStreamDefaultController<Uint8Array>) => {
        pulled += 1;
        controller.enqueue(new Uint8Array([1]));
      },
      cancel: () => void (cancelled = true),
    };
    const response = new Response(new ReadableStream<Uint8Array>(source, { highWaterMark: 0 }));
    new BodyWatch().watch(response);
    expect(pulled).toBe(0);
    if (iterates) for await (const piece of response.body!) if (piece) break;
    if (!iterates) await response.body!.getReader().cancel();
    expect([pulled, cancelled]).toEqual([iterates ? 1 : 0, true]);
  }
});

test('a response without a body is not watched', () => {
  const watch = new BodyWatch();
  watch.watch(new Response(null));
  expect(watch.watches).toBe(false);
});

/** A watched response, what the watch has reported, and its text as a reader reads it. */
function watched(text: string, size: number) {
  const response = inPieces(text, size);
  const watch = new BodyWatch();
  const seen = { done: 0, pieces: 0 };
  watch.observer = {
    doneRead: () => void (seen.done += 1),
    bytesRead: () => void (seen.pieces += 1),
  };
  watch.watch(response);
  const read = async (): Promise<string> => {
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let whole = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      whole += decoder.decode(part.value, { stream: true });
    }
    return whole;
  };
  return { watch, seen, response, read };
}
