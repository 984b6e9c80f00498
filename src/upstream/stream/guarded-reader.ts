/** Reads a stream under the eyes of a guard: first ahead of the caller, then at the caller's pace. */

import type { AbandonedStreams, ReaderWatch, Watched } from './abandoned-streams.ts';
import type { SilenceLimit } from './silence-limit.ts';

/** How a stream ended: it ran out, it threw, or the caller left it. */
export type StreamEnd =
  { readonly kind: 'done' } | { readonly kind: 'error'; readonly error: unknown } | { readonly kind: 'aborted' };

/** The chunks are held back, given to the caller, or no longer wanted because the caller has left. */
export type StreamStage = 'held' | 'committed' | 'left';

/** What a reader asks its guard, and reports to it. */
export interface ReaderGuard {
  /** Called for each chunk, in order. */
  see(chunk: unknown): void;
  /** The caller must not see this chunk. */
  hides(chunk: unknown): boolean;
  /** The caller may have what was read. After this, no other upstream can answer the call. */
  isCommitted(): boolean;
  /**
   * Called once, when the stream has ended. The result is what the caller's `next()` throws in place of the end; `undefined` throws
   * nothing, or the stream's own error.
   */
  onEnd(how: StreamEnd, stage: StreamStage): unknown;
  readonly silence: SilenceLimit | undefined;
  /** More is to be read before the stream is handed over, up to the commitment. Otherwise it is handed over after its first event. */
  readonly holds: boolean;
  /** Resolves when the stream has sent bytes that are no event, such as a comment. Absent: not awaited. */
  readonly hungry?: Promise<undefined> | undefined;
  /** A stream that the caller leaves is read to its end. When that begins, `limitDrain` is called. */
  readonly drains: boolean;
  limitDrain?(): void;
  /** Registers the stream for garbage collection later. Absent: registers at once. */
  readonly openReaders?: AbandonedStreams | undefined;
}

/** The one reader of a stream, in place of its own iterator. The guard sees the chunk that `chunkOf` finds in each item. */
export class GuardedReader<Item = unknown> implements AsyncIterator<Item, unknown>, Watched {
  readonly #signal: AbortSignal;
  readonly #chunkOf: (item: Item) => unknown;
  /** Released when nothing more can arrive. */
  #guard: ReaderGuard | undefined;
  /** The end was reported. */
  isOver = false;
  /** Released when it has nothing more to give. */
  #source: AsyncIterator<Item, unknown> | undefined;
  /** Cancels the stream when its handle is garbage-collected. */
  watch: ReaderWatch | undefined;
  /** Read before the caller asked. */
  readonly #held = new ChunkBuffer<Result<Item> | Promise<Result<Item>>>();
  #stage: StreamStage;
  /** The stream broke off while no read was pending: the next read throws this. */
  #pendingError: unknown;
  #pendingPulls = 0;
  #lastPull: Promise<unknown> | undefined;

  /** `signal` is that of the stream itself. It is garbage-collected with the stream, so the listener is never removed. */
  constructor(
    source: AsyncIterator<Item, unknown>,
    signal: AbortSignal,
    guard: ReaderGuard,
    chunkOf: (item: Item) => unknown = itself,
  ) {
    this.#guard = guard;
    this.#stage = guard.isCommitted() ? 'committed' : 'held';
    this.#source = source;
    this.#signal = signal;
    this.#chunkOf = chunkOf;
    signal.addEventListener('abort', this, { once: true });
  }

  /**
   * Reads up to the commitment, or up to the first event if nothing is held back.
   *
   * @throws the result of `onEnd`, where the stream ended before its commitment
   */
  async prime(): Promise<void> {
    const guard = this.#guard;
    while (guard?.isCommitted() === false) {
      this.#pendingPulls += 1;
      const pull = this.#pull();
      const result = await (guard.hungry && !guard.holds ? Promise.race([pull, guard.hungry]) : pull);
      // A pending read is the caller's, and so is its error.
      if (!result) (this.#lastPull = pull).catch(() => undefined);
      this.#held.push(result ?? pull);
      if (!guard.holds || !result || result.done) break;
    }
    this.#stage = 'committed';
  }

  next(): Promise<Result<Item>> {
    if (this.#stage === 'left') return Promise.resolve(OVER);
    const held = this.#held.take();
    if (held) return Promise.resolve(held);
    this.#pendingPulls += 1;
    const pull = this.#lastPull ? this.#pullAfter(this.#lastPull) : this.#pull();
    this.#lastPull = pull;
    return pull;
  }

  /** A hidden chunk costs a second pull, and two callers may read at once: one pull at a time keeps the order. */
  #pullAfter(last: Promise<unknown>): Promise<Result<Item>> {
    return last.catch(() => undefined).then(() => this.#pull());
  }

  async return(value?: unknown): Promise<Result<Item>> {
    const [guard, source] = [this.#guard, this.#source];
    this.#stage = 'left';
    if (guard?.drains && source && !this.isOver) {
      const last = this.#lastPull?.catch(() => undefined) ?? Promise.resolve();
      void last.then(() => this.#drain(source, guard)).then(() => this.#endLeft());
      return { done: true, value };
    }
    this.#end({ kind: 'aborted' });
    const returned = await source?.return?.(value);
    this.#endLeft();
    return returned ?? { done: true, value };
  }

  abandon(controller: AbortController): void {
    if (this.isOver || this.#stage === 'left') return;
    const again = (): void => this.abandon(controller);
    // A pending read is answered first: its promise may still have a reader.
    if (this.#lastPull) return void this.#lastPull.then(again, again);
    if (!this.#guard?.drains) controller.abort();
    this.return().catch(() => undefined);
  }

  /** The next chunk that the caller may see. Uses callbacks, since an async function for each chunk costs twice as much. */
  #pull(): Promise<Result<Item>> {
    this.#guard?.silence?.waiting();
    return this.#source
      ? this.#source.next().then(this.#onResult, this.#onError)
      : Promise.resolve(OVER).then(this.#onResult);
  }

  readonly #onResult = (result: Result<Item>): Result<Item> | Promise<Result<Item>> => {
    const guard = this.#guard;
    guard?.silence?.received();
    if (!result.done && guard) {
      const chunk = this.#chunkOf(result.value);
      // An event without a chunk, such as a keep-alive, passes unseen.
      if (chunk !== undefined) {
        guard.see(chunk);
        if (guard.hides(chunk)) return this.#pull();
      }
    }
    this.#pulled();
    return result.done ? this.#done() : result;
  };

  readonly #onError = (error: unknown): never => {
    this.#pulled();
    const thrown = this.isOver ? error : (this.#end({ kind: 'error', error }) ?? error);
    this.#release();
    throw thrown;
  };

  #pulled(): void {
    this.#pendingPulls -= 1;
    if (this.#pendingPulls === 0) this.#lastPull = undefined;
  }

  #done(): Result<Item> {
    const error = this.#end({ kind: this.#signal.aborted ? 'aborted' : 'done' });
    this.#release();
    if (error !== undefined) throw error as Error; // an error of the SDK, or one of ours
    return OVER;
  }

  /** Reads to the end. An error or a silence ends it too, and is not a failure: the caller has left. */
  async #drain(source: AsyncIterator<Item, unknown>, guard: ReaderGuard): Promise<void> {
    guard.limitDrain?.();
    try {
      for (;;) {
        guard.silence?.waiting();
        const result = await source.next();
        guard.silence?.received();
        if (result.done) return;
        const chunk = this.#chunkOf(result.value);
        if (chunk !== undefined) guard.see(chunk);
      }
    } catch {
      // The stream ends as left by its caller.
    }
  }

  #endLeft(): void {
    this.#end({ kind: 'aborted' });
    this.#release();
  }

  /** Nothing more can arrive. The application may keep the stream for long, so what hangs on the guard is released now. */
  #release(): void {
    this.#guard = undefined;
    if (this.#stage !== 'held') this.#source = undefined;
  }

  /** On an abort while a read is pending, that read ends the stream: the SDK itself aborts before it throws. */
  handleEvent(): void {
    if (this.#stage === 'held' || this.#pendingPulls > 0) return;
    this.#pendingError = this.#end({ kind: 'aborted' });
    // A caller that aborts wants no chunk more, not even one of a whole stream.
    if (this.#pendingError === undefined) this.#held.clear();
  }

  /** Reports the end once. Returns what to throw in its place. */
  #end(how: StreamEnd): unknown {
    const guard = this.#guard;
    if (this.isOver || !guard) {
      const error = this.#pendingError;
      this.#pendingError = undefined;
      return error;
    }
    this.isOver = true;
    this.watch?.over();
    guard.silence?.stop();
    return guard.onEnd(how, this.#stage);
  }
}

type Result<Item> = IteratorResult<Item, unknown>;

const OVER = { done: true, value: undefined } as const;

function itself(item: unknown): unknown {
  return item;
}

/** Chunks that were read before the caller asked for them, first in, first out. */
class ChunkBuffer<Chunk> {
  readonly #chunks: Chunk[] = [];
  #given = 0;

  push(chunk: Chunk): void {
    this.#chunks.push(chunk);
  }

  take(): Chunk | undefined {
    const chunk = this.#chunks[this.#given];
    this.#given += 1;
    if (this.#given >= this.#chunks.length) this.clear();
    return chunk;
  }

  clear(): void {
    this.#given = this.#chunks.length = 0;
  }
}
