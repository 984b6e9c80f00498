/** Reads a stream under the eyes of a guard: first ahead of the caller, then at the caller's pace. */

import type { ReaderWatch, StreamEnd, StreamGuard, StreamStage, Watched } from './guard.ts';

/** The one reader of a stream, in place of its own iterator. */
export class GuardedReader<Item = unknown> implements AsyncIterator<Item, unknown>, Watched {
  readonly #signal: AbortSignal;
  /** Until nothing more can come. */
  #guard: StreamGuard<Item> | undefined;
  /** Nothing is left to be hung up on. */
  isOver = false;
  /** Until it has nothing more to give. */
  #source: AsyncIterator<Item, unknown> | undefined;
  /** Hangs up where the reader is forgotten. */
  watch: ReaderWatch | undefined;
  /** Read before the caller asked. */
  readonly #held = new ChunkBuffer<Result<Item>>();
  #stage: StreamStage;
  /** What the stream broke off with while nobody waited for it. */
  #unsaid: unknown;
  #pulling = 0;
  /** The last pull under way. */
  #tail: Promise<unknown> | undefined;

  /** `signal` is the stream's own, and goes with it. */
  constructor(source: AsyncIterator<Item, unknown>, signal: AbortSignal, guard: StreamGuard<Item>) {
    this.#guard = guard;
    this.#stage = guard.isCommitted() ? 'committed' : 'held';
    this.#source = source;
    this.#signal = signal;
    signal.addEventListener('abort', this, { once: true });
  }

  /** Reads up to the commitment; rejects with what `onEnd` said, where the stream ended before. */
  async prime(): Promise<void> {
    while (this.#guard?.isCommitted() === false) {
      this.#pulling += 1;
      const result = await this.#pull();
      this.#held.push(result);
      if (result.done) break;
    }
    this.#stage = 'committed';
  }

  next(): Promise<Result<Item>> {
    if (this.#stage === 'left') return Promise.resolve(OVER);
    const held = this.#held.take();
    if (held) return Promise.resolve(held);
    this.#pulling += 1;
    const turn = this.#tail ? this.#pullAfter(this.#tail) : this.#pull();
    this.#tail = turn;
    return turn;
  }

  /** A hidden chunk costs a second pull, and two readers may pull at once: one pull at a time keeps the order. */
  #pullAfter(tail: Promise<unknown>): Promise<Result<Item>> {
    const pull = (): Promise<Result<Item>> => this.#pull();
    return tail.then(pull, pull);
  }

  async return(value?: unknown): Promise<Result<Item>> {
    const [guard, source] = [this.#guard, this.#source];
    this.#stage = 'left';
    if (guard?.drains && source && !this.isOver) {
      const tail = this.#tail?.catch(() => undefined) ?? Promise.resolve();
      void tail.then(() => drain(source, guard)).then(() => this.#left());
      return { done: true, value };
    }
    this.#end({ kind: 'aborted' });
    const returned = await source?.return?.(value);
    this.#left();
    return returned ?? { done: true, value };
  }

  abandon(controller: AbortController): void {
    if (this.isOver || this.#stage === 'left') return;
    const again = (): void => this.abandon(controller);
    // A chunk that is still on its way to somebody is given first.
    if (this.#tail) return void this.#tail.then(again, again);
    if (!this.#guard?.drains) controller.abort();
    this.return().catch(() => undefined);
  }

  /** The next chunk that the caller may see. Callbacks, since an async function for each chunk costs twice as much. */
  #pull(): Promise<Result<Item>> {
    this.#guard?.idle?.waiting();
    return this.#source ? this.#source.next().then(this.#came, this.#broke) : Promise.resolve(OVER).then(this.#came);
  }

  readonly #came = (result: Result<Item>): Result<Item> | Promise<Result<Item>> => {
    const guard = this.#guard;
    guard?.idle?.received();
    if (!result.done && guard) {
      guard.see(result.value);
      if (guard.hides(result.value)) return this.#pull();
    }
    this.#pulled();
    return result.done ? this.#done() : result;
  };

  readonly #broke = (error: unknown): never => {
    this.#pulled();
    const thrown = this.isOver ? error : (this.#end({ kind: 'error', error }) ?? error);
    this.#letGo();
    throw thrown;
  };

  #pulled(): void {
    this.#pulling -= 1;
    if (this.#pulling === 0) this.#tail = undefined;
  }

  #done(): Result<Item> {
    const error = this.#end({ kind: this.#signal.aborted ? 'aborted' : 'done' });
    this.#letGo();
    if (error !== undefined) throw error as Error; // one of the SDK's or of ours
    return OVER;
  }

  #left(): void {
    this.#end({ kind: 'aborted' });
    this.#letGo();
  }

  /** Nothing more can come. The stream may be kept for long; what it was guarded by, and all that hangs on it, is not. */
  #letGo(): void {
    this.#guard = undefined;
    if (this.#stage !== 'held') this.#source = undefined;
  }

  /** An abort while a chunk is awaited shows in what comes of it; the SDK itself aborts before it throws. */
  handleEvent(): void {
    if (this.#stage === 'held' || this.#pulling > 0) return;
    this.#unsaid = this.#end({ kind: 'aborted' });
    // A caller that aborts wants none of what has come already, be it all.
    if (this.#unsaid === undefined) this.#held.clear();
  }

  /** What is thrown in place of an ending, once. */
  #end(how: StreamEnd): unknown {
    const guard = this.#guard;
    if (this.isOver || !guard) {
      const unsaid = this.#unsaid;
      this.#unsaid = undefined;
      return unsaid;
    }
    this.isOver = true;
    this.watch?.over();
    guard.idle?.stop();
    return guard.onEnd(how, this.#stage);
  }
}

type Result<Item> = IteratorResult<Item, unknown>;

const OVER = { done: true, value: undefined } as const;

/** What was read of a stream before its reader asked. */
class ChunkBuffer<Chunk> {
  readonly #chunks: Chunk[] = [];
  #given = 0;

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  push(chunk: Chunk): void {
    this.#chunks.push(chunk);
  }

  /** The next one, the first that came first. */
  take(): Chunk | undefined {
    if (this.isEmpty) return undefined;
    const chunk = this.#chunks[this.#given];
    this.#given += 1;
    if (this.#given >= this.#chunks.length) this.clear();
    return chunk;
  }

  clear(): void {
    this.#given = this.#chunks.length = 0;
  }
}

/* PART: Reads a stream on for nobody but the account. */

/** Until the stream ends, breaks off or falls silent: after its reader has left that is nobody's failure. */
async function drain<Item>(source: AsyncIterator<Item, unknown>, guard: StreamGuard<Item>): Promise<void> {
  try {
    for (;;) {
      guard.idle?.waiting();
      const result = await source.next();
      guard.idle?.received();
      if (result.done) return;
      guard.see(result.value);
    }
  } catch {
    // As above.
  }
}
