/** What was read of a stream before its reader asked. */

export class HeldChunks<Chunk> {
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
