/** The ways in which a simulated provider fails. */

/** A fault, and how often it strikes. */
export type Fault = FaultKind & {
  /** How many requests it strikes before it is gone. @default every request */
  readonly times?: number | undefined;
};

/**
 * What goes wrong. Chunks are the events of a stream as they are sent: the first one of a chat stream carries the role
 * and no words. A JSON answer counts as one chunk, and is halved where a stream would be cut.
 */
export type FaultKind =
  /** An error status. `body` is sent as it is if it is a string. @default OpenAI's error of that status */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>> | undefined;
      readonly body?: unknown;
    }
  /** The connection breaks before any header. */
  | { readonly kind: 'reset' }
  /** Nothing at all: for `forMs`, then the answer. @default for ever */
  | { readonly kind: 'silence'; readonly forMs?: number | undefined }
  /** Headers at once, the first chunk (or the body) this much later. */
  | { readonly kind: 'lateFirstToken'; readonly delayMs: number }
  /** The connection breaks after this many chunks. */
  | { readonly kind: 'cut'; readonly afterChunks: number }
  /** The answer ends cleanly after this many chunks: no `finish_reason`, no `[DONE]`. */
  | { readonly kind: 'endEarly'; readonly afterChunks: number }
  /** Nothing comes after this many chunks: for `forMs`, then the rest. @default for ever */
  | { readonly kind: 'stall'; readonly afterChunks: number; readonly forMs?: number | undefined }
  /** The chunk with this number, from 0, is no JSON. */
  | { readonly kind: 'malformedChunk'; readonly chunk: number }
  /** Everything but the final `[DONE]`. */
  | { readonly kind: 'noDone' }
  /** An error under status 200: an event after this many chunks, or the whole JSON body. @default OpenAI's overload error */
  | { readonly kind: 'errorEvent'; readonly afterChunks: number; readonly error?: unknown }
  /** A page of a proxy instead of an answer. @default status 502 */
  | { readonly kind: 'html'; readonly status?: number | undefined }
  /** Headers without a body. @default status 200 */
  | { readonly kind: 'emptyBody'; readonly status?: number | undefined }
  /** 400 `context_length_exceeded`. */
  | { readonly kind: 'contextLength' }
  /** 400 `content_filter`. */
  | { readonly kind: 'contentFilter' };
