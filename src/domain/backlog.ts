/** Work that nobody waits for, done some at a time: in a row it costs a fraction of what it costs between other work. */

/** Whoever reads what the work is for calls `flush` first, so that nothing is ever missing. */
export class Backlog<T> {
  readonly #work: (item: T) => void;
  readonly #atATime: number;
  readonly #waiting: T[] = [];

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
    for (const item of this.#waiting) this.#work(item);
    this.#waiting.length = 0;
  }
}
