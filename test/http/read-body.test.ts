/** `readBody`: bodies up to a limit. */

import { expect, test, vi } from 'vitest';
import { readBody } from '../../src/http/read-body.ts';

const post = (body: BodyInit, headers = {}): Request =>
  new Request('http://localhost/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit);

/** Chunks of ten bytes without end. */
const endless = (cancel: () => void): ReadableStream =>
  new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10)), cancel });

test('a body up to the limit is read whole', async () => {
  expect(await readBody(post('0123456789'), 10)).toEqual(new TextEncoder().encode('0123456789'));
});

test('a body in chunks is joined', async () => {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array([1]));
      controller.enqueue(new Uint8Array([2, 3]));
      controller.close();
    },
  });
  expect(await readBody(post(body), 3)).toEqual(Buffer.from([1, 2, 3]));
});

test('a request without a body has none', async () => {
  expect(await readBody(new Request('http://localhost/'), 0)).toHaveLength(0);
});

test('a body that turns out too large is cancelled', async () => {
  const cancel = vi.fn();
  expect(await readBody(post(endless(cancel)), 25)).toBe('tooLarge');
  expect(cancel).toHaveBeenCalledOnce();
});

test('a body that says it is too large is cancelled unread', async () => {
  const cancel = vi.fn();
  const pull = vi.fn();
  const body = new ReadableStream({ pull, cancel }, { highWaterMark: 0 });
  expect(await readBody(post(body, { 'content-length': '26' }), 25)).toBe('tooLarge');
  expect(cancel).toHaveBeenCalledOnce();
  expect(pull).not.toHaveBeenCalled();
});

test('a body that breaks off rejects', async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error('left')) });
  await expect(readBody(post(body), 25)).rejects.toThrow('left');
});
