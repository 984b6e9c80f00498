/** Watches a stream in place: the caller keeps the SDK's own `Stream` object, and sees its chunks as they come. */

/** How a stream ended: it ran out, it threw, or the caller left it. */
export type StreamEnd =
  { readonly kind: 'done' } | { readonly kind: 'error'; readonly error: unknown } | { readonly kind: 'aborted' };

export interface StreamWatch {
  /** Called with every chunk; `true` hides it from the caller. */
  readonly onChunk: (chunk: unknown) => boolean;
  /** Called once. */
  readonly onEnd: (end: StreamEnd) => void;
}

/** The parts of the SDK's `Stream` that its types do not show. */
export interface StreamInternals {
  readonly controller: AbortController;
  iterator: () => AsyncIterator<unknown>;
}

/** Whether the parsed body of a streaming call is a stream that can be watched. */
export function isStream(data: unknown): data is StreamInternals {
  return (
    typeof data === 'object' &&
    data !== null &&
    'controller' in data &&
    'iterator' in data &&
    typeof data.iterator === 'function'
  );
}

/**
 * Replaces the iterator of `stream` by one that tells `watch` what passes. `tee()`, `toReadableStream()` and `for await`
 * all begin with that iterator, so that all of them are watched.
 */
export function meterStream(stream: StreamInternals, watch: StreamWatch): void {
  const open = stream.iterator.bind(stream);
  const { signal } = stream.controller;
  let opened = false;
  let ended = false;
  let pulling = 0;
  const end = (how: StreamEnd): void => {
    if (ended) return;
    ended = true;
    signal.removeEventListener('abort', onAbort);
    watch.onEnd(how);
  };
  // While a chunk is awaited, the SDK aborts its own controller before it throws: what it throws tells more.
  const onAbort = (): void => {
    if (pulling === 0) end({ kind: 'aborted' });
  };
  signal.addEventListener('abort', onAbort, { once: true });
  stream.iterator = () => {
    const source = open();
    // A stream can be read once; a second reader gets the SDK's error, which says nothing about the upstream.
    if (opened) return source;
    opened = true;
    // A hidden chunk costs a second pull, and two readers may pull at once: one pull at a time keeps the order.
    let tail: Promise<unknown> | undefined;
    const pull = async (): Promise<IteratorResult<unknown>> => {
      try {
        for (;;) {
          const result = await source.next();
          if (result.done) {
            end(signal.aborted ? { kind: 'aborted' } : { kind: 'done' });
            return result;
          }
          if (!watch.onChunk(result.value)) return result;
        }
      } catch (error) {
        end({ kind: 'error', error });
        throw error;
      } finally {
        pulling -= 1;
        if (pulling === 0) tail = undefined;
      }
    };
    const next = (): Promise<IteratorResult<unknown>> => {
      pulling += 1;
      const turn = tail ? tail.then(pull, pull) : pull();
      tail = turn;
      return turn;
    };
    return {
      next,
      return: async (value?: unknown): Promise<IteratorResult<unknown>> => {
        end({ kind: 'aborted' });
        return (await source.return?.(value)) ?? { done: true, value };
      },
    };
  };
}
