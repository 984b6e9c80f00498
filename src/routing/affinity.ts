/** Remembers which upstream created the object behind an id. */

/** The owners of ids (of responses and conversations). Beyond its limit it forgets the least recently used id. */
export class Affinity {
  readonly #maxIds: number;
  // A Map iterates in insertion order, so its first entry is the least recently used one.
  readonly #owners = new Map<string, string>();

  /** @param maxIds ids to remember, at least 1; 10,000 of them take about 1 MB */
  constructor(maxIds = 10_000) {
    this.#maxIds = maxIds;
  }

  /** The number of ids remembered. */
  get size(): number {
    return this.#owners.size;
  }

  /** The upstream that created the id; `undefined` if the id is unknown or forgotten. Counts as a use. */
  ownerOf(id: string): string | undefined {
    const upstream = this.#owners.get(id);
    if (upstream !== undefined) this.remember(id, upstream);
    return upstream;
  }

  remember(id: string, upstream: string): void {
    this.#owners.delete(id);
    this.#owners.set(id, upstream);
    if (this.#owners.size <= this.#maxIds) return;
    const [oldest] = this.#owners.keys();
    if (oldest !== undefined) this.#owners.delete(oldest);
  }
}
