/** Guarded bytes of a raw event stream. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guardBody } from '../../../src/upstream/stream/guard-body.ts';
import { LoggingGuard } from '../support/logging-guard.ts';
import { sse } from '../support/sdk-stream.ts';

const encoder = new TextEncoder();

/** Passes these pieces through a guard that hides the events `{ hide: true }`. */
async function passed(pieces: readonly (string | Uint8Array | Error)[], init: ResponseInit = {}) {
  const left = [...pieces];
  const guard = new LoggingGuard((chunk) => (chunk as { hide?: boolean }).hide === true);
  const log = { seen: guard.seen, ends: guard.ends, cancelled: undefined as unknown };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = left.shift();
        if (piece === undefined) controller.close();
        else if (piece instanceof Error) controller.error(piece);
        else controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece);
      },
      cancel(reason) {
        log.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  const response = await guardBody(new Response(body, init), body, new AbortController(), guard, false);
  return { response, log, left };
}

const SHOWN = [sse({ n: 1 }), ': keep-alive\n\n', 'event: x\ndata: {"n":2}\n\n', sse('[DONE]')];
const TEXT = SHOWN.join('');

test('passes every byte that is not hidden unchanged', async () => {
  const { response, log } = await passed([TEXT]);
  expect(await response.text()).toBe(TEXT);
  expect(log.seen).toEqual([{ n: 1 }, { n: 2 }]);
  expect(log.ends).toEqual([{ kind: 'done' }]);
});

test('removes a hidden event without a trace', async () => {
  const { response, log } = await passed([SHOWN[0]!, sse({ hide: true }), SHOWN.slice(1).join('')]);
  expect(await response.text()).toBe(TEXT);
  expect(log.seen).toEqual([{ n: 1 }, { hide: true }, { n: 2 }]);
});

test('passes and hides the same events however the bytes are cut', async () => {
  const whole = encoder.encode(`data: {"n":"äöü 🙂"}\r\n\r\n${sse({ hide: true })}${sse({ n: 3 })}data: [DONE]\n\n`);
  const expected = `data: {"n":"äöü 🙂"}\r\n\r\n${sse({ n: 3 })}data: [DONE]\n\n`;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.nat(whole.length), { maxLength: 12 }), async (cuts) => {
      const ends = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      const pieces = ends.slice(1).map((end, index) => whole.slice(ends[index], end));
      const { response, log } = await passed(pieces.filter(({ length }) => length > 0));
      expect(await response.text()).toBe(expected);
      expect(log.seen).toEqual([{ n: 'äöü 🙂' }, { hide: true }, { n: 3 }]);
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('sees and hides a last event without its blank line, as the SDK would read it', async () => {
  const { response, log } = await passed([sse({ n: 1 }), 'data: {"hide":true}\n']);
  expect(await response.text()).toBe(sse({ n: 1 }));
  expect(log.seen).toEqual([{ n: 1 }, { hide: true }]);
});

test('passes the bytes of an event that is cut off', async () => {
  const { response, log } = await passed([sse({ n: 1 }), 'data: {"n"']);
  expect(await response.text()).toBe(`${sse({ n: 1 })}data: {"n"`);
  expect(log.seen).toEqual([{ n: 1 }]);
});

test('reads nothing before the caller reads', async () => {
  const { response, left, log } = await passed([sse({ n: 1 }), sse({ n: 2 })]);
  await Promise.resolve();
  expect(left).toHaveLength(2);
  const reader = response.body!.getReader();
  await reader.read();
  expect(left).toHaveLength(1);
  expect(log.seen).toEqual([{ n: 1 }]);
});

test('aborts and cancels the provider’s stream when the caller cancels', async () => {
  const { response, log } = await passed([TEXT]);
  await response.body!.cancel('enough');
  expect(log.ends).toEqual([{ kind: 'aborted' }]);
  expect(log.cancelled).toBe('enough');
});

test('passes an error of the provider’s stream to the caller', async () => {
  const error = new TypeError('terminated');
  const { response, log } = await passed([sse({ n: 1 }), error]);
  await expect(response.text()).rejects.toBe(error);
  expect(log.ends).toEqual([{ kind: 'error', error }]);
});

test('keeps status and headers', async () => {
  const { response } = await passed([TEXT], { status: 201, statusText: 'Made', headers: { 'x-request-id': 'req_1' } });
  expect([response.status, response.statusText, response.headers.get('x-request-id')]).toEqual([201, 'Made', 'req_1']);
});
