/** What the reader of a stream asks and tells. */

import type { IdleTimeout } from './idle-timeout.ts';

/** How a stream ended: it ran out, it threw, or the caller left it. */
export type StreamEnd =
  { readonly kind: 'done' } | { readonly kind: 'error'; readonly error: unknown } | { readonly kind: 'aborted' };

/** Held back still, given to the caller, or left by it and read on. */
export type StreamStage = 'held' | 'committed' | 'left';

/** What the guard asks and tells. */
export interface StreamGuard<Item = unknown> {
  /** Takes note of an item. */
  see(item: Item): void;
  /** The caller must not see this one. */
  hides(item: Item): boolean;
  /** Enough has come for the caller to have it: from here on nothing else can answer the call. */
  isCommitted(): boolean;
  /**
   * Called once, when the stream has ended: what the caller's `next()` throws in place of an ending, `undefined` for one as it
   * should be.
   */
  onEnd(how: StreamEnd, stage: StreamStage): unknown;
  readonly idle: IdleTimeout | undefined;
  /** A stream that the caller leaves is read on to its end. */
  readonly drains: boolean;
  /** Where it stands while it is young; absent where it is watched from its beginning. */
  readonly openReaders?: { watch(handle: object, reader: Watched, controller: AbortController): void } | undefined;
}

/** Is told when a reader has nothing more to be hung up on. */
export interface ReaderWatch {
  over(): void;
}

/** A reader that may be forgotten. */
export interface Watched {
  readonly isOver: boolean;
  watch: ReaderWatch | undefined;
  /** Nobody can read on: as if the caller had left. `controller` ends the stream. */
  abandon(controller: AbortController): void;
}
