/** What has begun and not ended: in and out at the cost of a few fields, where sets and maps that are nearly empty are rebuilt all the time. */

/** Where a value stands among those under way, until it leaves. */
export interface InFlightEntry<T> {
  readonly value: T;
  before: InFlightEntry<T> | undefined;
  after: InFlightEntry<T> | undefined;
}

/** Values in the order in which they began. */
export class InFlight<T> {
  #oldest: InFlightEntry<T> | undefined;
  #newest: InFlightEntry<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The one that began first. */
  get oldest(): T | undefined {
    return this.#oldest?.value;
  }

  begin(value: T): InFlightEntry<T> {
    const place: InFlightEntry<T> = { value, before: this.#newest, after: undefined };
    if (this.#newest) this.#newest.after = place;
    else this.#oldest = place;
    this.#newest = place;
    this.#size += 1;
    return place;
  }

  /** To be called once for each place. */
  end(place: InFlightEntry<T>): void {
    const { before, after } = place;
    if (before) before.after = after;
    else this.#oldest = after;
    if (after) after.before = before;
    else this.#newest = before;
    // A place that is kept holds no other.
    place.before = place.after = undefined;
    this.#size -= 1;
  }

  /** The oldest first. The value that is looked at may leave meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let place = this.#oldest; place;) {
      const { value, after }: InFlightEntry<T> = place;
      yield value;
      place = after;
    }
  }
}

/* PART: Work that nobody waits for, done some at a time: in a row it costs a fraction of what it costs between other work. */

/** Whoever reads what the work is for calls `flush` first, so that nothing is ever missing. */
export class DeferredBatch<T> {
  readonly #work: (item: T) => void;
  readonly #atATime: number;
  #waiting: T[] = [];

  /** @param work is done for each item in its turn; it must not throw */
  constructor(work: (item: T) => void, atATime = 32) {
    this.#work = work;
    this.#atATime = atATime;
  }

  add(item: T): void {
    this.#waiting.push(item);
    if (this.#waiting.length >= this.#atATime) this.flush();
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const items = this.#waiting;
    // Before the work: what that adds is not among it, and nothing is done twice.
    this.#waiting = [];
    for (const item of items) this.#work(item);
  }
}
