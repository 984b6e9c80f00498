/** Detects the `[DONE]` of a stream however its bytes are cut. */

import { describe, expect, test } from 'vitest';
import { DoneMarkerDetector } from '../../../src/upstream/stream/done-marker.ts';

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
    const watch = new DoneMarkerDetector();
    let times = 0;
    watch.onSeen = () => void (times += 1);
    expect(await watch.watch(inPieces(text, size)).text()).toBe(text);
    expect([watch.seen, times]).toEqual([true, 1]);
  });

  test.each(['', 'data: {"content":"\\ndata: [DONE]"}\n\n', 'data: [DON', 'event: [DONE]\n\n'])(
    'does not detect it in %j',
    async (text) => {
      const watch = new DoneMarkerDetector();
      expect(await watch.watch(inPieces(text, size)).text()).toBe(text);
      expect(watch.seen).toBe(false);
    },
  );
});

test('keeps status and headers, reads nothing ahead and passes cancellation on', async () => {
  let [pulled, cancelled] = [0, ''];
  const source = { pull: () => void (pulled += 1), cancel: (reason: string) => void (cancelled = reason) };
  const body = new ReadableStream<Uint8Array>(source, { highWaterMark: 0 });
  const watched = new DoneMarkerDetector().watch(new Response(body, { status: 201, headers: { 'x-request-id': 'r' } }));
  await new Promise(setImmediate);
  expect([watched.status, watched.headers.get('x-request-id'), pulled]).toEqual([201, 'r', 0]);
  await watched.body!.cancel('left');
  expect(cancelled).toBe('left');
});
