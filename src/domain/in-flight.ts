/** Work in progress: values in flight, and items of work that are deferred and done in batches. */

/** The entry of a value among those in flight, until it leaves. */
export interface InFlightEntry<T> {
  readonly value: T;
  before: InFlightEntry<T> | undefined;
  after: InFlightEntry<T> | undefined;
}

/**
 * Values in flight, in the order in which they began. A linked list: adding and removing writes a few fields, while
 * sets and maps that are nearly empty are rebuilt all the time.
 */
export class InFlight<T> {
  #oldest: InFlightEntry<T> | undefined;
  #newest: InFlightEntry<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The value that began first. */
  get oldest(): T | undefined {
    return this.#oldest?.value;
  }

  begin(value: T): InFlightEntry<T> {
    const entry: InFlightEntry<T> = { value, before: this.#newest, after: undefined };
    if (this.#newest) this.#newest.after = entry;
    else this.#oldest = entry;
    this.#newest = entry;
    this.#size += 1;
    return entry;
  }

  /** Removes an entry. Call it once per entry. */
  end(entry: InFlightEntry<T>): void {
    const { before, after } = entry;
    if (before) before.after = after;
    else this.#oldest = after;
    if (after) after.before = before;
    else this.#newest = before;
    // An entry that stays referenced must not keep its neighbours in memory.
    entry.before = entry.after = undefined;
    this.#size -= 1;
  }

  /** Iterates from the oldest value. The current value may be removed during the iteration. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let entry = this.#oldest; entry;) {
      const { value, after }: InFlightEntry<T> = entry;
      yield value;
      entry = after;
    }
  }
}

/**
 * Defers work that no caller waits for and does it in batches: a batch costs a fraction of the same work done between
 * other work. Readers of its results call `flush` first, so that they miss nothing.
 */
export class DeferredBatch<T> {
  readonly #work: (item: T) => void;
  readonly #batchSize: number;
  #waiting: T[] = [];

  /**
   * @param work called for each item in order; it must not throw
   * @param batchSize items that trigger a flush
   */
  constructor(work: (item: T) => void, batchSize = 32) {
    this.#work = work;
    this.#batchSize = batchSize;
  }

  add(item: T): void {
    this.#waiting.push(item);
    if (this.#waiting.length >= this.#batchSize) this.flush();
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const items = this.#waiting;
    // Cleared before the work, so that items added by the work wait for the next batch and no item is processed twice.
    this.#waiting = [];
    for (const item of items) this.#work(item);
  }
}
