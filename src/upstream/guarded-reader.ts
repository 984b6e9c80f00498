/** Reads a stream under the eyes of a guard: first ahead of the caller, then at the caller's pace. */

import type { StreamEnd, StreamGuard, StreamStage } from './guard.ts';

/** The one reader of a stream, in place of its own iterator. */
export class GuardedReader<Item = unknown> implements AsyncIterator<Item, unknown> {
  readonly #guard: StreamGuard<Item>;
  readonly #source: AsyncIterator<Item, unknown>;
  readonly #signal: AbortSignal;
  /** Read before the caller asked. */
  readonly #held: IteratorResult<Item, unknown>[] = [];
  #given = 0;
  #stage: StreamStage = 'held';
  #ended = false;
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
    signal.addEventListener('abort', () => this.#aborted(), { once: true });
  }

  /** Holds nothing back. */
  pass(): void {
    this.#stage = 'committed';
  }

  /** Reads up to the commitment; rejects with what `onEnd` said, where the stream ended before. */
  async prime(): Promise<void> {
    while (!this.#guard.isCommitted()) {
      this.#pulling += 1;
      const result = await this.#pull();
      this.#held.push(result);
      if (result.done) break;
    }
    this.#stage = 'committed';
  }

  next(): Promise<IteratorResult<Item, unknown>> {
    if (this.#stage === 'left') return Promise.resolve({ done: true, value: undefined });
    const held = this.#held[this.#given];
    if (held) {
      this.#given += 1;
      if (this.#given === this.#held.length) this.#given = this.#held.length = 0;
      return Promise.resolve(held);
    }
    // A hidden chunk costs a second pull, and two readers may pull at once: one pull at a time keeps the order.
    this.#pulling += 1;
    const pull = this.#pull;
    const turn = this.#tail ? this.#tail.then(pull, pull) : pull();
    this.#tail = turn;
    return turn;
  }

  /** The caller leaves. */
  async return(value?: unknown): Promise<IteratorResult<Item, unknown>> {
    const drains = this.#guard.drains && !this.#ended;
    this.#stage = 'left';
    if (drains) {
      void this.#drain();
      return { done: true, value };
    }
    this.#end({ kind: 'aborted' });
    return (await this.#source.return?.(value)) ?? { done: true, value };
  }

  /** Nobody can read on: as if the caller had left. `controller` ends the stream. */
  abandon(controller: AbortController): void {
    if (this.#ended || this.#stage === 'left') return;
    const again = (): void => this.abandon(controller);
    // A chunk that is still on its way to somebody is given first.
    if (this.#tail) return void this.#tail.then(again, again);
    if (!this.#guard.drains) controller.abort();
    this.return().catch(() => undefined);
  }

  /** Reads on for nobody but the account, until the stream ends or falls silent. */
  async #drain(): Promise<void> {
    const guard = this.#guard;
    try {
      await this.#tail?.catch(() => undefined);
      for (;;) {
        guard.idle?.waiting();
        const result = await this.#source.next();
        guard.idle?.came();
        if (result.done) break;
        guard.see(result.value);
      }
    } catch {
      // What happens after the caller has left is nobody's failure.
    } finally {
      this.#end({ kind: 'aborted' });
    }
  }

  /** The next chunk that the caller may see. Callbacks, since an async function for each chunk costs twice as much. */
  readonly #pull = (): Promise<IteratorResult<Item, unknown>> => {
    this.#guard.idle?.waiting();
    return this.#source.next().then(this.#came, this.#broke);
  };

  readonly #came = (
    result: IteratorResult<Item, unknown>,
  ): IteratorResult<Item, unknown> | Promise<IteratorResult<Item, unknown>> => {
    const guard = this.#guard;
    guard.idle?.came();
    if (!result.done) {
      guard.see(result.value);
      if (guard.hides(result.value)) return this.#pull();
    }
    this.#pulled();
    return result.done ? this.#done(result) : result;
  };

  readonly #broke = (error: unknown): never => {
    this.#pulled();
    throw this.#ended ? error : (this.#ending({ kind: 'error', error }) ?? error);
  };

  #pulled(): void {
    this.#pulling -= 1;
    if (this.#pulling === 0) this.#tail = undefined;
  }

  #done(result: IteratorResult<Item, unknown>): IteratorResult<Item, unknown> {
    const error = this.#ending({ kind: this.#signal.aborted ? 'aborted' : 'done' });
    if (error === undefined) return result;
    // What `onEnd` says is an error of the SDK's or of ours.
    throw error as Error;
  }

  /** What is thrown in place of an ending, once. */
  #ending(how: StreamEnd): unknown {
    const error = this.#end(how) ?? this.#unsaid;
    this.#unsaid = undefined;
    return error;
  }

  /** An abort while a chunk is awaited shows in what comes of it; the SDK itself aborts before it throws. */
  #aborted(): void {
    if (this.#stage === 'held' || this.#pulling > 0) return;
    this.#unsaid = this.#end({ kind: 'aborted' });
    // A caller that aborts wants none of what has come already, be it all.
    if (this.#unsaid === undefined) this.#given = this.#held.length = 0;
  }

  #end(how: StreamEnd): unknown {
    if (this.#ended) return undefined;
    this.#ended = true;
    this.#guard.idle?.stop();
    return this.#guard.onEnd(how, this.#stage);
  }
}
