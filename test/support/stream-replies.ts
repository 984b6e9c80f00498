/** Event streams of a scripted provider. */

import type { Reply, RequestInHand } from './replies.ts';

/** One step of a stream: an event, or a wait in ms on the test's clock. */
export type StreamStep = { readonly event: unknown } | { readonly waitMs: number } | { readonly breakWith: Error };

/** A stream of server-sent events; `done` ends it with `[DONE]`. */
export function events(steps: readonly StreamStep[], { done = true } = {}): Reply {
  return (request) =>
    new Response(bodyOf(request, [...steps, ...(done ? [{ event: '[DONE]' }] : [])]), {
      headers: { 'content-type': 'text/event-stream' },
    });
}

/** A chat stream of these words. It has usage only if the request asks for it. */
export function chatStream(words: readonly string[], { everyMs = 0, finish = true } = {}): Reply {
  return (request) => {
    const wait = everyMs > 0 ? [{ waitMs: everyMs }] : [];
    const chunks = words.flatMap((content) => [
      ...wait,
      { event: chunk(request, { delta: { role: 'assistant', content } }) },
    ]);
    const end = finish ? [...wait, { event: chunk(request, { delta: {}, finish_reason: 'stop' }) }] : [];
    const usage = finish && asksForUsage(request) ? [{ event: usageChunk(request) }] : [];
    return events([...chunks, ...end, ...usage], { done: finish })(request);
  };
}

/** A chunk with one choice. */
export function chunk({ body }: Pick<RequestInHand, 'body'>, choice: Readonly<Record<string, unknown>>): unknown {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 0,
    model: body.model,
    choices: [{ index: 0, finish_reason: null, ...choice }],
  };
}

function usageChunk({ body }: RequestInHand): unknown {
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 0, model: body.model, choices: [], usage };
}

function asksForUsage({ body }: RequestInHand): boolean {
  const options = body.stream_options as { include_usage?: boolean } | undefined;
  return options?.include_usage === true;
}

function bodyOf({ wait, signal }: RequestInHand, steps: readonly StreamStep[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const left = [...steps];
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal?.addEventListener('abort', () => controller.error(signal.reason), { once: true });
      },
      async pull(controller) {
        for (let step = left.shift(); step !== undefined; step = left.shift()) {
          if ('breakWith' in step) return controller.error(step.breakWith);
          if ('waitMs' in step) {
            try {
              await wait(step.waitMs);
            } catch {
              // The abort has already ended the stream.
              return;
            }
            continue;
          }
          const data = typeof step.event === 'string' ? step.event : JSON.stringify(step.event);
          return controller.enqueue(encoder.encode(`data: ${data}\n\n`));
        }
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}
