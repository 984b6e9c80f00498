/** A fair sample, in bounded memory, of things that keep coming. */

/**
 * Each thing that came has the same chance to be kept. Algorithm R: J. S. Vitter, "Random sampling with a reservoir", ACM TOMS
 * 11 (1985).
 */
export class SampleReservoir<Sample> {
  readonly #size: number;
  readonly #random: () => number;
  readonly #kept: Sample[] = [];
  #seen = 0;

  /** @param random uniform in [0, 1) */
  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#random = random;
  }

  get samples(): readonly Sample[] {
    return [...this.#kept];
  }

  add(sample: Sample): void {
    if (this.#size === 0) return;
    this.#seen += 1;
    if (this.#kept.length < this.#size) {
      this.#kept.push(sample);
      return;
    }
    const place = Math.floor(this.#random() * this.#seen);
    if (place < this.#size) this.#kept[place] = sample;
  }
}
