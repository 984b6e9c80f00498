/** The SDK's streams, as far as its types do not show them. */

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
