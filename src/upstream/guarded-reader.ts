/** Reads a stream under the eyes of a guard: first ahead of the caller, then at the caller's pace. */

import type { IdleWatch } from './idle-watch.ts';
import type { StreamEnd, StreamInternals } from './meter-stream.ts';

/** Held back still, given to the caller, or left by it and read on. */
export type StreamStage = 'held' | 'committed' | 'left';

/** What the guard asks and tells. */
export interface StreamGuard {
  /** Takes note of a chunk. */
  readonly see: (chunk: unknown) => void;
  /** The caller must not see this one. */
  readonly hides: (chunk: unknown) => boolean;
  /** Enough has come for the caller to have it: from here on nothing else can answer the call. */
  readonly isCommitted: () => boolean;
  /**
   * Called once, when the stream has ended: what the caller's `next()` throws in place of an ending, `undefined` for one as it
   * should be.
   */
  readonly onEnd: (how: StreamEnd, stage: StreamStage) => unknown;
  readonly idle: IdleWatch;
  /** A stream that the caller leaves is read on to its end. */
  readonly drains: boolean;
}

/** The one reader of a stream, in place of the SDK's own iterator. */
export class GuardedReader implements AsyncIterator<unknown> {
  readonly #guard: StreamGuard;
  readonly #source: AsyncIterator<unknown>;
  readonly #signal: AbortSignal;
  /** Read before the caller asked. */
  readonly #held: IteratorResult<unknown>[] = [];
  #given = 0;
  #stage: StreamStage = 'held';
  #ended = false;
  /** What the stream broke off with while nobody waited for it. */
  #unsaid: unknown;
  #pulling = 0;
  /** The last pull under way. */
  #tail: Promise<unknown> | undefined;

  constructor(stream: StreamInternals, guard: StreamGuard) {
    this.#guard = guard;
    this.#source = stream.iterator();
    this.#signal = stream.controller.signal;
    // The signal is the stream's own, and goes with it.
    this.#signal.addEventListener('abort', () => this.#aborted(), { once: true });
  }

  async prime(): Promise<void> {
    while (!this.#guard.isCommitted()) {
      this.#pulling += 1;
      const result = await this.#pull();
      this.#held.push(result);
      if (result.done) break;
    }
    this.#stage = 'committed';
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#stage === 'left') return Promise.resolve({ done: true, value: undefined });
    const held = this.#held[this.#given];
    if (held) {
      this.#given += 1;
      if (this.#given === this.#held.length) this.#given = this.#held.length = 0;
      return Promise.resolve(held);
    }
    // A hidden chunk costs a second pull, and two readers may pull at once: one pull at a time keeps the order.
    this.#pulling += 1;
    const pull = (): Promise<IteratorResult<unknown>> => this.#pull();
    const turn = this.#tail ? this.#tail.then(pull, pull) : this.#pull();
    this.#tail = turn;
    return turn;
  }

  /** The caller leaves. */
  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    const drains = this.#guard.drains && !this.#ended;
    this.#stage = 'left';
    if (drains) {
      void this.#drain();
      return { done: true, value };
    }
    this.#end({ kind: 'aborted' });
    return (await this.#source.return?.(value)) ?? { done: true, value };
  }

  /** Reads on for nobody but the account, until the stream ends or falls silent. */
  async #drain(): Promise<void> {
    const { idle, see } = this.#guard;
    try {
      await this.#tail?.catch(() => undefined);
      for (;;) {
        idle.waiting();
        const result = await this.#source.next();
        idle.came();
        if (result.done) break;
        see(result.value);
      }
    } catch {
      // What happens after the caller has left is nobody's failure.
    } finally {
      this.#end({ kind: 'aborted' });
    }
  }

  /** The next chunk that the caller may see. */
  async #pull(): Promise<IteratorResult<unknown>> {
    const { idle, see, hides } = this.#guard;
    try {
      for (;;) {
        idle.waiting();
        const result = await this.#source.next();
        idle.came();
        if (result.done) return this.#done(result);
        see(result.value);
        if (!hides(result.value)) return result;
      }
    } catch (error) {
      throw this.#ended ? error : (this.#ending({ kind: 'error', error }) ?? error);
    } finally {
      this.#pulling -= 1;
      if (this.#pulling === 0) this.#tail = undefined;
    }
  }

  #done(result: IteratorResult<unknown>): IteratorResult<unknown> {
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
    this.#guard.idle.stop();
    return this.#guard.onEnd(how, this.#stage);
  }
}
