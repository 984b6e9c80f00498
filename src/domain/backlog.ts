/** Work that nobody waits for, done some at a time: in a row it costs a fraction of what it costs between other work. */

/** Whoever reads what the work is for calls `flush` first, so that nothing is ever missing. */
export class Backlog<T> {
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
