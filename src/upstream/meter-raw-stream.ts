/** Watches the bytes of a raw event stream, and leaves out the events that the caller must not see. */

import type { StreamEnd, StreamWatch } from './meter-stream.ts';

/** A response whose body passes through `watch`; all else of it, and every byte not hidden, is as it was. */
export function meterRawStream(response: Response, watch: StreamWatch): Response {
  const { body } = response;
  if (!body) return response;
  const { status, statusText, headers, url } = response;
  const watched = new Response(watchBytes(body, watch), { status, statusText, headers });
  return Object.defineProperty(watched, 'url', { value: url });
}

function watchBytes(body: ReadableStream<Uint8Array>, watch: StreamWatch): ReadableStream<Uint8Array> {
  // Taken when the caller reads, so that one who asks for the parsed stream after all finds the body free.
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const events = createEventFilter(watch.onChunk);
  let ended = false;
  const end = (how: StreamEnd): void => {
    if (!ended) watch.onEnd(how);
    ended = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          reader ??= body.getReader();
          // A pull that brings nothing would not be repeated: go on until there is something to give.
          for (;;) {
            const { value, done } = await reader.read();
            const bytes = done ? events.rest() : events.pass(value);
            if (bytes.length > 0) controller.enqueue(bytes);
            if (done) {
              end({ kind: 'done' });
              controller.close();
            }
            if (done || bytes.length > 0) return;
          }
        } catch (error) {
          end({ kind: 'error', error });
          controller.error(error);
        }
      },
      async cancel(reason) {
        end({ kind: 'aborted' });
        await (reader ?? body).cancel(reason);
      },
    },
    // Nothing is read before the caller reads.
    { highWaterMark: 0 },
  );
}

/** Cuts a byte stream into server-sent events and drops those that `hides` claims. */
function createEventFilter(hides: (chunk: unknown) => boolean) {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const encoder = new TextEncoder();
  let pending = '';
  return {
    pass(bytes: Uint8Array): Uint8Array {
      pending += decoder.decode(bytes, { stream: true });
      const events = pending.split(/(?<=\r\n\r\n|\n\n|\r\r)/);
      // The last piece is an event only if it ends as one.
      pending = /(\r\n\r\n|\n\n|\r\r)$/.test(pending) ? '' : (events.pop() ?? '');
      return encoder.encode(events.filter((event) => !hides(payload(event))).join(''));
    },
    rest(): Uint8Array {
      // The SDK, too, takes a last event that lacks its blank line.
      const last = pending + decoder.decode();
      return encoder.encode(hides(payload(last)) ? '' : last);
    },
  };
}

/** The JSON of an event's `data:` lines; `undefined` for comments, `[DONE]` and what is not JSON. */
function payload(event: string): unknown {
  const data = event
    .split(/\r\n|\n|\r/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n');
  if (!data.startsWith('{')) return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
