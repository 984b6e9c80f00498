/** The faults of a simulated provider. */

/** A fault and how often it applies. */
export type Fault = FaultKind & {
  /** The number of requests that get the fault. @default every request */
  readonly times?: number | undefined;
};

/**
 * The kind of a fault. Chunks are the events of a stream as they are sent; the first one of a chat stream has the role and no
 * text. A JSON answer counts as one chunk; it is cut in half where a stream would be cut.
 */
export type FaultKind =
  /** An error status. A string as `body` is sent unchanged. @default OpenAI's error for that status */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly body?: unknown;
    }
  /** The connection breaks before any header. */
  | { readonly kind: 'reset' }
  /** No response for `forMs`, then the answer. @default no response at all */
  | { readonly kind: 'silence'; readonly forMs?: number | undefined }
  /** The headers at once, the first chunk (or the body) after `delayMs`. */
  | { readonly kind: 'lateFirstToken'; readonly delayMs: number }
  /** The connection breaks after `afterChunks` chunks. */
  | { readonly kind: 'cut'; readonly afterChunks: number }
  /** The answer ends cleanly after `afterChunks` chunks, without `finish_reason` and `[DONE]`. */
  | { readonly kind: 'endEarly'; readonly afterChunks: number }
  /** After `afterChunks` chunks the stream pauses for `forMs`, then continues. @default it never continues */
  | { readonly kind: 'stall'; readonly afterChunks: number; readonly forMs?: number | undefined }
  /** The chunk with this number, counted from 0, is not valid JSON. */
  | { readonly kind: 'malformedChunk'; readonly chunk: number }
  /** The final `[DONE]` is missing. */
  | { readonly kind: 'noDone' }
  /**
   * An error with status 200: an event after `afterChunks` chunks, or the JSON body. @default OpenAI's overload error
   */
  | { readonly kind: 'errorEvent'; readonly afterChunks: number; readonly error?: unknown }
  /** The HTML page of a proxy instead of an answer. @default status 502 */
  | { readonly kind: 'html'; readonly status?: number | undefined }
  /** Headers and an empty body. @default status 200 */
  | { readonly kind: 'emptyBody'; readonly status?: number | undefined }
  /** 400 `context_length_exceeded`. */
  | { readonly kind: 'contextLength' }
  /** 400 `content_filter`. */
  | { readonly kind: 'contentFilter' };
