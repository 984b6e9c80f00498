/** How much is under way at once, and how much waits. */

/** Something that holds a slot until it resolves; it never rejects. */
export type SlotWork = () => Promise<void>;

/** Slots, and a queue before them; who finds both full is turned away. */
export class Slots {
  readonly #maxConcurrency: number;
  readonly #maxQueue: number;
  readonly #queue: SlotWork[] = [];
  #running = 0;

  constructor(maxConcurrency: number, maxQueue: number) {
    this.#maxConcurrency = maxConcurrency;
    this.#maxQueue = maxQueue;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Nobody has a place any more. */
  get isFull(): boolean {
    return this.#running >= this.#maxConcurrency && this.#queue.length >= this.#maxQueue;
  }

  /** Whether `work` has a slot or a place to wait. It begins after the current turn of the event loop at the earliest. */
  enter(work: SlotWork): boolean {
    if (this.isFull) return false;
    if (this.#running < this.#maxConcurrency) this.#begin(work);
    else this.#queue.push(work);
    return true;
  }

  /** Nobody who waits begins any more. */
  clear(): void {
    this.#queue.length = 0;
  }

  #begin(work: SlotWork): void {
    this.#running += 1;
    // What the caller waits for goes first: its own request, or the answer that has come.
    setImmediate(() => void work().finally(() => this.#next()));
  }

  #next(): void {
    this.#running -= 1;
    const next = this.#queue.shift();
    if (next) this.#begin(next);
  }
}
