/** Reads a stream under the eyes of a guard: first ahead of the caller, then at the caller's pace. */

import { drain } from './drain.ts';
import type { ReaderWatch, StreamEnd, StreamGuard, StreamStage, Watched } from './guard.ts';
import { HeldChunks } from './held-chunks.ts';

/** The one reader of a stream, in place of its own iterator. */
export class GuardedReader<Item = unknown> implements AsyncIterator<Item, unknown>, Watched {
  readonly #signal: AbortSignal;
  /** Until the stream is over. */
  #guard: StreamGuard<Item> | undefined;
  /** Until it has nothing more to give. */
  #source: AsyncIterator<Item, unknown> | undefined;
  /** Hangs up where the reader is forgotten. */
  #watch: ReaderWatch | undefined;
  /** Read before the caller asked. */
  readonly #held = new HeldChunks<IteratorResult<Item, unknown>>();
  #stage: StreamStage = 'held';
  /** What the stream broke off with while nobody waited for it. */
  #unsaid: unknown;
  #pulling = 0;
  /** The last pull under way. */
  #tail: Promise<unknown> | undefined;

  /** `signal` is the stream's own, and goes with it. */
  constructor(source: AsyncIterator<Item, unknown>, signal: AbortSignal, guard: StreamGuard<Item>) {
    this.#guard = guard;
    this.#source = source;
    this.#signal = signal;
    signal.addEventListener('abort', this, ONCE);
  }

  /** Nothing is left to be hung up on. */
  get isOver(): boolean {
    return this.#guard === undefined;
  }

  watchedBy(watch: ReaderWatch): void {
    this.#watch = watch;
  }

  /** Holds nothing back. */
  pass(): void {
    this.#stage = 'committed';
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

  next(): Promise<IteratorResult<Item, unknown>> {
    if (this.#stage === 'left') return Promise.resolve(OVER);
    const held = this.#held.take();
    if (held) return Promise.resolve(held);
    // A hidden chunk costs a second pull, and two readers may pull at once: one pull at a time keeps the order.
    this.#pulling += 1;
    const turn = this.#tail ? this.#after(this.#tail) : this.#pull();
    this.#tail = turn;
    return turn;
  }

  async return(value?: unknown): Promise<IteratorResult<Item, unknown>> {
    const [guard, source] = [this.#guard, this.#source];
    this.#stage = 'left';
    if (guard?.drains && source) {
      const tail = this.#tail?.catch(() => undefined) ?? Promise.resolve();
      void tail.then(() => drain(source, guard)).then(() => this.#end({ kind: 'aborted' }));
      return { done: true, value };
    }
    this.#end({ kind: 'aborted' });
    this.#source = undefined;
    return (await source?.return?.(value)) ?? { done: true, value };
  }

  abandon(controller: AbortController): void {
    if (!this.#guard || this.#stage === 'left') return;
    const again = (): void => this.abandon(controller);
    // A chunk that is still on its way to somebody is given first.
    if (this.#tail) return void this.#tail.then(again, again);
    if (!this.#guard.drains) controller.abort();
    this.return().catch(() => undefined);
  }

  #after(pulled: Promise<unknown>): Promise<IteratorResult<Item, unknown>> {
    const pull = (): Promise<IteratorResult<Item, unknown>> => this.#pull();
    return pulled.then(pull, pull);
  }

  /** The next chunk that the caller may see. Callbacks, since an async function for each chunk costs twice as much. */
  #pull(): Promise<IteratorResult<Item, unknown>> {
    this.#guard?.idle?.waiting();
    return this.#source ? this.#source.next().then(this.#came, this.#broke) : Promise.resolve(OVER).then(this.#came);
  }

  readonly #came = (
    result: IteratorResult<Item, unknown>,
  ): IteratorResult<Item, unknown> | Promise<IteratorResult<Item, unknown>> => {
    const guard = this.#guard;
    guard?.idle?.came();
    if (!result.done && guard) {
      guard.see(result.value);
      if (guard.hides(result.value)) return this.#pull();
    }
    this.#pulled();
    // What still comes after an abort is nobody's.
    return result.done || !guard ? this.#done() : result;
  };

  readonly #broke = (error: unknown): never => {
    this.#pulled();
    throw this.#guard ? (this.#end({ kind: 'error', error }) ?? error) : error;
  };

  #pulled(): void {
    this.#pulling -= 1;
    if (this.#pulling === 0) this.#tail = undefined;
  }

  #done(): IteratorResult<Item, unknown> {
    const error = this.#end({ kind: this.#signal.aborted ? 'aborted' : 'done' });
    if (this.#stage === 'committed') this.#source = undefined;
    if (error === undefined) return OVER;
    throw error as Error; // one of the SDK's or of ours
  }

  /** An abort while a chunk is awaited shows in what comes of it; the SDK itself aborts before it throws. */
  handleEvent(): void {
    if (this.#stage === 'held' || this.#pulling > 0) return;
    this.#unsaid = this.#end({ kind: 'aborted' });
    // A caller that aborts wants none of what has come already, be it all.
    if (this.#unsaid === undefined) this.#held.clear();
  }

  /** What is thrown in place of an ending. The stream may be kept for long; what it was guarded by, and all that hangs on it, is not. */
  #end(how: StreamEnd): unknown {
    const guard = this.#guard;
    if (!guard) {
      const unsaid = this.#unsaid;
      this.#unsaid = undefined;
      return unsaid;
    }
    this.#guard = undefined;
    this.#watch?.over();
    this.#watch = undefined;
    guard.idle?.stop();
    return guard.onEnd(how, this.#stage);
  }
}

const ONCE = { once: true } as const;
const OVER = { done: true, value: undefined } as const;
